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
  if (typeof policy !== 'object' || policy === null) throw refuse('it is an object');
  for (const name of Object.keys(policy)) {
    if (!policyMembers.has(name)) throw refuse(`${quoteText(name)} is not a member of it`);
  }
  const { leeway, type, require: required } = policy;
  checkSeconds('leeway', leeway);
  checkSeconds('maxAge', policy.maxAge);
  if (leeway !== undefined && leeway > maxLeeway) {
    throw refuse(`leeway is at most ${formatDuration(maxLeeway)}, revocations outlive a token by no more`);
  }
  if (type !== undefined && type !== 'access' && type !== 'refresh' && type !== 'any')
    throw refuse('type is access, refresh or any');
  checkString('subject', policy.subject);
  checkString('typ', policy.typ);
  checkStrings('issuer', policy.issuer);
  checkStrings('audience', policy.audience);
  checkList('algorithms', policy.algorithms);
  checkList('scope', policy.scope);
  checkList('role', policy.role);
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((item) => typeof item?.name === 'string'))
  ) {
    throw refuse('require is an array of {name, value?}');
  }
}

function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', `policy: ${message}`);
}

function checkSeconds(name: string, seconds: unknown): void {
  if (seconds !== undefined && !(Number.isFinite(seconds) && (seconds as number) >= 0))
    throw refuse(`${name} is a number of seconds`);
}

function checkString(name: string, text: unknown): void {
  if (text !== undefined && typeof text !== 'string') throw refuse(`${name} is a string`);
}

function checkStrings(name: string, value: unknown): void {
  if (value !== undefined && !isStringOrStrings(value)) throw refuse(`${name} is a string or an array of strings`);
}

function checkList(name: string, list: unknown): void {
  if (list !== undefined && !(Array.isArray(list) && isStringOrStrings(list)))
    throw refuse(`${name} is an array of strings`);
}
