/** Writes what a caller gives for a token as JSON, and refuses what JSON would replace by something else. */
import { JwtkitError } from '../errors.js';
import { isPromise } from './arguments.js';
import { parseClaims } from './compact.js';
import { findOddNumber, writeJson } from './exact-json.js';
import { type JsonObject, quoteText } from './json.js';

/**
 * Writes a header or claims. A bigint is written by its digits.
 * @throws {JwtkitError} USAGE_INVALID for NaN and Infinity, a toJSON of the whole, and what is no JSON.
 */
export function writeGiven(given: Readonly<JsonObject>, part: 'header' | 'claims'): string {
  const odd = findOddNumber(given);
  if (odd === 'infinite') throw refuse(`a number in the ${part} cannot be written as JSON`);
  if (typeof given.toJSON === 'function') throw refuse(`the ${part} may not have toJSON: it would replace all members`);
  try {
    return odd === undefined ? JSON.stringify(given) : writeJson(given);
  } catch {
    // It contains itself, or a member's toJSON throws.
    throw refuse(`the ${part} cannot be written as JSON`);
  }
}

/**
 * Refuses claims that JSON would lose: it writes a promise as {}, and leaves out a function and a symbol.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireValues(claims: Readonly<JsonObject>): void {
  for (const name of Object.keys(claims)) {
    const value = claims[name];
    if (isPromise(value)) throw refuse(`claim ${quoteText(name)} is a Promise: await it`);
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw refuse(`claim ${quoteText(name)} is a ${typeof value}, which JSON cannot write`);
    }
  }
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
