/**
 * JSON whose numbers keep their text. JSON.parse turns `100002348117421473` into another number and `1e400` into Infinity,
 * and JSON.stringify writes `1.0` as `1`. A text with such a number is read a second time, after the strict parser.
 */
import { escapeJson } from '../shown-text.js';
import { type JsonObject, type RefuseJson, readJson } from './json.js';
import { JsonError, maxJsonDepth, readValues } from './json-reader.js';
import { NumberText } from './number-text.js';

/** Finds numbers that JSON may write differently: with a fraction, an exponent, 16 digits, or -0. */
const maybeInexact = /[:,[\s]-?(?:\d{16}|\d+[.eE])|[:,[\s]-0/;

/**
 * Returns the value of a JSON text, with a {@link NumberText} for each number that JSON would write differently.
 * @param text must come from the strict parser or from JSON.stringify.
 * @param parsed the value that JSON.parse returned; comes back unchanged if all numbers are ordinary.
 */
export function readExact<T>(text: string, parsed: T): T {
  const isContainer = typeof parsed === 'object' && parsed !== null;
  if (isContainer ? !maybeInexact.test(text) : typeof parsed !== 'number') return parsed;
  return readValues(text, { readNumber }) as T;
}

function readNumber(text: string): number | NumberText {
  const value = Number(text);
  return String(value) === text ? value : new NumberText(text);
}

/** Parses UTF-8 bytes as {@link readJson} does, and keeps the text of numbers. */
export function parseExactJson(bytes: Uint8Array, refuse?: RefuseJson): unknown {
  const { value, text } = readJson(bytes, refuse);
  return readExact(text, value);
}

/** Returns what JSON.parse makes of a value whose numbers have their text. */
export function toPlain<T>(exact: T): T {
  return findOddNumber(exact) === undefined ? exact : (JSON.parse(writeJson(exact)) as T);
}

/** Stands for a number in the output of JSON.stringify. No text from UTF-8 contains it, since it is a lone surrogate. */
const standIn = '\ud800';

/** Writes a value as JSON.stringify does, and throws as it does, but writes a NumberText and a bigint by their digits. */
export function writeJson(value: unknown, indent?: number | string): string {
  if (findOddNumber(value) === undefined) return JSON.stringify(value, null, indent);
  const numbers: string[] = [];
  const json = JSON.stringify(
    value,
    function (this: JsonObject, name: string, member: unknown) {
      if (name === standIn || member === standIn) throw new JsonError('has a lone surrogate');
      // `member` may be the result of a toJSON that somebody gave to bigints.
      const original = this[name];
      if (!(original instanceof NumberText) && typeof original !== 'bigint') return member;
      numbers.push(String(original));
      return standIn;
    },
    indent,
  );
  let next = 0;
  return json.replace(/"\\ud800"/g, () => numbers[next++] as string);
}

/** Strings that stand in JSON as they are, and have nothing to escape. */
const plainText = /^[ !$-[\]-~]*$/;

/** JSON that is safe to show and still the same JSON; see {@link writeJson}. */
export function toJson(value: unknown, indent?: number): string {
  // A batch writes three such values for each token. Without these lines they take 0.4 µs longer.
  if (typeof value === 'string' && plainText.test(value)) return `"${value}"`;
  if (Number.isSafeInteger(value)) return String(value);
  return escapeJson(writeJson(value, indent));
}

/** Output puts claims into objects of its own. */
const maxWrittenDepth = maxJsonDepth + 4;

/** Returns `infinite` for a value with a number that JSON cannot write, else `exact` for a NumberText or a bigint. */
export function findOddNumber(value: unknown, depth = 0): 'exact' | 'infinite' | undefined {
  if (typeof value === 'string') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'infinite';
  if (typeof value === 'bigint' || value instanceof NumberText) return 'exact';
  // JSON.stringify refuses a value that contains itself, and the strict parser refuses deeper ones.
  if (typeof value !== 'object' || value === null || depth > maxWrittenDepth) return undefined;
  let found: 'exact' | undefined;
  const isArray = Array.isArray(value);
  // For an object, Object.values takes twice as long.
  for (const place of isArray ? value : Object.keys(value)) {
    const odd = findOddNumber(isArray ? place : (value as JsonObject)[place], depth + 1);
    if (odd === 'infinite') return odd;
    found ??= odd;
  }
  return found;
}
