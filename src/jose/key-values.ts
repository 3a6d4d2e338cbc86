/** Values amid other text, such as the members of JSON or the lines of an env file: base64, hex, decimal numbers, lists of bytes. */

/** One reading of a value. Hex is read as base64, too. */
export interface Value {
  readonly bytes: Buffer;
  /** Where the value begins. */
  readonly at: number;
  readonly isBase64: boolean;
}

/** The least length in each of these is below that of the shortest key. */
const run = /[A-Za-z0-9+/_-]{40,}/g;
const hexNumber = /^[+-]?(?:0x)?([\da-f]{60,})$/i;
const base32 = /^[A-Z2-7]{56,}$/;
/** The digits of one coordinate. */
const decimalNumber = /^[+-]?(\d{68,160})$/;
const listOfHex = /(?:(?:0x|\\x)?[\da-f]{2}[\s,:;-]{1,16}){27,}(?:0x|\\x)?[\da-f]{2}(?![\da-z])/gi;
const listOfDecimals = /(?:-?\d{1,3}\s{0,2},\s{0,2}){27,}-?\d{1,3}(?!\d)/g;

/** Returns the values of a text in their order. Takes linear time. */
export function valuesOf(text: string): Value[] {
  const found: Value[] = [];
  for (const { 0: value, index: at } of text.matchAll(run)) {
    found.push({ bytes: Buffer.from(value, 'base64'), at, isBase64: true });
    if (base32.test(value)) found.push({ bytes: fromBase32(value), at, isBase64: false });
    const hex = hexNumber.exec(value)?.[1];
    if (hex !== undefined) found.push({ bytes: fromHex(hex), at, isBase64: false });
    const decimal = decimalNumber.exec(value)?.[1];
    if (decimal !== undefined) found.push({ bytes: fromHex(BigInt(decimal).toString(16)), at, isBase64: false });
  }
  for (const { 0: list, index: at } of text.matchAll(listOfHex)) {
    found.push({ bytes: fromHex(list.replace(/0x|[^\da-f]/gi, '')), at, isBase64: false });
  }
  for (const { 0: list, index: at } of text.matchAll(listOfDecimals)) {
    const numbers = list.split(',').map(Number);
    if (numbers.every((number) => number >= -128 && number < 256)) {
      found.push({ bytes: Buffer.from(numbers.map((number) => number & 255)), at, isBase64: false });
    }
  }
  return found.sort((one, other) => one.at - other.at);
}

/** Hex whose first zero may be missing. */
function fromHex(digits: string): Buffer {
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}

const base32Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 (RFC 4648 §6). Takes linear time. */
function fromBase32(text: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((text.length * 5) / 8));
  let [bits, count, end] = [0, 0, 0];
  for (const digit of text) {
    bits = ((bits << 5) | base32Digits.indexOf(digit)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes[end++] = (bits >> count) & 0xff;
  }
  return bytes;
}

/** How many values are looked at one by one, and as neighbours. */
export const mostValues = 64;

/** The lengths of coordinates in bytes. */
const sizes: readonly number[] = [32, 48, 66];

/** Both coordinates of what may be a point: two values that stand beside each other, or with one between them. */
export function coordinatePairs(values: readonly Value[]): Buffer[] {
  const first = values.slice(0, mostValues);
  return first.flatMap((x, at) => {
    return first.slice(at + 1, at + 5).flatMap((y) => {
      const size = y.at > x.at ? sizes.find((each) => isCoordinate(x, each) && isCoordinate(y, each)) : undefined;
      return size === undefined ? [] : [Buffer.concat([sized(x.bytes, size), sized(y.bytes, size)])];
    });
  });
}

/** Numbers are written without zeros before them. */
const mostZeros = 2;

function isCoordinate({ bytes, isBase64 }: Value, size: number): boolean {
  const { length } = bytes;
  if (length === size + 1) return bytes[0] === 0;
  return length === size || (!isBase64 && length < size && length >= size - mostZeros);
}

function sized(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([Buffer.alloc(mostZeros), bytes]).subarray(-size);
}
