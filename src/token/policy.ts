import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { checkOptionNames } from '../jose/option-names.js';
import { isString, isStringOrStrings, type TokenType } from './claims.js';
import { maxLeeway } from './denylist.js';
import { findRequirementProblem, type RequiredClaim } from './required-claim.js';
import { formatDuration } from './time.js';

/** What a verifier demands of a token beside a trusted signature. The caller sets all of it, the token nothing. */
export interface VerifyPolicy {
  /** Algorithms to allow among those that the keys allow; all of these by default. */
  algorithms?: readonly AlgorithmName[] | undefined;
  /**
   * The demanded `type` claim; `any` accepts every token. By default `access`, and a token without `type`
   * passes too: a refresh token never serves as an access token.
   */
  type?: TokenType | 'any' | undefined;
  /** Accepted issuers: `iss` must be one of them, character by character. */
  issuer?: string | readonly string[] | undefined;
  /** Accepted audiences: `aud` must hold at least one of them. Without any, a token with `aud` is refused (RFC 7519 §4.1.3). */
  audience?: string | readonly string[] | undefined;
  /**
   * Accepted `aud` of a refresh token in its own form: its issuer's token endpoint, or the issuer. By default any. With the type
   * `refresh`, `audience`, `scope` and `role` speak of what its session holds.
   */
  refreshAudience?: string | readonly string[] | undefined;
  /** Accept a token whatever its `aud`. */
  anyAudience?: boolean | undefined;
  subject?: string | undefined;
  /** Scope tokens that the token must hold, every one: in `scope` and `scp` together, or at `scopeClaim`. */
  scope?: readonly string[] | undefined;
  /** Path of the only claim that grants scope tokens: words of a string (RFC 8693 §4.2), or a list. */
  scopeClaim?: string | undefined;
  /** Roles that the token must hold, every one: in `role` and `roles` together, or at `roleClaim`. */
  role?: readonly string[] | undefined;
  /** Path of the only claim that grants roles: one role, or a list. */
  roleClaim?: string | undefined;
  /** Header `typ`, a media type with or without `application/` (RFC 7515 §4.1.9, RFC 8725 §3.11). */
  typ?: string | undefined;
  /** Claims that must be present, and equal their value or hold their word if one is given. */
  require?: readonly RequiredClaim[] | undefined;
  /** Greatest age in seconds since `iat`, which is then required. */
  maxAge?: number | undefined;
  /** Seconds that the token must still live. Without `exp` it lives for ever; the leeway adds nothing. */
  minTtl?: number | undefined;
  /** Allowed clock difference, in seconds, on `exp`, `nbf`, `iat` and `maxAge`; 0 by default. */
  leeway?: number | undefined;
  /** Accept a token without `exp`. */
  allowNoExp?: boolean | undefined;
  /** Trust the key of an expired certificate. A certificate that is not valid yet is still refused. */
  allowExpiredCertificate?: boolean | undefined;
  /** The longest accepted token, in characters; 65,536 by default. */
  maxLength?: number | undefined;
}

/** Whether two media types are one: RFC 7515 §4.1.9 leaves `application/` out, and case does not count (RFC 2045 §5.1). */
export function isSameMediaType(one: string, other: string): boolean {
  return fullMediaType(one) === fullMediaType(other);
}

function fullMediaType(type: string): string {
  return (type.includes('/') ? type : `application/${type}`).toLowerCase();
}

/** Every member of a policy. */
export const policyMembers: readonly (keyof VerifyPolicy)[] = [
  'algorithms',
  'type',
  'issuer',
  'audience',
  'refreshAudience',
  'anyAudience',
  'subject',
  'scope',
  'scopeClaim',
  'role',
  'roleClaim',
  'typ',
  'require',
  'maxAge',
  'minTtl',
  'leeway',
  'allowNoExp',
  'allowExpiredCertificate',
  'maxLength',
];

/** Words of other libraries and of claims. */
const otherWords = {
  aud: 'the accepted audience is audience',
  iss: 'the accepted issuer is issuer',
  sub: 'the demanded subject is subject',
  alg: 'the allowed algorithms are algorithms, an array',
  exp: 'exp is always required, unless allowNoExp is true',
  ignoreExpiration: 'decodeToken reads an expired token and verifies nothing',
  clockTolerance: 'the allowed clock difference is leeway, in seconds',
  maxTokenAge: 'the greatest age is maxAge, in seconds',
  requiredClaims: "require names claims: [{ name: 'sub' }]",
  keys: 'keys belong into the third argument: { keys, now }',
  now: 'now belongs into the third argument: { keys, now }',
};

/**
 * Checks types, for a caller without a compiler. A leeway that is a string would be appended to `exp`. A list that is a
 * string would match a part of itself.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkPolicy(policy: VerifyPolicy): void {
  checkOptionNames('policy', policy, policyMembers, otherWords);
  const { leeway, audience, anyAudience, require: required } = policy;
  check('leeway', leeway, isSeconds, 'a number of seconds');
  check('maxAge', policy.maxAge, isSeconds, 'a number of seconds');
  check('minTtl', policy.minTtl, isSeconds, 'a number of seconds');
  if (leeway !== undefined && leeway > maxLeeway) {
    throw refuse(`leeway is at most ${formatDuration(maxLeeway)}: revocations outlive a token no longer`);
  }
  check(
    'type',
    policy.type,
    (type) => type === 'access' || type === 'refresh' || type === 'any',
    'access, refresh or any',
  );
  check('subject', policy.subject, isString, 'a string');
  check('typ', policy.typ, isString, 'a string');
  check('issuer', policy.issuer, isStringOrStrings, 'a string or an array of strings');
  check('audience', audience, isStringOrStrings, 'a string or an array of strings');
  check('refreshAudience', policy.refreshAudience, isStringOrStrings, 'a string or an array of strings');
  check('anyAudience', anyAudience, isBoolean, 'true or false');
  if (anyAudience === true && audience !== undefined) throw refuse('audience and anyAudience exclude each other');
  check('allowNoExp', policy.allowNoExp, isBoolean, 'true or false');
  check('allowExpiredCertificate', policy.allowExpiredCertificate, isBoolean, 'true or false');
  check('maxLength', policy.maxLength, isLength, 'a whole number of characters');
  check('algorithms', policy.algorithms, isList, 'an array of strings');
  check('scope', policy.scope, isList, 'an array of strings');
  check('role', policy.role, isList, 'an array of strings');
  check('scopeClaim', policy.scopeClaim, isString, 'a string');
  check('roleClaim', policy.roleClaim, isString, 'a string');
  check('require', required, Array.isArray, 'an array of {name, value?, word?}');
  for (const each of required ?? []) {
    const problem = findRequirementProblem(each);
    if (problem !== undefined) throw refuse(`require ${problem}`);
  }
}

function check(name: string, value: unknown, accepts: (value: unknown) => boolean, expected: string): void {
  if (value !== undefined && !accepts(value)) throw refuse(`${name} is ${expected}`);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isLength(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isSeconds(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && isStringOrStrings(value);
}

function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', `policy: ${message}`);
}
