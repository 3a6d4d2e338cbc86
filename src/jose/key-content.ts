import { JwtkitError } from '../errors.js';
import { isWholeDer } from './der.js';
import { encodingOf, textBytes, withoutMark } from './text.js';

/** The content of a key file. Refuses PEM and JSON that are not UTF-8, and drops their byte order mark. */
export function keyContent(bytes: Buffer, where: string): Buffer {
  const isText = encodingOf(bytes) !== undefined || isJsonText(withoutMark(bytes)) || bytes.includes('-----BEGIN');
  if (!isText || isWholeDer(bytes)) return bytes;
  return textBytes(bytes, (problem, hint) => new JwtkitError('KEY_INVALID', `${where}the key ${problem}`, { hint }));
}

/** Whether bytes begin as a JSON object or an array of them does; a section of an INI file begins with a bracket too. */
export function isJsonText(bytes: Buffer): boolean {
  return /^\s*(?:\{|\[\s*[\]{[])/.test(bytes.toString('latin1'));
}
