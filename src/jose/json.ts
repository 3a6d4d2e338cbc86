/**
 * Strict JSON for what strangers send: UTF-8 without a byte order mark, no duplicate names (RFC 7515 §4, RFC 7519 §4), no
 * lone surrogates, bounded depth. JSON.parse alone lets the last of two equal names win, so a verifier and the service
 * behind it can read different claims from one signed text.
 */

/** A JSON object; members are own properties, `__proto__` included, and only own properties count. */
export type JsonObject = { [name: string]: unknown };

/** The deepest nesting accepted; the outermost object is depth 1. */
export const maxJsonDepth = 64;

/** Why a text was refused; `reason` completes "the payload …". */
export class JsonError extends Error {}

/**
 * Parses UTF-8 bytes as one JSON object.
 * @throws {JsonError} with a message that completes "the header …", for anything but a strict JSON object.
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes);
  if (!isJsonObject(value)) throw new JsonError(`is ${describeJson(value)}, not a JSON object`);
  return value;
}

/**
 * Parses UTF-8 bytes as one JSON value.
 * @throws {JsonError} with a message that completes "the header …".
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError(bytes.length === 0 ? 'is empty' : 'is not JSON');
  }
  const escaped = text.includes('\\u');
  const members = countMembers(value, 1, escaped);
  if (members !== countColons(text)) throw new JsonError('has a duplicate member name');
  return value;
}

/** Whether a value is a JSON object rather than an array, null or a scalar. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an own member, undefined where there is none: nothing is ever read off a prototype. */
export function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as JsonObject)[name] : undefined;
}

/** Text that came from outside as a JSON string for a message, cut after 80 characters. */
export function quoteText(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** The JSON type of a value in words, for messages: "a number", "null". */
export function describeJson(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'null' : 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function decodeUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // Decoding replaces each bad sequence by U+FFFD; only a text that holds one needs the comparison.
  if (text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(buffer)) throw new JsonError('is not UTF-8');
  return text;
}

/** Members of all objects in a parsed value, each name once. */
function countMembers(value: unknown, depth: number, escaped: boolean): number {
  if (typeof value === 'string') {
    if (escaped && !value.isWellFormed()) throw new JsonError('has a lone surrogate');
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > maxJsonDepth) throw new JsonError(`is nested deeper than ${maxJsonDepth} levels`);
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countMembers(element, depth + 1, escaped);
    return members;
  }
  for (const name of Object.keys(value)) {
    if (escaped && !name.isWellFormed()) throw new JsonError('has a lone surrogate');
    members += 1 + countMembers((value as JsonObject)[name], depth + 1, escaped);
  }
  return members;
}

const quote = 0x22;
const colon = 0x3a;
const backslash = 0x5c;

/** Colons outside strings in a text known to be JSON: one for each member as written, duplicates included. */
function countColons(text: string): number {
  let colons = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === backslash) index++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === colon) colons++;
  }
  return colons;
}
