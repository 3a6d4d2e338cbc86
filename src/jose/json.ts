/**
 * Strict JSON for input from strangers: UTF-8 without a byte order mark, no duplicate names (RFC 7515 §4, RFC 7519 §4), no
 * lone surrogates, bounded depth. JSON.parse alone keeps the last of two equal names. A verifier and the service behind it
 * could then read different claims from one signed text.
 */
import { asBuffer } from './base64url.js';
import { duplicateName, JsonError, maxJsonDepth, readValues, tooDeep } from './json-reader.js';
import { NumberText } from './number-text.js';

/** A JSON object. Read own members only; `__proto__` may be one. */
export type JsonObject = { [name: string]: unknown };

/** A value and the text that it was read from, for {@link readExact}. */
export interface ReadJson<T = unknown> {
  readonly value: T;
  readonly text: string;
}

/** Makes the error for a refused text; `problem` completes "the payload …". */
export type RefuseJson = (problem: string) => Error;

/** Parses UTF-8 bytes as one JSON value. Throws what `refuse` makes, by default {@link JsonError}. */
export function readJson(bytes: Uint8Array, refuse?: RefuseJson): ReadJson {
  try {
    const text = decodeUtf8(bytes);
    return { value: parseStrictly(text, bytes), text };
  } catch (error) {
    throw error instanceof JsonError && refuse !== undefined ? refuse(error.message) : error;
  }
}

/** Parses UTF-8 bytes as one JSON object, as {@link readJson} does. */
export function readJsonObject(
  bytes: Uint8Array,
  refuse: RefuseJson = (problem) => new JsonError(problem),
): ReadJson<JsonObject> {
  const read = readJson(bytes, refuse);
  if (!isJsonObject(read.value)) throw refuse(`is ${describeJson(read.value)}, not a JSON object`);
  return read as ReadJson<JsonObject>;
}

function decodeUtf8(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  const text = buffer.toString();
  // Decoding replaces each bad sequence by U+FFFD.
  if (text.includes('\uFFFD') && !Buffer.from(text).equals(buffer)) throw new JsonError('is not UTF-8');
  return text;
}

function parseStrictly(text: string, bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError(text === '' ? 'is empty' : 'is not JSON');
  }
  // JSON.parse of Node 24 and 26 can mistake an escaped name for a name of an earlier text (nodejs/node#63785).
  if (text.includes('\\')) return readValues(text, { isStrict: true });
  if (countMembers(value, 1) !== countColons(bytes)) throw duplicateName();
  return value;
}

/** Counts the members of all objects in a value; duplicate names count once. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > maxJsonDepth) throw tooDeep();
  const isArray = Array.isArray(value);
  // For an object, Object.values takes twice as long.
  const places = isArray ? value : Object.keys(value);
  let members = isArray ? 0 : places.length;
  for (const place of places) {
    const content = isArray ? place : (value as JsonObject)[place];
    if (typeof content === 'object') members += countMembers(content, depth + 1);
  }
  return members;
}

const quote = 0x22;
const colon = 0x3a;

/** Counts the colons outside the strings of a JSON text without backslashes: one for each member, duplicates included. */
function countColons(json: Uint8Array): number {
  const { length } = json;
  let colons = 0;
  for (let at = 0; at < length; at++) {
    if (json[at] === colon) colons++;
    if (json[at] !== quote) continue;
    do at++;
    while (at < length && json[at] !== quote);
  }
  return colons;
}

/** Whether a value is a JSON object rather than an array, null or a scalar; a number by its text is a scalar. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/** The value of an own member; undefined if there is none. */
export function own(object: object, name: string): unknown {
  const value = (object as JsonObject)[name];
  return value !== undefined && Object.hasOwn(object, name) ? value : undefined;
}

/** A value if it is a text, else the empty one. An object from outside may have a `toString` that is no function. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Text from outside as a JSON string for a message, cut after 80 characters. */
export function quoteText(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** The JSON type of a value in words, for messages: "a number", "null". */
export function describeJson(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'null' : 'missing';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof NumberText) return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
