/** Distinguished names as text: `CN=web,O=Example` (RFC 4514) or `/O=Example/CN=web` (openssl). */
import { JwtkitError } from '../errors.js';
import type { DerString } from './der-writer.js';
import { quoteText } from './json.js';

/** One attribute of a name, with the string type of RFC 5280 appendix A. */
export interface NameAttribute {
  readonly oid: string;
  readonly value: string;
  readonly type: DerString;
}

interface AttributeRow {
  readonly oid: string;
  readonly names: readonly string[];
  readonly type?: NameAttribute['type'];
  /** Upper bound in characters (RFC 5280 appendix A.1, `ub-*`). */
  readonly longest?: number;
}

const rows: readonly AttributeRow[] = [
  { oid: '2.5.4.3', names: ['CN', 'commonName'], longest: 64 },
  { oid: '2.5.4.10', names: ['O', 'organizationName'], longest: 64 },
  { oid: '2.5.4.11', names: ['OU', 'organizationalUnitName'], longest: 64 },
  { oid: '2.5.4.6', names: ['C', 'countryName'], type: 'PrintableString' },
  { oid: '2.5.4.8', names: ['ST', 'S', 'stateOrProvinceName'], longest: 128 },
  { oid: '2.5.4.7', names: ['L', 'localityName'], longest: 128 },
  { oid: '2.5.4.9', names: ['STREET', 'streetAddress'] },
  { oid: '2.5.4.5', names: ['serialNumber'], type: 'PrintableString', longest: 64 },
  { oid: '2.5.4.12', names: ['title'], longest: 64 },
  { oid: '2.5.4.4', names: ['SN', 'surname'], longest: 40 },
  { oid: '2.5.4.42', names: ['GN', 'givenName'], longest: 16 },
  { oid: '0.9.2342.19200300.100.1.25', names: ['DC', 'domainComponent'], type: 'IA5String' },
  { oid: '0.9.2342.19200300.100.1.1', names: ['UID', 'userId'] },
  { oid: '1.2.840.113549.1.9.1', names: ['emailAddress', 'E'], type: 'IA5String', longest: 255 },
];

const escapeHint = 'write it as \\, \\+ \\" \\\\ and so on, or as its bytes in hex: \\2C';

/** The attributes of a name in the order of their encoding: RFC 4514 §2.1 writes the last one first. Throws USAGE_INVALID. */
export function parseDistinguishedName(text: string): NameAttribute[] {
  if (text.trim() === '') throw refuse('the name is empty');
  if (text.length > 1024) throw refuse('the name is longer than 1024 characters');
  const isSlashed = text.startsWith('/');
  const parts = isSlashed ? splitUnescaped(text.slice(1), '/') : splitUnescaped(text, ',');
  const attributes = parts.map((part) => readAttribute(part, isSlashed));
  return isSlashed ? attributes : attributes.reverse();
}

function refuse(message: string, hint = 'write CN=web,O=Example or /O=Example/CN=web'): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message, { hint });
}

/** Splits at separators without a backslash before them. Keeps the escapes. */
function splitUnescaped(text: string, separator: string): string[] {
  const parts = [''];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === separator) parts.push('');
    else parts[parts.length - 1] += char === '\\' ? char + (text[++at] ?? '') : char;
  }
  return parts;
}

function readAttribute(part: string, isSlashed: boolean): NameAttribute {
  const at = part.indexOf('=');
  if (part.trim() === '') throw refuse('a part of the name is empty');
  if (at < 0) throw refuse(`${quoteText(part)} is not TYPE=value`, `an escape may be missing before it; ${escapeHint}`);
  const typeName = part.slice(0, at).trim();
  const row = rows.find(({ oid, names }) => {
    return oid === typeName || names.some((name) => name.toLowerCase() === typeName.toLowerCase());
  });
  if (row === undefined) {
    throw refuse(`attribute type ${quoteText(typeName)} is not known`, rows.map(({ names }) => names[0]).join(', '));
  }
  const name = row.names[0] as string;
  const value = unescapeValue(name, part.slice(at + 1), isSlashed);
  const problem = valueProblem(value, row);
  if (problem !== undefined) throw refuse(`${name} ${problem}`, 'such as CN=web,O=Example,C=DE');
  return { oid: row.oid, value, type: row.type ?? 'UTF8String' };
}

/** RFC 4514 §2.4: a backslash escapes a character, or two hex digits of its UTF-8. Drops outer white space that is not escaped. */
function unescapeValue(name: string, raw: string, isSlashed: boolean): string {
  const trimmed = raw.trimStart();
  const dense = trimmed.trimEnd();
  let backslashes = 0;
  while (dense.at(-1 - backslashes) === '\\') backslashes++;
  // An odd one escapes the space behind it.
  const text = trimmed.slice(0, dense.length + (backslashes % 2));
  if (!isSlashed && text.startsWith('#')) throw refuse(`${name}: a value in hex, after #, is not read`, escapeHint);
  const bytes: Buffer[] = [];
  for (const [, hex, special, char = ''] of text.matchAll(/\\([0-9a-fA-F]{2})|\\([ "#+,;<=>\\/])|(.)/gsu)) {
    if (char === '\\') {
      throw refuse(`${name}: a backslash stands before a special character or two hex digits`, escapeHint);
    }
    if (char === '+' || (char !== '' && !isSlashed && '";<>'.includes(char))) {
      throw refuse(`${name}: ${char} is not escaped`, char === '+' ? `one type a part; ${escapeHint}` : escapeHint);
    }
    bytes.push(hex === undefined ? Buffer.from(special ?? char) : Buffer.from(hex, 'hex'));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch {
    throw refuse(`${name}: the escaped bytes are no UTF-8`, escapeHint);
  }
}

function valueProblem(value: string, { names, type, longest = 1024 }: AttributeRow): string | undefined {
  if (value === '') return 'is empty';
  if (/[\p{Cc}\p{Cs}]/u.test(value)) return 'holds a control character';
  if (names[0] === 'C') return /^[A-Z]{2}$/.test(value) ? undefined : 'is not two capital letters (ISO 3166)';
  if (type === 'PrintableString' && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)) {
    return "takes letters, digits, space and '()+,-./:=? only";
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused above.
  if (type === 'IA5String' && !/^[\x00-\x7f]*$/.test(value)) return 'takes ASCII only';
  return [...value].length > longest ? `is longer than ${longest} characters` : undefined;
}
