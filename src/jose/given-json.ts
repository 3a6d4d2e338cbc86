/** Writes what a caller gives for a token as JSON, and refuses what JSON would replace by something else. */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPromise } from './arguments.js';
import { parseClaims } from './compact.js';
import { findOddNumber, writeJson } from './exact-json.js';
import { type JsonObject, quoteText } from './json.js';
import { maxJsonDepth } from './json-reader.js';

/**
 * Writes a header or claims. A bigint is written by its digits.
 * @throws {JwtkitError} USAGE_INVALID for NaN and Infinity, a toJSON of the whole, and what is no JSON; for a header as {@link requireValues}.
 */
export function writeGiven(given: Readonly<JsonObject>, part: 'header' | 'claims'): string {
  if (typeof given.toJSON === 'function') throw refuse(`the ${part} may not have toJSON: it would replace all members`);
  if (part === 'header') requireMembers(given, 'header member');
  const written = write(() => JSON.stringify(given));
  // It contains itself, or a member's toJSON throws. What follows would go every way through such an object.
  const isSound = written !== undefined || write(() => JSON.stringify(given, withoutBigint)) !== undefined;
  const odd = isSound ? findOddNumber(given) : undefined;
  if (odd === 'infinite') throw refuse(`a number in the ${part} cannot be written as JSON`);
  const json = odd === undefined ? written : write(() => writeJson(given));
  if (json === undefined) throw refuse(`the ${part} cannot be written as JSON`);
  return json;
}

function write(action: () => string): string | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function withoutBigint(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? 0 : value;
}

/**
 * Refuses claims that JSON would lose: it writes a promise and a Map as {}, leaves out a function, a symbol and what an object inherits.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireValues(claims: Readonly<JsonObject>): void {
  requireMembers(claims, 'claim');
  const inherited = inheritedName(claims);
  if (inherited === undefined) return;
  throw refuse(`claim ${quoteText(inherited)} is inherited, and JSON has own members alone: pass a plain object`);
}

/** Refuses members that JSON would lose, whole or in part. */
function requireMembers(given: Readonly<JsonObject>, what: string): void {
  const seen = new Set<object>();
  for (const name of Object.keys(given)) {
    const lost = findLost(given[name], seen);
    if (lost === undefined) continue;
    const where = `${what} ${quoteText(name)} ${lost.isInside ? 'holds' : 'is'} ${lost.kind}`;
    throw refuse(lost.kind === 'a Promise' ? `${where}: await it` : `${where}, which JSON cannot write`);
  }
}

/** Objects whose content is in no member. */
const withoutMembers: readonly string[] = ['a Promise', 'a Map', 'a Set', 'a RegExp', 'a KeyObject', 'a CryptoKey'];

/** What JSON would lose of a value, in words, and whether that is only a part of it; undefined for nothing. Looks at each object once. */
function findLost(value: unknown, seen: Set<object>, depth = 0): { kind: string; isInside: boolean } | undefined {
  const isInside = depth > 0;
  if (typeof value === 'function' || typeof value === 'symbol') return { kind: `a ${typeof value}`, isInside };
  if (typeof value !== 'object' || value === null || depth > maxJsonDepth || seen.has(value)) return undefined;
  seen.add(value);
  const kind = isPlain(value) ? '' : describeArgument(value);
  if (withoutMembers.includes(kind)) return { kind, isInside };
  if (kind === 'a Date' && Number.isNaN(Number(value))) return { kind: 'a Date that is no time', isInside };
  // What writes itself has its reasons.
  if (typeof (value as JsonObject).toJSON === 'function') return undefined;
  // A member that is undefined is left out; an item would become null.
  if (Array.isArray(value) && value.includes(undefined)) return { kind: 'undefined', isInside: true };
  for (const member of Object.values(value)) {
    const lost = findLost(member, seen, depth + 1);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** Whether a value is an array, or an object without a class. Such a value needs no description, which would cost 2 % of an HMAC signature. */
function isPlain(value: object): boolean {
  return (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) && !isPromise(value);
}

/** The name of a member that an object has from another one, such as a getter of its class. Methods are no members. */
function inheritedName(given: object): string | undefined {
  for (let from: unknown = Object.getPrototypeOf(given); from !== null; from = Object.getPrototypeOf(from)) {
    // The Object.prototype of any realm.
    if (Object.hasOwn(from as object, 'hasOwnProperty')) return undefined;
    for (const [name, { get, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if ((get !== undefined || enumerable === true) && !Object.hasOwn(given, name)) return name;
    }
  }
  return undefined;
}

/** Claims as a payload, and what a verifier reads in it. */
export interface WrittenClaims {
  readonly payload: Buffer;
  /** What JSON.parse makes of the payload: large numbers are rounded. */
  readonly value: JsonObject;
  readonly text: string;
}

/**
 * Writes claims, and reads them as verifiers will.
 * @throws {JwtkitError} USAGE_INVALID as {@link writeGiven}, and for claims that the strict parser would refuse.
 */
export function writeClaims(claims: Readonly<JsonObject>): WrittenClaims {
  const payload = Buffer.from(writeGiven(claims, 'claims'), 'utf8');
  try {
    const { value, text } = parseClaims(payload);
    return { payload, value, text };
  } catch (error) {
    throw error instanceof JwtkitError
      ? refuse(`the claims make a payload that ${error.message.replace(/^payload /, '')}`)
      : error;
  }
}

function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message);
}
