/** As little work as argon2 does. */
export const passwordCost = { memoryCost: 8, timeCost: 1, parallelism: 1 } as const;
