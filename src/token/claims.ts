import { describeJson, type JsonObject, own } from '../jose/json.js';
import { isNumericDate } from './time.js';

/** A claims set (RFC 7519 §4): the registered claims, those of the toolkit, and whatever else was signed. */
export interface Claims {
  iss?: string;
  sub?: string;
  aud?: string | string[];
  /** NumericDate, as are `nbf` and `iat`: seconds since 1970. */
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  /** What the token is for; `access` or `refresh` in the tokens that jwtkit issues. */
  type?: string;
  /** Space-separated (RFC 8693 §4.2). */
  scope?: string;
  role?: string | string[];
  /** The session that a pair and the tokens refreshed from it belong to. */
  family?: string;
  [name: string]: unknown;
}

/** The kinds of token that jwtkit issues. */
export type TokenType = 'access' | 'refresh';

interface ClaimShape {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const string: ClaimShape = { accepts: isString, expected: 'a string' };
const numericDate: ClaimShape = { accepts: isNumericDate, expected: 'seconds since 1970, at most year 9999' };
const strings: ClaimShape = { accepts: isStringOrStrings, expected: 'a string or an array of strings' };

const shapes: ReadonlyMap<string, ClaimShape> = new Map([
  ['iss', string],
  ['sub', string],
  ['aud', strings],
  ['exp', numericDate],
  ['nbf', numericDate],
  ['iat', numericDate],
  ['jti', string],
]);

/**
 * What is wrong with the shape of a claim (RFC 7519 §4.1), as a message; undefined for one that is absent, sound or has
 * no prescribed shape.
 */
export function claimShapeProblem(claims: JsonObject, name: string): string | undefined {
  if (!Object.hasOwn(claims, name)) return undefined;
  const shape = shapes.get(name);
  const value = claims[name];
  if (shape === undefined || shape.accepts(value)) return undefined;
  return `${name} is ${typeof value === 'number' ? value : describeJson(value)}, it must be ${shape.expected}`;
}

/** Names of the registered claims whose shape is prescribed. */
export const registeredClaims: readonly string[] = [...shapes.keys()];

/** Whether a value is a string. */
export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether a value is a string or an array of strings, as `aud` and `role` are. */
export function isStringOrStrings(value: unknown): value is string | string[] {
  return isString(value) || (Array.isArray(value) && value.every(isString));
}

/** A claim that is one string or several, as a list. */
export function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

/** The scope tokens in a scope string (RFC 6749 §3.3). */
export function splitScope(scope: string): string[] {
  return scope.split(' ').filter((token) => token !== '');
}

/** The scope tokens of a token; none where it has no `scope`, or one that is no text. */
export function scopesOf({ scope }: Claims): string[] {
  return typeof scope === 'string' ? splitScope(scope) : [];
}

/** Whether a string is one scope token (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
export function isScopeToken(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}

/**
 * Finds a value by path: the name of a claim as it stands, a JSON Pointer (RFC 6901) when it begins with `/`, else names
 * and array indexes joined by dots. Only own members count.
 */
export function findByPath(claims: JsonObject, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  const steps = path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
  let value: unknown = claims;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(step)) return undefined;
    value = own(value, step);
  }
  return value;
}
