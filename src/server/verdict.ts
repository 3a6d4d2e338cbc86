/** Error codes over HTTP: which of them refuse a token, and which say that the service cannot answer. */
import { type Check, type ErrorCode, JwtkitError } from '../errors.js';
import { own } from '../jose/json.js';
import type { TokenType } from '../token/claims.js';
import { type DecodedToken, decodeToken } from '../token/decode.js';
import { formatDuration } from '../token/time.js';
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
export function describeVerdict(error: JwtkitError, expected: TokenType): string {
  if (error.code === 'TOKEN_EXPIRED' || error.code === 'TOKEN_TOO_OLD') return 'Token has expired';
  return isOfAnotherType(error) ? `Invalid token type: expected ${expected}` : 'Invalid token';
}

/** Why a token is refused. */
interface Explanation {
  /** In the words of the tutorials' servers. */
  readonly detail: string;
  /**
   * For a challenge (RFC 6750 §3). Equals `detail`, except for a token that is not valid yet: then it says how far the clocks differ.
   * It says so only of a token whose signature holds.
   */
  readonly description: string;
  /** For logs. */
  readonly failed: string;
}

/**
 * Explains why a token is refused.
 * @param refused the refused token, as {@link readRefused} returns it. @param now NumericDate.
 */
export function explainVerdict(
  error: JwtkitError,
  expected: TokenType,
  refused: DecodedToken | undefined,
  now: number,
): Explanation {
  const detail = describeVerdict(error, expected);
  const early = error.code === 'TOKEN_NOT_YET_VALID' ? describeEarly(error, refused, now) : undefined;
  if (early === undefined) return { detail, description: detail, failed: failedChecks(error) };
  return { detail, description: `Token ${early.verb} ${early.text}`, failed: `${early.name}: ${early.text}` };
}

/** Seconds up to which a token of the future is the fault of a clock. */
const clockFault = 60;

function describeEarly(
  { details }: JwtkitError,
  refused: DecodedToken | undefined,
  now: number,
): { name: string; verb: string; text: string } | undefined {
  const name = ['iat', 'nbf'].find((each) => details.checks?.some((check) => check.name === each && isFailed(check)));
  const moment = refused !== undefined && name !== undefined ? own(refused.claims, name) : undefined;
  if (name === undefined || typeof moment !== 'number') return undefined;
  const seconds = Math.ceil(moment - now);
  const distance = seconds > clockFault ? formatDuration(seconds) : `${seconds} s`;
  const way = seconds > clockFault ? '' : '; see --leeway';
  return name === 'iat'
    ? { name, verb: 'was', text: `issued ${distance} in the future${way}` }
    : { name, verb: 'is', text: `not valid for another ${distance}${way}` };
}

/** Names the failed checks of an authentic token, as `jwtkit verify` does; `token` for any other, of which nothing is told. */
function failedChecks({ details: { checks = [] } }: JwtkitError): string {
  const failed = checks.filter(isFailed).map(({ name }) => name);
  const isAuthentic = checks.some(({ name, status }) => name === 'signature' && status === 'passed');
  return isAuthentic && failed.length > 0 ? failed.join(', ') : 'token';
}

function isFailed({ status }: Check): boolean {
  return status === 'failed';
}

/** Whether the type of a refused token is the first reason. */
export function isOfAnotherType({ code: verdict, details }: JwtkitError): boolean {
  const isTypeCheck = ({ name, status, code }: Check) => name === 'type' && status === 'failed' && code === verdict;
  return details.checks?.some(isTypeCheck) === true;
}
