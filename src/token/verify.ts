/**
 * Verification in the order of ARCHITECTURE.md: syntax, keys and algorithm, signature, then every claim. A report holds
 * all that was found; the verdict's code is the first of `verdictOrder` among the failures.
 */
import { type ErrorCode, JwtkitError } from '../errors.js';
import { checkHeader, type ParsedJws, parseClaims, parseJws } from '../jose/compact.js';
import type { JsonObject } from '../jose/json.js';
import { checkSignature, type SignatureVerdict } from '../jose/jws.js';
import type { Key } from '../jose/key.js';
import { checkCertificate } from './certificate-check.js';
import { checkClaims, checkTyp, failed, type Outcome, passed, skipped } from './claim-checks.js';
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
  const findings = await examine(token, policy, deps);
  const failure = verdict(findings.outcomes);
  if (failure !== undefined) throw verdictError(report(findings));
  return findings.verified as VerifiedToken;
}

/** Verifies a token against a policy and returns what was found instead of throwing it. */
export async function reportToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<VerificationReport> {
  return report(await examine(token, policy, deps));
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
  readonly outcomes: readonly Outcome[];
  readonly verified?: VerifiedToken;
}

/** The code of the worst failure; whatever failed makes a verdict, also a code that the order does not know. */
function verdict(outcomes: readonly Outcome[]): ErrorCode | undefined {
  const codes = outcomes.filter(({ status }) => status === 'failed').map(({ code = 'INTERNAL' }) => code);
  return verdictOrder.find((code) => codes.includes(code)) ?? codes[0];
}

function report({ outcomes, verified }: Findings): VerificationReport {
  const code = verdict(outcomes) ?? null;
  const checks = outcomes.map(({ name, status, code, describe, hint }) => ({
    name,
    status,
    message: describe(),
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
  }));
  return { valid: code === null, code, checks, ...verified };
}

async function examine(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<Findings> {
  checkPolicy(policy);
  if (!Array.isArray(deps.keys)) throw new JwtkitError('USAGE_INVALID', 'keys is an array of keys');
  if (!Number.isFinite(deps.now)) throw new JwtkitError('USAGE_INVALID', 'now is a NumericDate');
  let jws: ParsedJws;
  let claims: Claims;
  try {
    jws = parseJws(token, policy);
    checkHeader(jws.header);
    claims = parseClaims(jws.payload);
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    const unread = ['algorithm', 'key', 'signature', 'claims'].map((name) => skipped(name, () => 'token is malformed'));
    return { outcomes: [failed('format', 'TOKEN_MALFORMED', () => error.message), ...unread] };
  }
  const format = passed('format', () => 'three segments of strict base64url and JSON');
  const signature = findSignature(jws, policy, deps);
  if (signature.failure !== undefined) return { outcomes: [format, ...signatureFailure(signature)] };
  const { key, alg } = signature;
  const keyReport = { kid: key.kid ?? null, alg, source: key.source ?? null };
  const certificate = checkCertificate(key, policy, deps.now);
  const signed = [
    format,
    passed('algorithm', () => `${alg} is allowed by the key`),
    passed('key', () => describeKey(keyReport)),
    ...(certificate === undefined ? [] : [certificate]),
    passed('signature', () => 'holds'),
  ];
  if (certificate?.status === 'failed') {
    return { outcomes: [...signed, skipped('claims', () => 'claims count only under a key that is trusted now')] };
  }
  const outcomes = [
    ...signed,
    ...checkClaims(claims, policy, deps.now),
    checkTyp(jws.header, policy),
    await checkDenylist(claims, deps.denylist),
  ];
  return { outcomes, verified: { header: jws.header, claims, key: keyReport } };
}

/** Keys in their time come first: one key may be trusted by an old certificate and by the one that renewed it. */
function findSignature(jws: ParsedJws, policy: VerifyPolicy, { keys, now }: VerifyDeps): SignatureVerdict {
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

async function checkDenylist(claims: Claims, denylist: Denylist | undefined): Promise<Outcome> {
  if (denylist === undefined) return skipped('denylist', () => 'there is none');
  const revocation = await denylist.find(tokenIdentity(claims));
  if (revocation === undefined) return passed('denylist', () => 'not revoked');
  const isReuse = revocation.kind === 'token' && revocation.reason === 'consumed';
  return failed('denylist', isReuse ? 'TOKEN_REUSED' : 'TOKEN_REVOKED', () => describeRevocation(revocation));
}
