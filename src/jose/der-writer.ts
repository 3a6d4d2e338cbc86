/** Structures in DER (X.690), written from their parts. */

/** Returns an element with a tag; its content is the joined parts. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content]);
  const length = bigEndian(size);
  return Buffer.concat([Buffer.of(tag, 0x80 + length.length), length, content]);
}

export const sequence = (...parts: readonly Uint8Array[]) => derElement(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => derElement(0x31, ...parts);
export const octetString = (bytes: Uint8Array) => derElement(0x04, bytes);
export const bitString = (bytes: Uint8Array, unusedBits = 0) => derElement(0x03, Buffer.of(unusedBits), bytes);
export const nullValue = () => derElement(0x05);
/** TRUE. A BOOLEAN is written only where it is not the default (X.690 §11.5), which is FALSE everywhere here. */
export const isTrue = () => derElement(0x01, Buffer.of(0xff));
/** [n] EXPLICIT, or [n] IMPLICIT of a constructed type. */
export const tagged = (tag: number, ...parts: readonly Uint8Array[]) => derElement(0xa0 | tag, ...parts);
/** [n] IMPLICIT of a primitive type. */
export const taggedBytes = (tag: number, bytes: Uint8Array) => derElement(0x80 | tag, bytes);

/** A non-negative INTEGER, or the bytes of any. */
export function integer(value: number | Uint8Array): Buffer {
  if (typeof value !== 'number') return derElement(0x02, value);
  const bytes = bigEndian(value);
  const sign = (bytes[0] as number) >= 0x80 ? Buffer.of(0) : Buffer.alloc(0);
  return derElement(0x02, sign, bytes);
}

function bigEndian(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

/** An OBJECT IDENTIFIER, from its numbers with dots. */
export function oid(id: string): Buffer {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  return derElement(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

const stringTags = { UTF8String: 0x0c, PrintableString: 0x13, IA5String: 0x16, BMPString: 0x1e } as const;

/** The string types that X.509 names are made of (RFC 5280 §4.1.2.4), and BMPString. */
export type DerString = keyof typeof stringTags;

/** A text in a string type; the caller checks that the type can hold it. */
export function string(type: DerString, text: string): Buffer {
  const bytes = type === 'BMPString' ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text);
  return derElement(stringTags[type], bytes);
}

/** A Time (RFC 5280 §4.1.2.5): UTCTime until 2049, GeneralizedTime from 2050. `moment` is a NumericDate. */
export function time(moment: number): Buffer {
  const date = new Date(Math.floor(moment) * 1000);
  const text = date.toISOString().replace(/\.\d+|[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? derElement(0x17, Buffer.from(text.slice(2)))
    : derElement(0x18, Buffer.from(text));
}
