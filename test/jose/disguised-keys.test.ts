/** Public keys in the notations of other programs: none makes a shared secret. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { describeWithOpenssl, openssl } from '../openssl.js';
import { keys, type Written } from './written-keys.js';

const hexOf = (byte: number) => byte.toString(16).padStart(2, '0');
const bytesOf = (der: Buffer, write: (byte: number) => string, separator = '') => [...der].map(write).join(separator);
const members = (jwk: Written['jwk'], write: (name: string, value: string) => string, separator: string) =>
  Object.entries(jwk)
    .map(([name, value]) => write(name, value))
    .join(separator);
const linesOf = (der: Buffer) => der.toString('base64').match(/.{1,64}/g) as string[];
/** As `xxd` prints bytes. */
const dump = (der: Buffer) =>
  Array.from({ length: Math.ceil(der.length / 16) }, (_, row) => {
    const bytes = der.subarray(row * 16, row * 16 + 16);
    const shown = bytes.toString('latin1').replace(/[^ -~]/g, '.');
    return `${(row * 16).toString(16).padStart(8, '0')}: ${bytes.toString('hex').replace(/.{4}/g, '$& ')} ${shown}`;
  }).join('\n');
const python = (der: Buffer) =>
  bytesOf(der, (byte) =>
    byte < 32 || byte > 126 || byte === 39 || byte === 92 ? `\\x${hexOf(byte)}` : String.fromCharCode(byte),
  );

const hexOfBase64 = (text = '') => Buffer.from(text, 'base64url').toString('hex');
const decimal = (text = '') => BigInt(`0x${hexOfBase64(text)}`).toString();

const notations: Readonly<Record<string, (key: Written) => string | Uint8Array>> = {
  'a dict of Python': ({ jwk }) => JSON.stringify(jwk).replaceAll('"', "'"),
  'an object of JavaScript': ({ jwk }) => `{${members(jwk, (name, value) => `${name}: "${value}"`, ', ')}}`,
  YAML: ({ jwk }) => members(jwk, (name, value) => `${name}: ${value}`, '\n'),
  'a form': ({ jwk }) => members(jwk, (name, value) => `${name}=${value}`, '&'),
  'JSON without kty': ({ jwk: { kty: _kty, ...rest } }) => JSON.stringify(rest),
  'signed bytes, as Java prints them': ({ der }) => `[${[...new Int8Array(der)].join(', ')}]`,
  'an Uint8Array, as Node prints it': ({ der }) => `Uint8Array(${der.length}) [ ${[...der].join(', ')} ]`,
  'a Buffer, as Node prints it': ({ der }) => `<Buffer ${bytesOf(der, hexOf, ' ')}>`,
  'a Buffer as JSON': ({ der }) => JSON.stringify(der),
  'the PEM as a Buffer as JSON': ({ pem }) => JSON.stringify(Buffer.from(pem)),
  'an array of C': ({ der }) => `unsigned char key[] = {\n  ${bytesOf(der, (byte) => `0x${hexOf(byte)}`, ', ')}\n};\n`,
  'a dump': ({ der }) => dump(der),
  'bytes of Python': ({ der }) => `b'${python(der)}'`,
  'bytes of Python without quotes': ({ der }) => python(der),
  'octal escapes': ({ der }) => bytesOf(der, (byte) => `\\${byte.toString(8).padStart(3, '0')}`),
  'hex of SQL': ({ der }) => `x'${der.toString('hex')}'`,
  'PEM without dashes': ({ pem }) => pem.replaceAll('-----', ''),
  'PEM with its signs as entities': ({ pem }) => pem.replace(/[+/=-]/g, (char) => `&#${char.charCodeAt(0)};`),
  'lines behind comment signs': ({ der }) =>
    linesOf(der)
      .map((line) => `# ${line}`)
      .join('\n'),
  'lines that are added up': ({ der }) =>
    linesOf(der)
      .map((line) => `"${line}" +`)
      .join('\n'),
  'a list of lines': ({ der }) => JSON.stringify(linesOf(der)),
  'PEM with invisible characters in its words': ({ pem }) => pem.replaceAll('E', 'E\u200b').replaceAll('A', 'A\ufe0f'),
  'PEM with fillers in its words': ({ pem }) => pem.replaceAll('E', 'E\u3164').replaceAll('A', 'A\u034f'),
  'base64 with soft hyphens': ({ der }) => der.toString('base64').replace(/.{20}/g, '$&\u00ad'),
  'letters with spaces between': ({ pem }) => [...pem].join(' '),
  'a letter a line': ({ pem }) => [...pem].join('\n'),
  'a list of letters': ({ pem }) => JSON.stringify([...pem]),
  'base64 as a list of letters': ({ der }) => JSON.stringify([...der.toString('base64')]),
  'full-width letters': ({ pem }) => pem.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
  'base64 in full-width letters': ({ der }) =>
    der.toString('base64').replace(/./g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
  'base64 of which each letter is an entity': ({ der }) =>
    der.toString('base64').replace(/./g, (char) => `&#${char.charCodeAt(0)};`),
  'base64 twice behind a mark': ({ der }) => `{cipher}${Buffer.from(der.toString('base64')).toString('base64')}`,
  'quoted-printable': ({ pem }) =>
    pem.replace(/[-=\n]/g, (char) => `=${hexOf(char.charCodeAt(0)).toUpperCase()}`).replace(/.{70}/g, '$&=\n'),
  'bytes of base64, as Python prints them': ({ der }) =>
    `bytes([${[...Buffer.from(der.toString('base64'))].join(', ')}])`,
  'numbered lines': ({ der }) =>
    linesOf(der)
      .map((line, at) => `${at + 1} ${line}`)
      .join('\n'),
  'DER and a zero byte': ({ der }) => Buffer.concat([der, Buffer.of(0)]),
  'DER behind a zero byte': ({ der }) => Buffer.concat([Buffer.of(0), der]),
  'padded DER': ({ der }) => Buffer.concat([der, Buffer.alloc(16, 16)]),
  'cut DER': ({ der }) => der.subarray(0, -1),
  'numbers without names': ({ jwk: { n, e, x, y } }) => (n === undefined ? `${x} ${y ?? 'kty:OKP'}` : `${n} ${e}`),
  'numbers between dots': ({ jwk: { n, e, x, y } }) =>
    n === undefined ? (y === undefined ? `${x} kty: OKP` : `${x}.${y}`) : `${n}.${e}`,
  'numbers a line': ({ jwk: { n, e, x, y } }) => (n === undefined ? `${x}\n${y ?? 'kty: OKP'}` : `${n}\n${e}\n`),
  'hex of its numbers': ({ jwk: { n, e }, der }) =>
    n === undefined ? der.toString('hex') : `${Buffer.from(n, 'base64url').toString('hex')} ${hexOfBase64(e)}`,
  'decimal numbers, as Go prints them': ({ jwk: { n, e }, der }) =>
    n === undefined ? der.toString('hex') : `&{${decimal(n)} ${decimal(e)}}`,
  'what Java prints': ({ name, jwk: { n, e } }) =>
    n === undefined
      ? `Sun ${name === 'P-256' ? 'EC' : 'Ed25519'} public key, 256 bits\n  public x coord: 123\n`
      : `Sun RSA public key, 2048 bits\n  params: null\n  modulus: ${decimal(n)}\n  public exponent: ${decimal(e)}`,
  'cut DER in base64 in quotes': ({ der }) => JSON.stringify(der.subarray(0, -1).toString('base64')),
};

describeWithOpenssl('what openssl prints of a public key', () => {
  const modulus = ['-noout', '-modulus'];
  test.each(
    keys.flatMap(({ name, pem }) => [
      [name, 'pkey -text', pem, ['pkey', '-pubin', '-text', '-noout']] as const,
      [name, 'pkey -text_pub', pem, ['pkey', '-pubin', '-text_pub', '-noout']] as const,
      [name, 'asn1parse', pem, ['asn1parse']] as const,
      [name, 'asn1parse -i -dump', pem, ['asn1parse', '-i', '-dump']] as const,
      ...(name === 'RSA' ? [[name, 'rsa -modulus', pem, ['rsa', '-pubin', ...modulus]] as const] : []),
    ]),
  )('is no secret: %s, %s', (_name, _what, pem, args) => {
    const file = join(mkdtempSync(join(tmpdir(), 'jwtkit-printed-')), 'key.pem');
    writeFileSync(file, pem);
    const text = openssl(...args, '-in', file);
    for (const written of [
      text,
      text.replace(/\s+/g, ' '),
      text.replace(/\s+/g, ''),
      Buffer.from(text).toString('base64'),
    ]) {
      expect(() => loadSecret(written), written).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    }
  });
});

describe.each(keys)('a public key: $name', (key) => {
  test.each(Object.entries(notations))('is no secret as %s', (_, write) => {
    expect(() => loadSecret(write(key))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

test('bytes that begin as the name of a file does are a secret', () => {
  const hex = '402f4be1786e17424b436c8784c493475bb1660c8288736f9a4849f8b8255fe4d07acbf58ffaab43dfa716ca8737fa60';
  expect(loadSecret(Buffer.from(hex, 'hex')).keyObject.type).toBe('secret');
});

test('a list of decimal numbers is a secret, also if its digits in hex were a key', () => {
  const point = '001ddff946e4b0ba8474fecd9dfe3a64530db6f406899ff50503a800562865e93b8b1917386421de';
  const openPgp =
    '62e62faf7f66cb45aa74e3127dd91f07f53822366dbeea6c306249fb926317923e69aaee1e66ad6678ecc2d951a4af914568e77ce7a6aab2ec304bfb4e3b464d' +
    'cc7176b462efedc3b1d6278497510970dffab2388f6fae5334d88995b68c3a2b71f89e48753dd16a4ac89bcf28f55f405da48c2e8a05168288860ad6a9df8a57';
  for (const hex of [point, openPgp]) {
    expect(loadSecret(`[${[...Buffer.from(hex, 'hex')]}]`).keyObject.type).toBe('secret');
  }
});

test('random bytes are secrets, raw and as text', () => {
  for (let round = 0; round < 200; round++) {
    // 33, 49, 65 and 67 bytes may be the point of a curve.
    const bytes = randomBytes([32, 40, 48, 63, 128][round % 5] as number);
    for (const secret of [
      bytes,
      bytes.toString('hex'),
      bytes.toString('base64'),
      bytes.toString('base64url'),
      `[${[...bytes]}]`,
    ]) {
      expect(loadSecret(secret).keyObject.type).toBe('secret');
    }
  }
});
