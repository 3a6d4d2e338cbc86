import { hideTokens } from './shown-text.js';

/** The codes of all errors. The list is part of the API: codes are added, never renamed. */
export const errorCodes = [
  'TOKEN_MALFORMED',
  'ALG_NOT_ALLOWED',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INVALID',
  'DECRYPTION_FAILED',
  'KEY_NOT_FOUND',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NOT_YET_VALID',
  'TOKEN_REVOKED',
  'TOKEN_REUSED',
  'TOKEN_EXPIRED',
  'TOKEN_EXPIRES_SOON',
  'TOKEN_TOO_OLD',
  'TOKEN_NOT_YET_VALID',
  'CLAIM_MALFORMED',
  'CLAIM_MISSING',
  'CLAIM_MISMATCH',
  'BATCH_REJECTED',
  'PROBE_FAILED',
  'LINT_FINDINGS',
  'USAGE_INVALID',
  'KEY_INVALID',
  'KEY_TOO_WEAK',
  'KEY_ENCRYPTED',
  'PASSPHRASE_WRONG',
  'KEY_IN_USE',
  'SIGNING_KEY_NOT_FOUND',
  'KEYRING_NOT_FOUND',
  'KEYRING_INVALID',
  'ACCOUNT_NOT_FOUND',
  'ACCOUNT_EXISTS',
  'ACCOUNTS_INVALID',
  'STORE_UNAVAILABLE',
  'ADDRESS_UNAVAILABLE',
  'JWKS_UNAVAILABLE',
  'JWKS_INVALID',
  'ISSUER_INVALID',
  'CONFIG_INVALID',
  'FILE_NOT_READABLE',
  'FILE_NOT_TRUSTED',
  'FILE_NOT_WRITABLE',
  'FILE_EXISTS',
  'INTERNAL',
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** One check of a report. */
export interface Check {
  /** `format`, `algorithm`, `key`, `certificate`, `signature`, a claim's name, `typ`, `max-age` or `require NAME`. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The reason, for a person. */
  readonly message: string;
  /** Set for a failed check. */
  readonly code?: ErrorCode;
  readonly hint?: string;
}

/** Facts about an error, for programs. */
export interface ErrorDetails {
  /** All checks of a refused token. */
  readonly checks?: readonly Check[];
  readonly [name: string]: unknown;
}

/** Optional parts of a {@link JwtkitError}. */
export interface JwtkitErrorOptions {
  /** What the user can do, in one sentence. */
  hint?: string | undefined;
  details?: ErrorDetails | undefined;
  cause?: unknown;
}

/** The `code` of an error of Node or the system, such as `ENOENT`; empty for an error without one. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Whether an error has one of these codes. */
export function hasErrorCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(errorCodeOf(error));
}

/**
 * The only error that jwtkit throws on purpose. `code` is stable. `message` is one line for a person, and never contains a
 * secret, a key or a whole token.
 */
export class JwtkitError extends Error {
  override readonly name = 'JwtkitError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: JwtkitErrorOptions = {}) {
    super(hideTokens(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : hideTokens(options.hint);
    this.details = options.details ?? {};
  }
}
