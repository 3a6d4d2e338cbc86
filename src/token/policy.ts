import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { isJsonObject, quoteText } from '../jose/json.js';
import { isStringOrStrings, type TokenType } from './claims.js';
import { maxLeeway } from './denylist.js';
import { formatDuration } from './time.js';

/** What a verifier demands of a token beside a signature by a trusted key. All of it is the caller's, none the token's. */
export interface VerifyPolicy {
  /** Algorithms to allow among those that the keys allow; all of these by default. */
  algorithms?: readonly AlgorithmName[] | undefined;
  /**
   * The `type` claim. Named, the token must have exactly it; `any` takes every token. Not named, a token without `type`
   * passes and one of any type but `access` does not, so that a refresh token never serves as an access token.
   */
  type?: TokenType | 'any' | undefined;
  /** Accepted issuers: `iss` must be one of them, character by character. */
  issuer?: string | readonly string[] | undefined;
  /** Accepted audiences: `aud` must hold at least one of them. */
  audience?: string | readonly string[] | undefined;
  subject?: string | undefined;
  /** Scope tokens that `scope` must hold, every one. */
  scope?: readonly string[] | undefined;
  /** Roles that `role` must hold, every one. */
  role?: readonly string[] | undefined;
  /** Header `typ`, a media type with or without `application/` (RFC 7515 §4.1.9, RFC 8725 §3.11). */
  typ?: string | undefined;
  /** Claims that must be there and, where a value is given, equal it. */
  require?: readonly RequiredClaim[] | undefined;
  /** Greatest age in seconds since `iat`, which is then required. */
  maxAge?: number | undefined;
  /** Clock difference to bear with, in seconds, on `exp`, `nbf`, `iat` and `maxAge`; 0 by default. */
  leeway?: number | undefined;
  /** Accept a token without `exp`. */
  allowNoExp?: boolean | undefined;
  /** Trust the key of a certificate that has expired. One that is not valid yet stays refused. */
  allowExpiredCertificate?: boolean | undefined;
  /** The longest token looked at, in characters; 65,536 by default. */
  maxLength?: number | undefined;
}

/** A claim that must be present, with the JSON value that it must have, if one is given. */
export interface RequiredClaim {
  readonly name: string;
  readonly value?: unknown;
}

/** Whether two media types are one: RFC 7515 §4.1.9 leaves `application/` out, and case does not count (RFC 2045 §5.1). */
export function isSameMediaType(one: string, other: string): boolean {
  return fullMediaType(one) === fullMediaType(other);
}

function fullMediaType(type: string): string {
  return (type.includes('/') ? type : `application/${type}`).toLowerCase();
}

/** Whether two JSON values are equal; the order of members does not count. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSameJson(item, other[at]));
  }
  if (!isJsonObject(one)) return one === other;
  if (!isJsonObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameJson(one[name], other[name]))
  );
}

const policyMembers: ReadonlySet<string> = new Set<keyof VerifyPolicy>([
  'algorithms',
  'type',
  'issuer',
  'audience',
  'subject',
  'scope',
  'role',
  'typ',
  'require',
  'maxAge',
  'leeway',
  'allowNoExp',
  'allowExpiredCertificate',
  'maxLength',
]);

/**
 * Checks what a caller without a compiler may get wrong: a leeway that is a string would be joined to `exp`, a list that is
 * a string would match a part of itself. Nothing is accepted under a policy that cannot be read.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkPolicy(policy: VerifyPolicy): void {
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', `policy: ${message}`);
  if (typeof policy !== 'object' || policy === null) throw refuse('it is an object');
  const unknown = Object.keys(policy).find((name) => !policyMembers.has(name));
  if (unknown !== undefined) throw refuse(`${quoteText(unknown)} is not a member of it`);
  const { leeway, maxAge, type, subject, typ, require: required } = policy;
  for (const [name, seconds] of Object.entries({ leeway, maxAge })) {
    if (seconds !== undefined && !(Number.isFinite(seconds) && seconds >= 0))
      throw refuse(`${name} is a number of seconds`);
  }
  if (leeway !== undefined && leeway > maxLeeway) {
    throw refuse(`leeway is at most ${formatDuration(maxLeeway)}, revocations outlive a token by no more`);
  }
  if (type !== undefined && !['access', 'refresh', 'any'].includes(type))
    throw refuse('type is access, refresh or any');
  for (const [name, text] of Object.entries({ subject, typ })) {
    if (text !== undefined && typeof text !== 'string') throw refuse(`${name} is a string`);
  }
  for (const name of ['issuer', 'audience'] as const) {
    if (policy[name] !== undefined && !isStringOrStrings(policy[name]))
      throw refuse(`${name} is a string or an array of strings`);
  }
  for (const name of ['algorithms', 'scope', 'role'] as const) {
    const list = policy[name];
    if (list !== undefined && !(Array.isArray(list) && isStringOrStrings(list)))
      throw refuse(`${name} is an array of strings`);
  }
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((item) => typeof item?.name === 'string'))
  ) {
    throw refuse('require is an array of {name, value?}');
  }
}
