/**
 * Verification: what a token itself tells, then the denylist, as a verdict or a report. A report holds all that was found;
 * the verdict's code is the first of `verdictOrder` among the failures.
 */
import { type ErrorCode, JwtkitError } from '../errors.js';
import type { JsonObject } from '../jose/json.js';
import { failed, type Outcome, passed, skipped } from './claim-checks.js';
import type { Claims } from './claims.js';
import { type Denylist, describeRevocation, tokenIdentity } from './denylist.js';
import {
  examine,
  examineAll,
  type Findings,
  type KeyReport,
  signatureSteps,
  type VerifiedToken,
  type VerifyDeps,
} from './examine.js';
import type { VerifyPolicy } from './policy.js';

/** One line of a report. */
export interface Check {
  /** `format`, `algorithm`, `key`, `certificate`, `signature`, a claim's name, `typ`, `max-age` or `require NAME`. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why, for a person. */
  readonly message: string;
  /** Set for a failed check. */
  readonly code?: ErrorCode;
  readonly hint?: string;
}

/** Everything found about a token. `header`, `claims` and `key` are there only once the signature holds. */
export interface VerificationReport {
  readonly valid: boolean;
  /** Null for a valid token. */
  readonly code: ErrorCode | null;
  readonly checks: readonly Check[];
  readonly key?: KeyReport;
  readonly header?: JsonObject;
  readonly claims?: Claims;
}

/** Which failure names the verdict when there are several: exit codes 11, 12, 13, 17, 14, 15, 16 in this order. */
const verdictOrder: readonly ErrorCode[] = [
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
  'TOKEN_TOO_OLD',
  'TOKEN_NOT_YET_VALID',
  'CLAIM_MALFORMED',
  'CLAIM_MISSING',
  'CLAIM_MISMATCH',
];

/**
 * Verifies a token against a policy.
 * @throws {JwtkitError} with the verdict's code and `details.checks`, every finding, for a token that does not pass:
 * TOKEN_MALFORMED, ALG_NOT_ALLOWED, SIGNATURE_MALFORMED, SIGNATURE_INVALID, KEY_NOT_FOUND, CERTIFICATE_EXPIRED,
 * CERTIFICATE_NOT_YET_VALID, TOKEN_EXPIRED, TOKEN_TOO_OLD, TOKEN_NOT_YET_VALID, CLAIM_MALFORMED, CLAIM_MISSING,
 * CLAIM_MISMATCH, TOKEN_REVOKED, TOKEN_REUSED; and STORE_UNAVAILABLE when the denylist cannot
 * be asked, USAGE_INVALID for a policy that makes no sense.
 */
export async function verifyToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<VerifiedToken> {
  const findings = examine(token, policy, deps);
  if (isAsked(findings, deps.denylist)) await ask(findings, deps.denylist);
  if (verdictOf(findings.outcomes) !== null) throw verdictError(report(findings));
  return findings.verified as VerifiedToken;
}

/** Verifies a token against a policy and returns what was found instead of throwing it. */
export async function reportToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<VerificationReport> {
  const findings = examine(token, policy, deps);
  if (isAsked(findings, deps.denylist)) await ask(findings, deps.denylist);
  return report(findings);
}

/** A verdict without the words for it. */
export interface Verdict {
  /** Null for a valid token. */
  readonly code: ErrorCode | null;
  /** Set once the signature holds. */
  readonly verified: VerifiedToken | undefined;
}

/**
 * The verdicts of {@link reportToken} for whoever asks about many tokens and words none: each at once, unless a denylist has
 * to be asked.
 */
export function judgeTokens(
  tokens: readonly string[],
  policy: VerifyPolicy,
  deps: VerifyDeps,
): (Verdict | Promise<Verdict>)[] {
  const { denylist } = deps;
  const verdicts: (Verdict | Promise<Verdict>)[] = [];
  for (const findings of examineAll(tokens, policy, deps)) {
    verdicts.push(isAsked(findings, denylist) ? ask(findings, denylist).then(() => judge(findings)) : judge(findings));
  }
  return verdicts;
}

function judge({ outcomes, verified }: Findings): Verdict {
  return { code: verdictOf(outcomes), verified };
}

/** The error that says what a report of a refused token says: its verdict first, the rest in `details.checks`. */
export function verdictError(refused: VerificationReport): JwtkitError {
  const worst = refused.checks.find((check) => check.status === 'failed' && check.code === refused.code) as Check;
  return new JwtkitError(worst.code as ErrorCode, worst.message, {
    hint: worst.hint,
    details: { checks: refused.checks },
  });
}

/** The code of the worst failure, null where nothing failed; also a code that the order does not know makes a verdict. */
function verdictOf(outcomes: readonly Outcome[]): ErrorCode | null {
  let worst: ErrorCode | null = null;
  for (const { status, code = 'INTERNAL' } of outcomes) {
    if (status === 'failed' && (worst === null || rankOf(code) < rankOf(worst))) worst = code;
  }
  return worst;
}

function rankOf(code: ErrorCode): number {
  const rank = verdictOrder.indexOf(code);
  return rank < 0 ? verdictOrder.length : rank;
}

function report({ outcomes, verified, certificate, subject }: Findings): VerificationReport {
  const code = verdictOf(outcomes);
  const steps = verified === undefined ? [] : signatureSteps(verified.key, certificate);
  const isUnasked = verified !== undefined && outcomes.at(-1)?.name !== 'denylist';
  const checks = [...steps, ...outcomes, ...(isUnasked ? noDenylist : [])].map(
    ({ name, status, code, describe, hint }) => ({
      name,
      status,
      message: describe(subject),
      ...(code === undefined ? {} : { code }),
      ...(hint === undefined ? {} : { hint }),
    }),
  );
  return { valid: code === null, code, checks, ...verified };
}

const noDenylist = [skipped('denylist', () => 'there is none')];
const notRevoked = passed('denylist', () => 'not revoked');

/** The denylist comes last, and is not asked about a token that anybody could have made. */
function isAsked({ verified }: Findings, denylist: Denylist | undefined): denylist is Denylist {
  return denylist !== undefined && verified !== undefined;
}

async function ask({ outcomes, subject }: Findings, denylist: Denylist): Promise<void> {
  const revocation = await denylist.find(tokenIdentity(subject.claims));
  if (revocation === undefined) {
    outcomes.push(notRevoked);
    return;
  }
  const isReuse = revocation.kind === 'token' && revocation.reason === 'consumed';
  const code = isReuse ? 'TOKEN_REUSED' : 'TOKEN_REVOKED';
  outcomes.push(failed('denylist', code, () => describeRevocation(revocation)));
}
