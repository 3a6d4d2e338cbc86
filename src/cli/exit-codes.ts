import type { ErrorCode } from '../errors.js';

/** What each error means to the shell. The numbers are an API: documented in the README, tested, never renumbered. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  INTERNAL: 1,
  USAGE_INVALID: 2,
  KEY_INVALID: 3,
  KEY_TOO_WEAK: 3,
  KEY_ENCRYPTED: 3,
  SIGNING_KEY_NOT_FOUND: 3,
  KEYRING_NOT_FOUND: 3,
  KEYRING_INVALID: 3,
  KEYRING_BUSY: 3,
  FILE_NOT_READABLE: 3,
  FILE_NOT_WRITABLE: 3,
  FILE_EXISTS: 3,
  TOKEN_MALFORMED: 11,
  ALG_NOT_ALLOWED: 12,
  SIGNATURE_MALFORMED: 12,
  SIGNATURE_INVALID: 12,
  KEY_NOT_FOUND: 13,
  TOKEN_EXPIRED: 14,
  TOKEN_EXPIRES_SOON: 14,
  TOKEN_TOO_OLD: 14,
  TOKEN_NOT_YET_VALID: 15,
  CLAIM_MALFORMED: 16,
  CLAIM_MISSING: 16,
  CLAIM_MISMATCH: 16,
};
