/** Category 11: what is no token at all, and names that a careless program trips over. */
import type { TokenCase } from '../case.js';
import { encode, headerOf, seal, sealClaims } from '../forge.js';
import { named, signers } from '../trusted-keys.js';

const code = 'whatever a library throws becomes one of our codes';
const megabytes = 1024 * 1024;
const header = encode(headerOf(signers.HS256));

const texts: [string, string][] = [
  ['.', '.'],
  ['..', '..'],
  ['...', '...'],
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['true', 'true'],
  ['[object Object]', '[object Object]'],
  ['a URL', 'https://a.example/b.c.d'],
  ['a file name', '../../etc/passwd'],
  ['three words', 'a.b.c'],
  ['three words that decode', 'abcd.abcd.abcd'],
  ['NULs', '\0.\0.\0'],
  ['emoji', '\u{1F600}.\u{1F600}.\u{1F600}'],
  ['lone surrogates', '\ud800.\udc00.\ud800'],
  ['control characters', '\x1b[31m.\x07.\x9b'],
  ['right to left', '\u202Ea.b.c'],
  ['a format string', '%s.%d.%n'],
  ['__proto__', '__proto__.__proto__.__proto__'],
  ['constructor', 'constructor.prototype.alg'],
  ['a PASETO', 'v4.public.AAAA'],
  ['an API key', 'sk-test-0123456789'],
  ['a basic credential', 'Basic dXNlcjpwYXNz'],
  ['a PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
  ['14 MB of a', 'a'.repeat(14 * megabytes)],
  ['14 MB of dots', '.'.repeat(14 * megabytes)],
  ['14 MB of spaces', ' '.repeat(14 * megabytes)],
  ['14 MB of braces', '{'.repeat(14 * megabytes)],
  ['14 MB of payload', `${header}.${'A'.repeat(14 * megabytes)}.AAAA`],
  ['14 MB of signature', `${header}.e30.${'A'.repeat(14 * megabytes)}`],
  ['14 MB of header', `${'A'.repeat(14 * megabytes)}.e30.AAAA`],
  ['60 KB of brackets in a payload', `${header}.${encode('['.repeat(40_000))}.AAAA`],
  ['60 KB of open objects in a payload', `${header}.${encode('{"a":'.repeat(8000))}.AAAA`],
  ['60 KB of quotes in a payload', `${header}.${encode('"'.repeat(40_000))}.AAAA`],
  ['60 KB of escapes in a payload', `${header}.${encode(`{"a":"${'\\u0000'.repeat(7000)}`)}.AAAA`],
];

/** What JavaScript callers hand in where TypeScript would not let them. */
const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 123],
  ['NaN', Number.NaN],
  ['a big integer', 1n],
  ['true', true],
  ['a symbol', Symbol('a.b.c')],
  ['an object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an array of segments', ['a', 'b', 'c']],
  ['an array of one token', [seal(signers.HS256).token]],
  ['a Buffer', Buffer.from(seal(signers.HS256).token)],
  ['a String object', new String(seal(signers.HS256).token)],
  ['an object with toString', { toString: () => seal(signers.HS256).token }],
  ['an object like a string', { length: 5, indexOf: () => 1, slice: () => 'e30', split: () => ['e30', 'e30', ''] }],
  ['a function', () => seal(signers.HS256).token],
];

const prototypeNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
];

export const tokenCases: TokenCase[] = [
  ...texts.map(
    ([name, token]): TokenCase => ({
      category: 11,
      name: `a text: ${name}`,
      source: code,
      token,
      keys: [signers.HS256.trusted],
      isSignedRight: false,
      expect: 'TOKEN_MALFORMED',
    }),
  ),
  ...values.map(
    ([name, value]): TokenCase => ({
      category: 11,
      name: `no text: ${name}`,
      source: code,
      token: value as string,
      keys: [signers.HS256.trusted],
      isSignedRight: false,
      expect: 'TOKEN_MALFORMED',
    }),
  ),
  ...prototypeNames.flatMap((name): TokenCase[] => [
    {
      category: 11,
      name: `alg ${name}`,
      source: 'no table is read through its prototype',
      ...sealClaims(signers.HS256, {}, { alg: name }),
      expect: 'ALG_NOT_ALLOWED',
    },
    {
      category: 11,
      name: `kid ${name}, the trusted key having another`,
      source: 'no table is read through its prototype',
      ...sealClaims(named(signers.HS256, 'key-1'), {}, { kid: name }),
      isSignedRight: false,
      expect: 'KEY_NOT_FOUND',
    },
    {
      category: 11,
      name: `a required claim ${name} that only a prototype has`,
      source: 'own members count',
      ...seal(signers.HS256),
      policy: { require: [{ name }] },
      expect: 'CLAIM_MISSING',
    },
    {
      category: 11,
      name: `a claim ${name}`,
      source: 'RFC 7519 §4.3: private names are free',
      ...seal(signers.HS256, headerOf(signers.HS256), `{"exp":4102444800,${JSON.stringify(name)}:{"polluted":true}}`),
      claims: JSON.parse(`{"exp":4102444800,${JSON.stringify(name)}:{"polluted":true}}`),
      expect: 'accept',
    },
    {
      category: 11,
      name: `a header member ${name}`,
      source: 'RFC 7515 §4.3: private names are free',
      ...seal(signers.HS256, `{"alg":"HS256",${JSON.stringify(name)}:{"polluted":true,"crit":["x"]}}`),
      expect: 'accept',
    },
  ]),
];
