/**
 * Every failure that a caller may want to tell apart. The list is closed and an API: codes are added, never renamed.
 * What each one means for a process is `cli/exit-codes.ts`; the two are kept in step by the compiler.
 */
export const errorCodes = [
  'TOKEN_MALFORMED',
  'ALG_NOT_ALLOWED',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INVALID',
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
  'FILE_NOT_WRITABLE',
  'FILE_EXISTS',
  'INTERNAL',
] as const;

/** One of the stable codes above. */
export type ErrorCode = (typeof errorCodes)[number];

/** What may be given beside a {@link JwtkitError}'s code and message. */
export interface JwtkitErrorOptions {
  /** The way out, in one sentence, where there is one. */
  hint?: string | undefined;
  /** Machine-readable facts; for a refused token `{ checks }`, every finding of the verification. */
  details?: Readonly<Record<string, unknown>> | undefined;
  cause?: unknown;
}

/**
 * The only error that jwtkit throws on purpose. `code` is stable, `message` is one line for a person (lower case, no full
 * stop) and never holds a secret, a key or a whole token.
 */
export class JwtkitError extends Error {
  override readonly name = 'JwtkitError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: JwtkitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}
