/** Texts that make careless readers slow: runs of what an expression may go back for, a search may begin anew at, or a list may hold. */
import { derElement } from '../../src/jose/der-writer.js';

const units: Readonly<Record<string, string>> = {
  letters: 'a',
  digits: '1',
  'U+F0000': '\u{f0000}',
  'combining marks': '\u0301\u0327',
  spaces: ' ',
  'line ends': '\n',
  CRLF: '\r\n',
  quotes: '"',
  apostrophes: "'",
  backslashes: '\\',
  'escaped quotes': '\\"',
  'escaped letters': '\\u0061',
  'lone surrogates': '\\ud800',
  dots: '.',
  commas: ',',
  'commas and spaces': ', ',
  colons: ':',
  slashes: '/',
  percent: '%',
  'percent, encoded': '%25',
  'dots, encoded': '%2E',
  pluses: '+',
  'equals signs': '=',
  fields: 'a&',
  'fields with values': 'a=1&',
  dashes: '-',
  braces: '{',
  brackets: '[',
  'objects in objects': '{"a":',
  'pairs of brackets': '[],',
  members: '"a":1,',
  'scope tokens': 'a b ',
  '-eyJ': '-eyJ',
  ey: 'ey',
  'header parts': 'eyJhbGciOiJub25l.',
  'PEM begins': '-----BEGIN A-----\n',
  'PEM ends': '-----END A-----\n',
  'PEM begins and spaces': '-----BEGIN A-----   ',
  'certificates begun': '-----BEGIN CERTIFICATE-----',
  'PEM without line breaks': '-----BEGIN A-----AAAA-----END A-----',
  'PEM begins without line breaks': '-----BEGIN A-----',
  'PEM ends without line breaks': '-----END A-----',
  'escaped line breaks': '\\n',
  'line continuations': '\\\n',
  'XML line breaks': '&#10;',
  'bytes as numbers': '48,',
  'bytes as hex': '0x30, ',
  'base64 of DER': 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA ',
  'ssh keys': '"sk-ssh-',
  kty: '"kty" ',
  addresses: '127.0.0.1, ',
  tags: 'W/"a", ',
  durations: '1h',
  names: 'CN=a,',
  variables: 'A="b\n',
};

/** Runs of each unit, of about so many characters. */
export const runs: Readonly<Record<string, (length: number) => string>> = Object.fromEntries(
  Object.entries(units).map(([name, unit]) => [name, (length) => unit.repeat(Math.ceil(length / unit.length))]),
);

/** As many different items as fit, joined. */
export function many(length: number, item: (at: number) => string, separator: string): string {
  const size = item(10_000).length + separator.length;
  return Array.from({ length: Math.max(1, Math.floor(length / size)) }, (_, at) => item(at + 10_000)).join(separator);
}

/** JSON documents, whole ones and damaged ones. */
export const documents: Readonly<Record<string, (length: number) => string>> = {
  'many members': (length) => `{${many(length, (at) => `"m${at}":${at}`, ',')}}`,
  'many members, one twice': (length) => `{${many(length, (at) => `"m${at}":${at}`, ',')},"m10000":1}`,
  'many escaped names': (length) => `{${many(length, (at) => `"\\u006d${at}":${at}`, ',')}}`,
  'many names with quotes': (length) => `{${many(length, (at) => `"\\"${at}":${at}`, ',')}}`,
  'many numbers as names': (length) => `{${many(length, (at) => `"${at * 7919}":0`, ',')}}`,
  'an escaped name and a run of characters': (length) =>
    `{"\\u0061":"${Array.from({ length: Math.floor(length / 4) }, (_, at) => String.fromCodePoint(0xf0000 + (at % 0xfffd))).join('')}"}`,
  'many objects': (length) => `{"a":[${many(length, (at) => `{"b${at}":1}`, ',')}]}`,
  'deep at many places': (length) => `{"a":[${many(length, () => '['.repeat(60) + ']'.repeat(60), ',')}]}`,
  'a long number': (length) => `{"a":${'9'.repeat(length)}}`,
  'a long fraction': (length) => `{"a":0.${'0'.repeat(length)}1}`,
  'a long exponent': (length) => `{"a":1e${'0'.repeat(length)}1}`,
  'many numbers': (length) => `{"a":[${many(length, (at) => `${at}.5e3`, ',')}]}`,
  'many long numbers': (length) => `{"a":[${many(length, (at) => `${'1234567890'.repeat(4)}${at}`, ',')}]}`,
  'a string of quotes': (length) => JSON.stringify({ a: '"'.repeat(length / 2) }),
  'a string of backslashes': (length) => JSON.stringify({ a: '\\'.repeat(length / 2) }),
  'a string that does not end': (length) => `{"a":"${'\\"'.repeat(length / 2)}`,
  'white space': (length) => `{${' '.repeat(length)}"a":1}`,
  'white space behind names': (length) => `{${many(length, (at) => `"m${at}"      \n:1`, ',')}}`,
};

/** Claims whose lists are long. */
export const claimSets: Readonly<Record<string, (length: number) => string>> = {
  'a long scope': (length) => JSON.stringify({ scope: many(length, (at) => `s${at}`, ' ') }),
  'a long aud': (length) => `{"aud":[${many(length, (at) => `"a${at}"`, ',')}]}`,
  'a long role': (length) => `{"role":[${many(length, (at) => `"r${at}"`, ',')}]}`,
  'a long iss': (length) => JSON.stringify({ iss: 'i'.repeat(length) }),
  'a long claim that is asked for': (length) => `{"deep":[${many(length, (at) => `{"n":${at}}`, ',')}]}`,
  'a long jti, sub and family': (length) =>
    JSON.stringify({ jti: 'j'.repeat(length / 3), sub: 's'.repeat(length / 3), family: 'f'.repeat(length / 3) }),
};

/** DER structures, whole ones and damaged ones. */
export const structures: Readonly<Record<string, (length: number) => Buffer>> = {
  'one in another': (length) => nested(0x30, length),
  'many small ones': (length) => derElement(0x30, Buffer.from('0500'.repeat(length / 2), 'hex')),
  'many integers': (length) => derElement(0x30, Buffer.from('020101'.repeat(length / 3), 'hex')),
  'a long integer': (length) => derElement(0x30, derElement(0x02, Buffer.alloc(length, 0x5a))),
  'a long OID': (length) => derElement(0x30, derElement(0x30, derElement(0x06, Buffer.alloc(length, 0x81)))),
  'many OIDs': (length) => derElement(0x30, derElement(0x30, Buffer.from('06032a0304'.repeat(length / 5), 'hex'))),
  'indefinite lengths': (length) => Buffer.from('3080'.repeat(length / 2), 'hex'),
};

function nested(tag: number, length: number): Buffer {
  // From the inside: each level takes four bytes around what is in it.
  const levels = Math.floor(length / 4);
  const bytes = Buffer.alloc(levels * 5);
  for (let level = 0; level < levels; level++) {
    bytes[level * 5] = tag;
    bytes[level * 5 + 1] = 0x83;
    bytes.writeUIntBE((levels - level - 1) * 5, level * 5 + 2, 3);
  }
  return bytes;
}

const certificateParts = (extensions: Uint8Array, name: Uint8Array) => {
  const hex = (text: string) => Buffer.from(text, 'hex');
  const algorithm = hex('300506032b6570');
  const dates = derElement(
    0x30,
    derElement(0x17, Buffer.from('250101000000Z')),
    derElement(0x17, Buffer.from('350101000000Z')),
  );
  const key = derElement(0x30, algorithm, derElement(0x03, Buffer.of(0), Buffer.alloc(32, 7)));
  const tbs = derElement(
    0x30,
    hex('a003020102'),
    hex('020101'),
    algorithm,
    name,
    dates,
    name,
    key,
    derElement(0xa3, derElement(0x30, extensions)),
  );
  return derElement(0x30, tbs, algorithm, derElement(0x03, Buffer.of(0), Buffer.alloc(64)));
};

const noName = derElement(0x30);
const extension = (id: string, value: Uint8Array) =>
  derElement(0x30, derElement(0x06, Buffer.from(id, 'hex')), derElement(0x04, value));
const attribute = (value: string) =>
  derElement(0x31, derElement(0x30, Buffer.from('0603550403', 'hex'), derElement(0x0c, Buffer.from(value))));

/** Certificates of which one part is long. */
export const certificates: Readonly<Record<string, (length: number) => Buffer>> = {
  'many extensions': (length) =>
    certificateParts(
      Buffer.concat(
        times(length / 14, (at) => extension(`2a03${(at % 128).toString(16).padStart(2, '0')}`, Buffer.alloc(2))),
      ),
      noName,
    ),
  'many alternative names': (length) =>
    certificateParts(
      extension(
        '551d11',
        derElement(0x30, Buffer.concat(times(length / 12, (at) => derElement(0x82, Buffer.from(`h${at}.ex`))))),
      ),
      noName,
    ),
  'a long name': (length) =>
    certificateParts(Buffer.alloc(0), derElement(0x30, ...times(length / 20, (at) => attribute(`n${at}`)))),
  'a long attribute': (length) => certificateParts(Buffer.alloc(0), derElement(0x30, attribute('x'.repeat(length)))),
  'a long extension': (length) => certificateParts(extension('2a0304', Buffer.alloc(length)), noName),
};

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: Math.max(1, Math.floor(count)) }, (_, at) => make(at));
}
