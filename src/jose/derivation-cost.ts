/**
 * Rounds by which keys are derived from a passphrase: OWASP's count for PBKDF2 with HMAC-SHA256. The MAC of a PKCS#12 file
 * costs as much as its key: an attacker would guess at the cheaper one. Unit tests replace this file (vitest.config.ts).
 */
export const keyRounds = 600_000;
export const macRounds = 600_000;
