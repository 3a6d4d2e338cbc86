/**
 * What a verified signature is worth: each claim against the policy and the time (RFC 7519 §4.1, RFC 8725 §3). A check is
 * judged for every token and worded for few, so that most outcomes are made once, and told in words when somebody asks.
 */
import type { ErrorCode } from '../errors.js';
import { type JsonObject, own } from '../jose/json.js';
import { asList, type Claims, claimShapeProblem, isString, isStringOrStrings, splitScope } from './claims.js';
import { isSameJson, isSameMediaType, type VerifyPolicy } from './policy.js';
import { formatDistance, formatDuration, formatMoment, isNumericDate } from './time.js';

/** What an outcome is about, for its wording. */
export interface Subject {
  readonly header: JsonObject;
  readonly claims: Claims;
  readonly policy: VerifyPolicy;
  readonly now: number;
}

/** A check before anybody asked for its wording, which a caller that only wants the verdict never does. */
export interface Outcome {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly code?: ErrorCode | undefined;
  readonly describe: (subject: Subject) => string;
  readonly hint?: string | undefined;
}

/** A check that was met. */
export function passed(name: string, describe: Outcome['describe']): Outcome {
  return { name, status: 'passed', code: undefined, describe, hint: undefined };
}

/** A check that was not met, with the code that says so. */
export function failed(name: string, code: ErrorCode, describe: Outcome['describe'], hint?: string): Outcome {
  return { name, status: 'failed', code, describe, hint };
}

/** A check that was not made, and why. */
export function skipped(name: string, describe: Outcome['describe']): Outcome {
  return { name, status: 'skipped', code: undefined, describe, hint: undefined };
}

/**
 * Checks every claim that a policy or RFC 7519 has something to say of, and the header's `typ`; all of them, whatever the
 * first ones find.
 */
export function checkClaims(header: JsonObject, claims: Claims, policy: VerifyPolicy, now: number): Outcome[] {
  const leeway = policy.leeway ?? 0;
  const outcomes = [
    checkExp(claims, policy, now, leeway),
    checkNotBefore(nbfOutcomes, claims, now, leeway),
    checkNotBefore(iatOutcomes, claims, now, leeway),
    checkType(claims, policy),
    checkOneOf(issOutcomes, claims, policy.issuer),
    checkOneOf(audOutcomes, claims, policy.audience),
    checkOneOf(subOutcomes, claims, policy.subject),
    checkJti(claims),
    checkScope(claims, policy.scope),
    checkRole(claims, policy.role),
    checkTyp(header, policy),
  ];
  const { maxAge, require: required } = policy;
  if (maxAge === undefined && required === undefined) return outcomes;
  const demands = (required ?? []).map((each) => checkRequired(claims, each));
  if (maxAge !== undefined) demands.unshift(checkMaxAge(claims, maxAge, now, leeway));
  outcomes.splice(-1, 0, ...demands);
  return outcomes;
}

/** The outcome for a claim of the wrong shape (RFC 7519 §4.1), whether or not the policy asks for it. */
function malformed(name: string): Outcome {
  return failed(name, 'CLAIM_MALFORMED', ({ claims }) => `claim ${claimShapeProblem(claims, name)}`);
}

function describeExp(verb: (exp: number, now: number) => string): Outcome['describe'] {
  return ({ claims, now }) => {
    const exp = claims.exp as number;
    return `token ${verb(exp, now)} ${formatDistance(exp, now)} (${formatMoment(exp)})`;
  };
}

const expOutcomes = {
  malformed: malformed('exp'),
  allowed: skipped('exp', () => 'absent, which is allowed'),
  missing: failed(
    'exp',
    'CLAIM_MISSING',
    () => 'token has no exp: it would never expire',
    'pass --allow-no-exp to accept it',
  ),
  passed: passed(
    'exp',
    describeExp((exp, now) => (exp > now ? 'expires' : 'is within the leeway, expired')),
  ),
  expired: failed(
    'exp',
    'TOKEN_EXPIRED',
    describeExp(() => 'expired'),
    'issue or refresh a token',
  ),
};

function checkExp(claims: Claims, policy: VerifyPolicy, now: number, leeway: number): Outcome {
  const exp = own(claims, 'exp');
  if (exp === undefined) return policy.allowNoExp === true ? expOutcomes.allowed : expOutcomes.missing;
  if (!isNumericDate(exp)) return expOutcomes.malformed;
  // RFC 7519 §4.1.4: "on or after" the moment the token is dead.
  return exp + leeway > now ? expOutcomes.passed : expOutcomes.expired;
}

function notBeforeOutcomes(name: 'nbf' | 'iat', passes: string, fails: string) {
  const describe =
    (verb: string): Outcome['describe'] =>
    ({ claims, now }) => {
      const moment = claims[name] as number;
      return `${verb} ${formatMoment(moment)} (${formatDistance(moment, now)})`;
    };
  return {
    name,
    malformed: malformed(name),
    absent: skipped(name, () => 'absent'),
    passed: passed(name, describe(passes)),
    early: failed(
      name,
      'TOKEN_NOT_YET_VALID',
      describe(`token ${fails}`),
      'for clocks that differ a little, pass --leeway 30s',
    ),
  };
}

const nbfOutcomes = notBeforeOutcomes('nbf', 'valid from', 'is not valid before');
const iatOutcomes = notBeforeOutcomes('iat', 'issued', 'says it was issued');

function checkNotBefore(outcomes: typeof nbfOutcomes, claims: Claims, now: number, leeway: number): Outcome {
  const moment = own(claims, outcomes.name);
  if (moment === undefined) return outcomes.absent;
  if (!isNumericDate(moment)) return outcomes.malformed;
  return moment - leeway <= now ? outcomes.passed : outcomes.early;
}

const typeOutcomes = {
  any: skipped('type', () => 'any type is accepted'),
  unasked: skipped('type', () => 'absent, and not asked for'),
  missing: failed('type', 'CLAIM_MISSING', ({ policy }) => `token has no type, expected ${policy.type}`),
  passed: passed('type', ({ claims }) => claims.type as string),
};

function checkType(claims: Claims, { type }: VerifyPolicy): Outcome {
  if (type === 'any') return typeOutcomes.any;
  const value = own(claims, 'type');
  if (value === undefined) return type === undefined ? typeOutcomes.unasked : typeOutcomes.missing;
  const expected = type ?? 'access';
  if (value === expected) return typeOutcomes.passed;
  const found = () => (typeof value === 'string' ? JSON.stringify(value) : 'not a string');
  const isUnasked = type === undefined && typeof value === 'string';
  const hint = isUnasked ? `pass --type ${value === 'refresh' ? 'refresh' : 'any'} to accept it` : undefined;
  return failed('type', 'CLAIM_MISMATCH', () => `token type is ${found()}, expected ${expected}`, hint);
}

function oneOfOutcomes(name: 'iss' | 'aud' | 'sub', acceptedBy: 'issuer' | 'audience' | 'subject') {
  const wanted = ({ policy }: Subject) =>
    asList(policy[acceptedBy] ?? [])
      .map((item) => JSON.stringify(item))
      .join(' or ');
  return {
    name,
    isShaped: name === 'aud' ? isStringOrStrings : isString,
    malformed: malformed(name),
    absent: skipped(name, () => 'absent, and not asked for'),
    unasked: skipped(name, () => 'not asked for'),
    missing: failed(name, 'CLAIM_MISSING', (subject) => `token has no ${name}, expected ${wanted(subject)}`),
    passed: passed(name, ({ claims, policy }) => findAccepted(claims[name] ?? [], policy[acceptedBy] ?? []) ?? ''),
    mismatch: failed(name, 'CLAIM_MISMATCH', (subject) => {
      return `token ${name} is ${JSON.stringify(subject.claims[name])}, expected ${wanted(subject)}`;
    }),
  };
}

const issOutcomes = oneOfOutcomes('iss', 'issuer');
const audOutcomes = oneOfOutcomes('aud', 'audience');
const subOutcomes = oneOfOutcomes('sub', 'subject');

/** `iss`, `aud`, `sub`: right in shape, and one of the accepted values where the policy names any. */
function checkOneOf(
  outcomes: typeof issOutcomes,
  claims: Claims,
  accepted: string | readonly string[] | undefined,
): Outcome {
  const value = own(claims, outcomes.name);
  if (value === undefined) return accepted === undefined ? outcomes.absent : outcomes.missing;
  if (!outcomes.isShaped(value)) return outcomes.malformed;
  if (accepted === undefined) return outcomes.unasked;
  return findAccepted(value, accepted) === undefined ? outcomes.mismatch : outcomes.passed;
}

function findAccepted(value: string | readonly string[], accepted: string | readonly string[]): string | undefined {
  return asList(value).find((item) => asList(accepted).includes(item));
}

const jtiOutcomes = {
  malformed: malformed('jti'),
  absent: skipped('jti', () => 'absent'),
  passed: passed('jti', () => 'a string'),
};

function checkJti(claims: Claims): Outcome {
  const jti = own(claims, 'jti');
  if (jti === undefined) return jtiOutcomes.absent;
  return isString(jti) ? jtiOutcomes.passed : jtiOutcomes.malformed;
}

const scopeUnasked = skipped('scope', () => 'not asked for');

function checkScope(claims: Claims, wanted: readonly string[] | undefined): Outcome {
  if (wanted === undefined) return scopeUnasked;
  const value = own(claims, 'scope');
  if (value === undefined)
    return failed('scope', 'CLAIM_MISSING', () => `token has no scope, expected ${wanted.join(' ')}`);
  if (typeof value !== 'string') {
    return failed('scope', 'CLAIM_MALFORMED', () => 'claim scope is not a string of space-separated tokens');
  }
  return checkAll('scope', splitScope(value), wanted);
}

const roleUnasked = skipped('role', () => 'not asked for');

function checkRole(claims: Claims, wanted: readonly string[] | undefined): Outcome {
  if (wanted === undefined) return roleUnasked;
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

const typUnasked = skipped('typ', () => 'not asked for');

/** Checks the header's `typ` (RFC 8725 §3.11). */
function checkTyp(header: JsonObject, { typ }: VerifyPolicy): Outcome {
  if (typ === undefined) return typUnasked;
  const value = own(header, 'typ') as string | undefined;
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
