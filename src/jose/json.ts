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
  const source = decodeUtf8(bytes);
  const isEscaped = source.includes('\\');
  let plain: PlainNames | undefined;
  let value: unknown;
  try {
    if (isEscaped) plain = writePlainNames(source);
    value = JSON.parse(plain?.text ?? source);
  } catch (error) {
    throw error instanceof JsonError ? error : new JsonError(bytes.length === 0 ? 'is empty' : 'is not JSON');
  }
  const members =
    isFlat(source, value) && !isEscaped
      ? Object.keys(value).length
      : countMembers(value, 1, isEscaped && source.includes('\\u'));
  const colons = countColons(plain === undefined ? bytes : Buffer.from(plain.text, 'utf8'));
  if (members !== colons) throw new JsonError('has a duplicate member name');
  return plain === undefined || plain.standIns.size === 0 ? value : restoreNames(value, plain.standIns);
}

/** Whether a value is a JSON object rather than an array, null or a scalar. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an own member, undefined where there is none: nothing is ever read off a prototype. */
export function own(object: object, name: string): unknown {
  const value = (object as JsonObject)[name];
  return value !== undefined && Object.hasOwn(object, name) ? value : undefined;
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
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString();
  // Decoding replaces each bad sequence by U+FFFD; only a text that holds one needs the comparison.
  if (text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(buffer)) throw new JsonError('is not UTF-8');
  return text;
}

/** A text whose member names hold no escapes, and the names that something else stands in for. */
interface PlainNames {
  readonly text: string;
  readonly standIns: ReadonlyMap<string, string>;
}

/**
 * Writes the member names of a text plainly. JSON.parse of Node 24 and 26 can take an escaped name for one that it met in
 * another text (nodejs/node#63785), so that equal names pass for different ones. For a name that cannot be written plainly,
 * because it holds a quote, a backslash or a control character, another stands in until the text is parsed.
 */
function writePlainNames(text: string): PlainNames {
  const standIns = new Map<string, string>();
  const byName = new Map<string, string>();
  // A character that the text does not hold, so that no stand-in can be a name of its own.
  let mark = 0xf0000;
  while (text.includes(String.fromCodePoint(mark))) mark++;
  let plain = '';
  let copied = 0;
  for (let start = text.indexOf('"'); start >= 0; ) {
    let end = start + 1;
    let isEscaped = false;
    for (; end < text.length && text.charCodeAt(end) !== quote; end++) {
      if (text.charCodeAt(end) !== backslash) continue;
      isEscaped = true;
      end++;
    }
    if (isEscaped && isFollowedByColon(text, end + 1)) {
      const name = JSON.parse(text.slice(start, end + 1)) as string;
      if (!name.isWellFormed()) throw new JsonError('has a lone surrogate');
      let written = byName.get(name) ?? name;
      if (written === name && (holdsUnwritable(name) || name.includes(String.fromCodePoint(mark)))) {
        written = `${String.fromCodePoint(mark)}${byName.size}`;
        byName.set(name, written);
        standIns.set(written, name);
      }
      plain += `${text.slice(copied, start)}"${written}"`;
      copied = end + 1;
    }
    start = text.indexOf('"', end + 1);
  }
  return { text: plain + text.slice(copied), standIns };
}

function restoreNames(value: unknown, standIns: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((element) => restoreNames(element, standIns));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [
    standIns.get(name) ?? name,
    restoreNames(member, standIns),
  ]);
  return Object.fromEntries(members);
}

function isFollowedByColon(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text.charCodeAt(next) === colon;
}

function holdsUnwritable(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code < 0x20 || code === quote || code === backslash) return true;
  }
  return false;
}

/** Whether a value is an object that can hold no other: its text has one brace. Most claims sets are, and need no descent. */
function isFlat(text: string, value: unknown): value is JsonObject {
  return isJsonObject(value) && text.indexOf('{', 1) < 0 && !text.includes('[');
}

/** Members of all objects in a parsed value, each name once. */
function countMembers(value: unknown, depth: number, escaped: boolean): number {
  if (typeof value === 'string') {
    if (escaped && !value.isWellFormed()) throw new JsonError('has a lone surrogate');
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > maxJsonDepth) throw new JsonError(`is nested deeper than ${maxJsonDepth} levels`);
  if (escaped && !Object.keys(value).every((name) => name.isWellFormed())) throw new JsonError('has a lone surrogate');
  const contents: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = contents === value ? 0 : contents.length;
  for (const content of contents) {
    // Most are no objects, and calling for each of them takes longer than looking.
    if (typeof content === 'object' || escaped) members += countMembers(content, depth + 1, escaped);
  }
  return members;
}

const quote = 0x22;
const colon = 0x3a;
const backslash = 0x5c;

/**
 * Colons outside strings in UTF-8 known to be JSON: one for each member as written, duplicates included. Bytes are counted
 * three times faster than the characters of a string, and those of a longer sequence are all beyond ASCII.
 */
function countColons(json: Uint8Array): number {
  const { length } = json;
  let colons = 0;
  for (let index = 0; index < length; index++) {
    const byte = json[index];
    if (byte === colon) colons++;
    if (byte !== quote) continue;
    while (++index < length && json[index] !== quote) if (json[index] === backslash) index++;
  }
  return colons;
}
