/**
 * Verification in the order of ARCHITECTURE.md: syntax, keys and algorithm, signature, then every claim. A report holds
 * all that was found; the verdict's code is the first of `verdictOrder` among the failures.
 */
import { type ErrorCode, JwtkitError } from '../errors.js';
import {
  checkHeader,
  type HeaderMemo,
  makeHeaderMemo,
  type ParsedJws,
  parseClaims,
  parseJws,
  rememberHeader,
} from '../jose/compact.js';
import type { JsonObject } from '../jose/json.js';
import { checkSignature, type SignatureVerdict } from '../jose/jws.js';
import type { Key } from '../jose/key.js';
import { checkCertificate } from './certificate-check.js';
import { checkClaims, failed, type Outcome, passed, type Subject, skipped } from './claim-checks.js';
import type { Claims } from './claims.js';
import { type Denylist, describeRevocation, tokenIdentity } from './denylist.js';
import { checkPolicy, type VerifyPolicy } from './policy.js';

/** What verification needs of the world: keys that the caller trusts, and the time. */
export interface VerifyDeps {
  readonly keys: readonly Key[];
  /** NumericDate. */
  readonly now: number;
  /** Asked last, so that a forged token cannot probe it. Where there is none, nothing was ever revoked. */
  readonly denylist?: Denylist | undefined;
}

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

/** The key that a signature held under. */
export interface KeyReport {
  readonly kid: string | null;
  readonly alg: string;
  readonly source: string | null;
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

/** A token that passed every check. */
export interface VerifiedToken {
  readonly header: JsonObject;
  readonly claims: Claims;
  readonly key: KeyReport;
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
 * The verdict of {@link reportToken} for whoever asks about many tokens and words none: at once, unless a denylist has to be
 * asked.
 */
export function judgeToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Verdict | Promise<Verdict> {
  const findings = examine(token, policy, deps);
  if (isAsked(findings, deps.denylist)) return ask(findings, deps.denylist).then(() => judge(findings));
  return judge(findings);
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

interface Findings {
  /** Those of the claims once the signature holds, which is then all that could fail. */
  readonly outcomes: Outcome[];
  readonly verified: VerifiedToken | undefined;
  /** That the certificate of the key is in its time, where it came in one. */
  readonly certificate?: Outcome | undefined;
  readonly subject: Subject;
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

const formatPassed = passed('format', () => 'three segments of strict base64url and JSON');
const malformedSkips = ['algorithm', 'key', 'signature', 'claims'].map((name) =>
  skipped(name, () => 'token is malformed'),
);
const untrustedSkip = skipped('claims', () => 'claims count only under a key that is trusted now');
const noDenylist = [skipped('denylist', () => 'there is none')];
const notRevoked = passed('denylist', () => 'not revoked');

/** Headers that held, for as long as there is the first of the keys: the arrays that keys come in are made and thrown away. */
const headersByKey = new WeakMap<Key, HeaderMemo>();

function remember(jws: ParsedJws, [key]: readonly Key[]): void {
  if (jws.newHeader === undefined || key === undefined) return;
  const memo = headersByKey.get(key) ?? makeHeaderMemo();
  headersByKey.set(key, memo);
  rememberHeader(jws, memo);
}

/** Everything that can be told without asking anybody. */
function examine(token: string, policy: VerifyPolicy, deps: VerifyDeps): Findings {
  checkPolicy(policy);
  const { keys, now } = deps;
  if (!Array.isArray(keys)) throw new JwtkitError('USAGE_INVALID', 'keys is an array of keys');
  if (!Number.isFinite(now)) throw new JwtkitError('USAGE_INVALID', 'now is a NumericDate');
  const headers = headersByKey.get(keys[0]);
  let jws: ParsedJws;
  let claims: Claims;
  try {
    jws = parseJws(token, policy, headers);
    checkHeader(jws.header);
    claims = parseClaims(jws.payload);
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    const outcomes = [failed('format', 'TOKEN_MALFORMED', () => error.message), ...malformedSkips];
    return { outcomes, verified: undefined, subject: { header: {}, claims: {}, policy, now } };
  }
  const { header } = jws;
  const subject = { header, claims, policy, now };
  const signature = findSignature(jws, policy, deps);
  if (signature.failure !== undefined) {
    return { outcomes: [formatPassed, ...signatureFailure(signature)], verified: undefined, subject };
  }
  remember(jws, keys);
  const { alg } = signature;
  const key = { kid: signature.key.kid ?? null, alg, source: signature.key.source ?? null };
  const certificate = checkCertificate(signature.key, policy, now);
  if (certificate?.status === 'failed') {
    const outcomes = [...signatureSteps(key, certificate), untrustedSkip];
    return { outcomes, verified: undefined, subject };
  }
  const outcomes = checkClaims(header, claims, policy, now);
  return { outcomes, verified: { header, claims, key }, certificate, subject };
}

/** The steps up to a signature that holds: every token that comes this far passed them, but for the certificate's time. */
function signatureSteps(key: KeyReport, certificate: Outcome | undefined): Outcome[] {
  return [
    formatPassed,
    passed('algorithm', () => `${key.alg} is allowed by the key`),
    passed('key', () => describeKey(key)),
    ...(certificate === undefined ? [] : [certificate]),
    passed('signature', () => 'holds'),
  ];
}

/** Keys in their time come first: one key may be trusted by an old certificate and by the one that renewed it. */
function findSignature(jws: ParsedJws, policy: VerifyPolicy, { keys, now }: VerifyDeps): SignatureVerdict {
  if (!keys.some((key) => key.validity !== undefined)) return checkSignature(jws, keys, policy.algorithms);
  const current = keys.filter((key) => checkCertificate(key, policy, now)?.status !== 'failed');
  if (current.length === keys.length) return checkSignature(jws, keys, policy.algorithms);
  const verdict = checkSignature(jws, current, policy.algorithms);
  return verdict.failure === undefined ? verdict : checkSignature(jws, keys, policy.algorithms);
}

function describeKey({ kid, source }: KeyReport): string {
  return [kid === null ? 'a key without kid' : `kid ${kid}`, ...(source === null ? [] : [`from ${source}`])].join(' ');
}

function signatureFailure(verdict: { failure: ErrorCode; message: string; hint?: string }): Outcome[] {
  const steps = ['algorithm', 'key', 'signature'] as const;
  const at = { ALG_NOT_ALLOWED: 0, KEY_NOT_FOUND: 1 }[verdict.failure as string] ?? 2;
  const outcomes = steps.map((name, index) => {
    if (index < at) return passed(name, () => (name === 'key' ? 'a trusted key matches' : 'supported and allowed'));
    if (index > at) return skipped(name, () => `the ${steps[at]} check failed`);
    return failed(name, verdict.failure, () => verdict.message, verdict.hint);
  });
  return [...outcomes, skipped('claims', () => 'claims count only once the signature holds')];
}

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
