/**
 * Verification in the order of ARCHITECTURE.md: syntax, keys and algorithm, signature, then every claim. A report holds
 * all that was found; the verdict's code is the first of `verdictOrder` among the failures.
 */
import { type ErrorCode, JwtkitError } from '../errors.js';
import { checkHeader, type ParsedJws, parseClaims, parseJws } from '../jose/compact.js';
import { type JsonObject, own } from '../jose/json.js';
import type { Key } from '../jose/jwk.js';
import { checkSignature } from '../jose/jws.js';
import { asList, type Claims, claimShapeProblem, isStringOrStrings, splitScope } from './claims.js';
import { type Denylist, describeRevocation, tokenIdentity } from './denylist.js';
import { checkPolicy, isSameJson, isSameMediaType, type VerifyPolicy } from './policy.js';
import { formatDistance, formatDuration, formatMoment } from './time.js';

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
  /** `format`, `algorithm`, `key`, `signature`, a claim's name, `typ`, `max-age` or `require NAME`. */
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
 * TOKEN_MALFORMED, ALG_NOT_ALLOWED, SIGNATURE_MALFORMED, SIGNATURE_INVALID, KEY_NOT_FOUND, TOKEN_EXPIRED, TOKEN_TOO_OLD,
 * TOKEN_NOT_YET_VALID, CLAIM_MALFORMED, CLAIM_MISSING, CLAIM_MISMATCH, TOKEN_REVOKED, TOKEN_REUSED; and
 * STORE_UNAVAILABLE when the denylist cannot be asked, USAGE_INVALID for a policy that makes no sense.
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

/** A check before anybody asked for its wording, which a caller that only wants the verdict never does. */
interface Outcome {
  readonly name: string;
  readonly status: Check['status'];
  readonly code?: ErrorCode;
  readonly describe: () => string;
  readonly hint?: string | undefined;
}

interface Findings {
  readonly outcomes: readonly Outcome[];
  readonly verified?: VerifiedToken;
}

function passed(name: string, describe: () => string): Outcome {
  return { name, status: 'passed', describe };
}

function failed(name: string, code: ErrorCode, describe: () => string, hint?: string): Outcome {
  return { name, status: 'failed', code, describe, hint };
}

function skipped(name: string, describe: () => string): Outcome {
  return { name, status: 'skipped', describe };
}

function verdict(outcomes: readonly Outcome[]): ErrorCode | undefined {
  const codes = outcomes.flatMap((outcome) => outcome.code ?? []);
  return codes.length === 0 ? undefined : verdictOrder.find((code) => codes.includes(code));
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
  const signature = checkSignature(jws, deps.keys, policy.algorithms);
  if (signature.failure !== undefined) return { outcomes: [format, ...signatureFailure(signature)] };
  const { key, alg } = signature;
  const keyReport = { kid: key.kid ?? null, alg, source: key.source ?? null };
  const outcomes = [
    format,
    passed('algorithm', () => `${alg} is allowed by the key`),
    passed('key', () => describeKey(keyReport)),
    passed('signature', () => 'holds'),
    ...checkClaims(claims, policy, deps.now),
    checkTyp(jws.header, policy),
    await checkDenylist(claims, deps.denylist),
  ];
  return { outcomes, verified: { header: jws.header, claims, key: keyReport } };
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

function checkClaims(claims: Claims, policy: VerifyPolicy, now: number): Outcome[] {
  const leeway = policy.leeway ?? 0;
  return [
    checkExp(claims, policy, now, leeway),
    checkNotBefore('nbf', claims, now, leeway),
    checkNotBefore('iat', claims, now, leeway),
    checkType(claims, policy),
    checkOneOf('iss', claims, policy.issuer),
    checkOneOf('aud', claims, policy.audience),
    checkOneOf('sub', claims, policy.subject),
    shaped('jti', claims) ??
      (claims.jti === undefined ? skipped('jti', () => 'absent') : passed('jti', () => 'a string')),
    checkScope(claims, policy.scope),
    checkRole(claims, policy.role),
    ...(policy.maxAge === undefined ? [] : [checkMaxAge(claims, policy.maxAge, now, leeway)]),
    ...(policy.require ?? []).map((required) => checkRequired(claims, required)),
  ];
}

/** The outcome for a claim of the wrong shape (RFC 7519 §4.1), whether or not the policy asks for it. */
function shaped(name: string, claims: Claims): Outcome | undefined {
  const problem = claimShapeProblem(claims, name);
  return problem === undefined ? undefined : failed(name, 'CLAIM_MALFORMED', () => `claim ${problem}`);
}

function checkExp(claims: Claims, policy: VerifyPolicy, now: number, leeway: number): Outcome {
  const malformed = shaped('exp', claims);
  if (malformed !== undefined) return malformed;
  const exp = own(claims, 'exp') as number | undefined;
  if (exp === undefined) {
    if (policy.allowNoExp === true) return skipped('exp', () => 'absent, which is allowed');
    return failed(
      'exp',
      'CLAIM_MISSING',
      () => 'token has no exp: it would never expire',
      'pass --allow-no-exp to accept it',
    );
  }
  const describe = (verb: string) => () => `token ${verb} ${formatDistance(exp, now)} (${formatMoment(exp)})`;
  // RFC 7519 §4.1.4: "on or after" the moment the token is dead.
  return exp + leeway > now
    ? passed('exp', describe(exp > now ? 'expires' : 'is within the leeway, expired'))
    : failed('exp', 'TOKEN_EXPIRED', describe('expired'), 'issue or refresh a token');
}

function checkNotBefore(name: 'nbf' | 'iat', claims: Claims, now: number, leeway: number): Outcome {
  const malformed = shaped(name, claims);
  if (malformed !== undefined) return malformed;
  const moment = own(claims, name) as number | undefined;
  if (moment === undefined) return skipped(name, () => 'absent');
  const when = () => `${formatMoment(moment)} (${formatDistance(moment, now)})`;
  if (moment - leeway <= now) return passed(name, () => (name === 'nbf' ? `valid from ${when()}` : `issued ${when()}`));
  const message =
    name === 'nbf' ? () => `token is not valid before ${when()}` : () => `token says it was issued ${when()}`;
  return failed(name, 'TOKEN_NOT_YET_VALID', message, 'for clocks that differ a little, pass --leeway 30s');
}

function checkType(claims: Claims, { type }: VerifyPolicy): Outcome {
  const value = own(claims, 'type');
  if (type === 'any') return skipped('type', () => 'any type is accepted');
  if (value === undefined) {
    if (type === undefined) return skipped('type', () => 'absent, and not asked for');
    return failed('type', 'CLAIM_MISSING', () => `token has no type, expected ${type}`);
  }
  const expected = type ?? 'access';
  if (value === expected) return passed('type', () => expected);
  const found = () => (typeof value === 'string' ? JSON.stringify(value) : 'not a string');
  const isUnasked = type === undefined && typeof value === 'string';
  const hint = isUnasked ? `pass --type ${value === 'refresh' ? 'refresh' : 'any'} to accept it` : undefined;
  return failed('type', 'CLAIM_MISMATCH', () => `token type is ${found()}, expected ${expected}`, hint);
}

/** `iss`, `aud`, `sub`: right in shape, and one of the accepted values where the policy names any. */
function checkOneOf(
  name: 'iss' | 'aud' | 'sub',
  claims: Claims,
  accepted: string | readonly string[] | undefined,
): Outcome {
  const malformed = shaped(name, claims);
  if (malformed !== undefined) return malformed;
  const value = own(claims, name) as string | string[] | undefined;
  if (accepted === undefined) {
    return skipped(name, () => (value === undefined ? 'absent, and not asked for' : 'not asked for'));
  }
  const wanted = () =>
    asList(accepted)
      .map((item) => JSON.stringify(item))
      .join(' or ');
  if (value === undefined) return failed(name, 'CLAIM_MISSING', () => `token has no ${name}, expected ${wanted()}`);
  const match = asList(value).find((item) => asList(accepted).includes(item));
  if (match !== undefined) return passed(name, () => match);
  return failed(name, 'CLAIM_MISMATCH', () => `token ${name} is ${JSON.stringify(value)}, expected ${wanted()}`);
}

function checkScope(claims: Claims, wanted: readonly string[] | undefined): Outcome {
  if (wanted === undefined) return skipped('scope', () => 'not asked for');
  const value = own(claims, 'scope');
  if (value === undefined)
    return failed('scope', 'CLAIM_MISSING', () => `token has no scope, expected ${wanted.join(' ')}`);
  if (typeof value !== 'string') {
    return failed('scope', 'CLAIM_MALFORMED', () => 'claim scope is not a string of space-separated tokens');
  }
  return checkAll('scope', splitScope(value), wanted);
}

function checkRole(claims: Claims, wanted: readonly string[] | undefined): Outcome {
  if (wanted === undefined) return skipped('role', () => 'not asked for');
  const value = own(claims, 'role');
  if (value === undefined)
    return failed('role', 'CLAIM_MISSING', () => `token has no role, expected ${wanted.join(' ')}`);
  if (!isStringOrStrings(value)) {
    return failed('role', 'CLAIM_MALFORMED', () => 'claim role is not a string or an array of strings');
  }
  return checkAll('role', asList(value), wanted);
}

function checkAll(name: string, held: readonly string[], wanted: readonly string[]): Outcome {
  const missing = wanted.filter((item) => !held.includes(item));
  if (missing.length === 0) return passed(name, () => wanted.join(' '));
  return failed(
    name,
    'CLAIM_MISMATCH',
    () => `token ${name} lacks ${missing.map((item) => JSON.stringify(item)).join(', ')}`,
  );
}

function checkTyp(header: JsonObject, { typ }: VerifyPolicy): Outcome {
  const value = own(header, 'typ') as string | undefined;
  if (typ === undefined) return skipped('typ', () => 'not asked for');
  if (value === undefined) return failed('typ', 'CLAIM_MISSING', () => `header has no typ, expected ${typ}`);
  if (isSameMediaType(value, typ)) return passed('typ', () => value);
  return failed('typ', 'CLAIM_MISMATCH', () => `header typ is ${JSON.stringify(value)}, expected ${typ}`);
}

function checkMaxAge(claims: Claims, maxAge: number, now: number, leeway: number): Outcome {
  if (claimShapeProblem(claims, 'iat') !== undefined) return skipped('max-age', () => 'iat is malformed');
  const iat = own(claims, 'iat') as number | undefined;
  if (iat === undefined) return failed('max-age', 'CLAIM_MISSING', () => 'token has no iat to tell its age by');
  const message = () => `token was issued ${formatDistance(iat, now)}, the greatest age is ${formatDuration(maxAge)}`;
  return now - iat <= maxAge + leeway ? passed('max-age', message) : failed('max-age', 'TOKEN_TOO_OLD', message);
}

function checkRequired(claims: Claims, { name, value: wanted }: { name: string; value?: unknown }): Outcome {
  const label = `require ${name}`;
  if (!Object.hasOwn(claims, name))
    return failed(label, 'CLAIM_MISSING', () => `token has no claim ${JSON.stringify(name)}`);
  if (wanted === undefined || isSameJson(claims[name], wanted))
    return passed(label, () => (wanted === undefined ? 'present' : 'equal'));
  const message = () => `claim ${JSON.stringify(name)} is not ${JSON.stringify(wanted)}`;
  return failed(label, 'CLAIM_MISMATCH', message);
}

async function checkDenylist(claims: Claims, denylist: Denylist | undefined): Promise<Outcome> {
  if (denylist === undefined) return skipped('denylist', () => 'there is none');
  const revocation = await denylist.find(tokenIdentity(claims));
  if (revocation === undefined) return passed('denylist', () => 'not revoked');
  const isReuse = revocation.kind === 'token' && revocation.reason === 'consumed';
  return failed('denylist', isReuse ? 'TOKEN_REUSED' : 'TOKEN_REVOKED', () => describeRevocation(revocation));
}
