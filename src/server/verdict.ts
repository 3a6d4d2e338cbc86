/** Error codes over HTTP: which of them refuse a token, and which say that the service cannot answer. */
import { type Check, type ErrorCode, JwtkitError } from '../errors.js';
import { type DecodedToken, decodeToken } from '../token/decode.js';
import { verdictOrder } from '../token/verify.js';

/**
 * The HTTP status of an error code: 401 refuses the token, 500 is a bug. With 503, the service's own keys, stores or files have a
 * problem.
 */
export function httpStatusOf(code: ErrorCode): 401 | 500 | 503 {
  if (verdictOrder.includes(code)) return 401;
  return ['INTERNAL', 'USAGE_INVALID', 'BATCH_REJECTED', 'PROBE_FAILED'].includes(code) ? 500 : 503;
}

/** Whether an error refuses a token, rather than reports a problem of the service. */
export function isVerdict(error: unknown): error is JwtkitError {
  return error instanceof JwtkitError && httpStatusOf(error.code) === 401;
}

/** The unverified content of a refused token, for the log; undefined for a malformed token. Its signature may not hold. */
export function readRefused(token: string, { code }: JwtkitError): DecodedToken | undefined {
  return code === 'TOKEN_MALFORMED' ? undefined : decodeToken(token);
}

/** Returns what the tutorials' servers say about a refused token. */
export function describeVerdict(error: JwtkitError, expected: 'access' | 'refresh'): string {
  if (error.code === 'TOKEN_EXPIRED' || error.code === 'TOKEN_TOO_OLD') return 'Token has expired';
  return isOfAnotherType(error) ? `Invalid token type: expected ${expected}` : 'Invalid token';
}

/** Whether the type of a refused token is the first reason. */
export function isOfAnotherType({ code: verdict, details }: JwtkitError): boolean {
  const isTypeCheck = ({ name, status, code }: Check) => name === 'type' && status === 'failed' && code === verdict;
  return details.checks?.some(isTypeCheck) === true;
}
