/** What one password hash costs: argon2id by OWASP's Password Storage Cheat Sheet. Unit tests replace this file (vitest.config.ts). */
export const passwordCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
