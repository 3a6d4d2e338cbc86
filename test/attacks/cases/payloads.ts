/** Category 8: the payload is one JSON object, and what was signed is what the caller reads. */
import { deflateRawSync } from 'node:zlib';
import type { JsonObject } from '../../../src/jose/json.js';
import type { TokenCase } from '../case.js';
import { bytesOf, claims, headerOf, type Part, seal } from '../forge.js';
import { signers } from '../trusted-keys.js';

const object = 'RFC 7519 §7.2: the message is a JSON object';
const inner = seal(signers.HS256).token;

const notObjects: [string, Part][] = [
  ['empty', ''],
  ['white space', '   '],
  ['an empty array', '[]'],
  ['an array of claims', JSON.stringify([claims])],
  ['a string', '"admin"'],
  ['a string that holds claims', JSON.stringify(JSON.stringify(claims))],
  ['a number', '123'],
  ['zero', '0'],
  ['a big number', '1e400'],
  ['null', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['a word', 'admin'],
  ['a form', 'sub=admin&exp=4102444800'],
  ['XML', '<claims/>'],
  ['bytes', Buffer.from('00ff00ff', 'hex')],
  ['CBOR', Buffer.from('a1026561646d696e', 'hex')],
  ['a token', inner],
  ['a token in quotes', JSON.stringify(inner)],
  ['claims compressed', deflateRawSync(bytesOf(claims))],
  ['claims encoded once more', bytesOf(claims).toString('base64url')],
  ['[object Object]', '[object Object]'],
];

const own = JSON.parse('{"__proto__":{"admin":true}}') as JsonObject;
const readBack: [string, string, JsonObject][] = [
  ['__proto__ is a claim like any other', '{"__proto__":{"admin":true}}', own],
  [
    'names of a prototype’s members',
    '{"toString":"x","then":1,"toJSON":null,"constructor":{}}',
    {
      toString: 'x' as unknown,
      // biome-ignore lint/suspicious/noThenProperty: a claim that would make an awaited value call it
      then: 1,
      toJSON: null,
      constructor: {} as unknown,
    } as JsonObject,
  ],
  ['escaped names and values', '{"\\u0061":"\\u0000\\n\\ud83d\\ude00"}', { a: '\0\n\u{1F600}' }],
  [
    'numbers as JSON.parse reads them',
    '{"a":1.0,"b":-0.5e3,"c":9007199254740993}',
    { a: 1, b: -500, c: 9007199254740992 },
  ],
  [
    'nested times and algorithms mean nothing',
    '{"a":{"exp":1,"alg":"none","aud":"x"}}',
    {
      a: { exp: 1, alg: 'none', aud: 'x' },
    },
  ],
  ['an empty claims set', '{}', {}],
  ['white space around it', ' \n{ } \t', {}],
  ['normal forms are kept', '{"e\u0301":"\u00E9"}', { 'e\u0301': '\u00E9' }],
];

export const tokenCases: TokenCase[] = [
  ...[signers.HS256, signers.RS256, signers.EdDSA].flatMap((signer) =>
    notObjects.map(
      ([name, payload]): TokenCase => ({
        category: 8,
        name: `${signer.alg}: the payload is ${name}`,
        source: object,
        ...seal(signer, headerOf(signer), payload),
        policy: { allowNoExp: true },
        expect: 'TOKEN_MALFORMED',
      }),
    ),
  ),
  ...notObjects.map(
    ([name, payload]): TokenCase => ({
      category: 8,
      name: `without typ: the payload is ${name}`,
      source: object,
      ...seal(signers.ES256, { alg: 'ES256' }, payload),
      policy: { allowNoExp: true },
      expect: 'TOKEN_MALFORMED',
    }),
  ),
  ...(['HS256', 'RS256'] as const).map(
    (alg): TokenCase => ({
      category: 8,
      name: `${alg}: a nested token, cty JWT`,
      source: 'RFC 7519 §5.2, §7.2: the inner token is not unwrapped',
      ...seal(signers[alg], headerOf(signers[alg], { cty: 'JWT' }), inner),
      expect: 'TOKEN_MALFORMED',
    }),
  ),
  {
    category: 8,
    name: 'a compressed payload, zip DEF',
    source: 'RFC 7516 §4.1.3: zip is a member of JWE',
    ...seal(signers.HS256, headerOf(signers.HS256, { zip: 'DEF' }), deflateRawSync(bytesOf(claims))),
    expect: 'TOKEN_MALFORMED',
  },
  ...readBack.map(
    ([name, payload, expected]): TokenCase => ({
      category: 8,
      name,
      source: 'RFC 7519 §4',
      ...seal(signers.HS256, headerOf(signers.HS256), payload),
      policy: { allowNoExp: true },
      claims: expected,
      expect: 'accept',
    }),
  ),
];
