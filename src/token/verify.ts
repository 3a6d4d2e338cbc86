/** Verifies tokens: throws for a refused token, or reports all findings, or returns the verdict alone. */
import { type Check, type ErrorCode, JwtkitError } from '../errors.js';
import type { JsonObject } from '../jose/json.js';
import type { Claims } from './claims.js';
import {
  askDenylist,
  type Examined,
  examine,
  examineAndAsk,
  type KeyReport,
  type VerifiedToken,
  type VerifyDeps,
} from './examine.js';
import { type Finding, toCheck } from './finding.js';
import type { VerifyPolicy } from './policy.js';

/** Everything found about a token. `header`, `claims`, `claimsText` and `key` are there only once the signature holds. */
export interface VerificationReport {
  readonly valid: boolean;
  /** Null for a valid token. */
  readonly code: ErrorCode | null;
  readonly checks: readonly Check[];
  readonly key?: KeyReport;
  readonly header?: JsonObject;
  readonly claims?: Claims;
  /** The payload as it was signed, in which numbers have all their digits. */
  readonly claimsText?: string;
}

/** The codes that refuse a token; of several failures the first names the verdict: exit codes 11, 12, 13, 17, 14, 15, 16 in this order. */
export const verdictOrder: readonly ErrorCode[] = [
  'TOKEN_MALFORMED',
  'ALG_NOT_ALLOWED',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INVALID',
  'KEY_NOT_FOUND',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NOT_YET_VALID',
  'TOKEN_REUSED',
  'TOKEN_REVOKED',
  'TOKEN_EXPIRED',
  'TOKEN_EXPIRES_SOON',
  'TOKEN_TOO_OLD',
  'TOKEN_NOT_YET_VALID',
  'CLAIM_MALFORMED',
  'CLAIM_MISSING',
  'CLAIM_MISMATCH',
];

/**
 * Verifies a token against a policy.
 * @throws {JwtkitError} for a refused token, with its verdict as the code and every finding in `details.checks`:
 * TOKEN_MALFORMED, ALG_NOT_ALLOWED, SIGNATURE_MALFORMED, SIGNATURE_INVALID, KEY_NOT_FOUND, CERTIFICATE_EXPIRED,
 * CERTIFICATE_NOT_YET_VALID, TOKEN_EXPIRED, TOKEN_EXPIRES_SOON, TOKEN_TOO_OLD, TOKEN_NOT_YET_VALID, CLAIM_MALFORMED, CLAIM_MISSING,
 * CLAIM_MISMATCH, TOKEN_REVOKED, TOKEN_REUSED. Also STORE_UNAVAILABLE when the denylist cannot answer, and USAGE_INVALID
 * for a policy that makes no sense.
 */
export async function verifyToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<VerifiedToken> {
  const examined = examine(token, policy, deps);
  if (deps.denylist !== undefined) await askDenylist(examined, deps.denylist);
  if (verdictOf(examined.findings) !== null) throw refusalOf(examined);
  return examined.verified as VerifiedToken;
}

/**
 * Verifies a token against a policy and returns what was found instead of throwing it.
 * @throws {JwtkitError} STORE_UNAVAILABLE, USAGE_INVALID.
 */
export async function reportToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<VerificationReport> {
  return toReport(await examineAndAsk(token, policy, deps));
}

/** The verdict: the code of the failed check that comes first in {@link verdictOrder}, then any other code; null if nothing failed. */
export function verdictOf(findings: readonly Finding[]): ErrorCode | null {
  let worst: ErrorCode | null = null;
  for (const { status, code = 'INTERNAL' } of findings) {
    if (status === 'failed' && (worst === null || rankOf(code) < rankOf(worst))) worst = code;
  }
  return worst;
}

function rankOf(code: ErrorCode): number {
  const rank = verdictOrder.indexOf(code);
  return rank < 0 ? verdictOrder.length : rank;
}

function toReport({ findings, verified }: Examined): VerificationReport {
  const code = verdictOf(findings);
  return { valid: code === null, code, checks: findings.map(toCheck), ...verified };
}

/** The error for a refused token. */
export function refusalOf(examined: Examined): JwtkitError {
  return verdictError(toReport(examined));
}

/** Returns the error for the report of a refused token: its verdict as the code, all findings in `details.checks`. */
export function verdictError({ code, checks }: VerificationReport): JwtkitError {
  const worst = checks.find((check) => check.status === 'failed' && check.code === code) as Check;
  return new JwtkitError(code as ErrorCode, worst.message, { hint: worst.hint, details: { checks } });
}
