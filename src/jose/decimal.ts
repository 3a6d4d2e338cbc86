/** Compares JSON numbers exactly. The time grows with their text, not with their exponents. */
import { NumberText } from './number-text.js';

type JsonNumber = number | bigint | NumberText;

/** Whether a value stands for a JSON number. */
export function isJsonNumber(value: unknown): value is JsonNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberText;
}

/** Whether two numbers are the same decimal: `100`, `100.0` and `1e2` are. A JavaScript number counts as JSON writes it. */
export function isSameNumber(one: JsonNumber, other: JsonNumber): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one === other;
  return normalize(String(one)) === normalize(String(other));
}

/** Longer exponents are compared as they are written. */
const maxExponentDigits = 1000;

/** Returns the normal form of a number: its sign, its digits without outer zeros, and their exponent. */
function normalize(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e', 2);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.', 2);
  const digits = whole + fraction;
  const start = digits.search(/[1-9]/);
  if (start < 0) return '0';
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const shift = digits.length - end - fraction.length;
  return `${sign}${digits.slice(start, end)}e${addToExponent(exponent, shift)}`;
}

function addToExponent(exponent: string, shift: number): string {
  const sign = exponent.startsWith('-') ? '-' : '';
  const digits = exponent.replace(/^[+-]/, '').replace(/^0+(?=\d)/, '');
  if (digits.length > maxExponentDigits) return `${sign}${digits}${shift < 0 ? '' : '+'}${shift}`;
  return String(BigInt(sign + digits) + BigInt(shift));
}
