/** What a verified signature is worth: each claim against the policy and the time (RFC 7519 §4.1, RFC 8725 §3). */
import type { ErrorCode } from '../errors.js';
import { type JsonObject, own } from '../jose/json.js';
import { asList, type Claims, claimShapeProblem, isStringOrStrings, splitScope } from './claims.js';
import { isSameJson, isSameMediaType, type VerifyPolicy } from './policy.js';
import { formatDistance, formatDuration, formatMoment } from './time.js';

/** A check before anybody asked for its wording, which a caller that only wants the verdict never does. */
export interface Outcome {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly code?: ErrorCode;
  readonly describe: () => string;
  readonly hint?: string | undefined;
}

/** A check that was met. */
export function passed(name: string, describe: () => string): Outcome {
  return { name, status: 'passed', describe };
}

/** A check that was not met, with the code that says so. */
export function failed(name: string, code: ErrorCode, describe: () => string, hint?: string): Outcome {
  return { name, status: 'failed', code, describe, hint };
}

/** A check that was not made, and why. */
export function skipped(name: string, describe: () => string): Outcome {
  return { name, status: 'skipped', describe };
}

/** Checks every claim that a policy or RFC 7519 has something to say of; all of them, whatever the first ones find. */
export function checkClaims(claims: Claims, policy: VerifyPolicy, now: number): Outcome[] {
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

/** Checks the header's `typ` (RFC 8725 §3.11). */
export function checkTyp(header: JsonObject, { typ }: VerifyPolicy): Outcome {
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
