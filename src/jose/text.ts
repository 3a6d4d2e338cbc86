/**
 * Text files in UTF-8 (RFC 3629). A byte order mark at the start is not part of the text (§6). A text in another encoding is
 * refused with its name: read as UTF-8, its rules would have no effect.
 */
import type { JwtkitError } from '../errors.js';
import { asBuffer } from './base64url.js';
import { type JsonObject, type ReadJson, readJsonObject } from './json.js';

/** Makes the error for a text that cannot be read; `problem` completes "the file …". */
export type RefuseText = (problem: string, hint?: string) => JwtkitError;

/** The hint for a text in another encoding. */
export const saveAsUtf8 = 'save it as UTF-8';

/** The bytes of a text file without its byte order mark. Throws what `refuse` makes for anything that is not UTF-8. */
export function textBytes(bytes: Uint8Array, refuse: RefuseText): Buffer {
  const problem = textProblem(bytes);
  if (problem !== undefined) throw refuse(problem, saveAsUtf8);
  return withoutMark(asBuffer(bytes));
}

/** The JSON object in a text file: strict JSON, with or without a byte order mark (RFC 8259 §8.1). */
export function readJsonFile(bytes: Uint8Array, refuse: RefuseText): ReadJson<JsonObject> {
  return readJsonObject(textBytes(bytes, refuse), (problem) => refuse(problem));
}

/** Whether bytes begin with the byte order mark of UTF-8. */
export function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Bytes of any kind without the byte order mark of UTF-8. */
export function withoutMark<T extends Uint8Array>(bytes: T): T {
  return hasMark(bytes) ? (bytes.subarray(3) as T) : bytes;
}

/** A secret without the line end that an editor or `echo` adds to it. */
export function withoutLineEnd<T extends Uint8Array>(secret: T): T {
  const last = secret.length - 1;
  if (secret[last] !== 0x0a) return secret;
  return secret.subarray(0, secret[last - 1] === 0x0d ? last - 1 : last) as T;
}

/** Why bytes are not a text in UTF-8, to complete "the file …"; undefined if they are. */
export function textProblem(bytes: Uint8Array): string | undefined {
  const encoding = encodingOf(bytes);
  if (encoding !== undefined) return `is ${encoding}, not UTF-8`;
  const buffer = asBuffer(bytes);
  const nul = buffer.indexOf(0);
  if (nul >= 0) return `holds a NUL byte in line ${lineAt(buffer, nul)}`;
  const text = buffer.toString();
  // Decoding replaces each bad sequence by U+FFFD.
  const encoded = text.includes('\uFFFD') ? Buffer.from(text) : buffer;
  if (encoded.equals(buffer)) return undefined;
  const at = encoded.findIndex((byte, index) => byte !== buffer[index]);
  return `is not UTF-8 in line ${lineAt(buffer, at)}`;
}

function lineAt(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).toString('latin1').split('\n').length;
}

/** The encoding of a text in UTF-16 or UTF-32, by its byte order mark or the zero bytes around its letters. */
export function encodingOf(bytes: Uint8Array): 'UTF-16' | 'UTF-32' | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'UTF-32' : 'UTF-16';
  if (first === 0xfe && second === 0xff) return 'UTF-16';
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return 'UTF-32';
  if (!bytes.includes(0)) return undefined;
  if (isMostlyAscii(bytes, 4, 0) || isMostlyAscii(bytes, 4, 3)) return 'UTF-32';
  return isMostlyAscii(bytes, 2, 0) || isMostlyAscii(bytes, 2, 1) ? 'UTF-16' : undefined;
}

/** Fewer letters between zeros may be chance. */
const leastLetters = 4;

/** Whether most units of `width` bytes are an ASCII character at `place` and zeros elsewhere. */
function isMostlyAscii(bytes: Uint8Array, width: number, place: number): boolean {
  const units = Math.floor(bytes.length / width);
  let letters = 0;
  for (let start = 0; start < units * width; start += width) {
    const byte = bytes[start + place] as number;
    const isPrintable = (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
    let zeros = 0;
    for (let at = start; at < start + width; at++) if (bytes[at] === 0) zeros++;
    if (isPrintable && zeros === width - 1) letters++;
  }
  return letters >= leastLetters && letters * 2 > units;
}

/** Returns a content as the member that JSON shows: `content` for text, `content_base64` for other bytes. */
export function contentMember(plaintext: Uint8Array): { content: string } | { content_base64: string } {
  const bytes = Buffer.from(plaintext);
  return textProblem(plaintext) === undefined
    ? { content: bytes.toString() }
    : { content_base64: bytes.toString('base64') };
}
