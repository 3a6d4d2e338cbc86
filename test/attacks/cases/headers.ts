/** Category 7: what a header says, and what it is not believed. */
import { createSecretKey } from 'node:crypto';
import type { ErrorCode } from '../../../src/errors.js';
import { createKey } from '../../../src/jose/key.js';
import type { TokenCase } from '../case.js';
import { headerOf, type Part, seal, sealClaims, signatureOf, withSignature } from '../forge.js';
import { named, type Signer, signers, stored, strangers } from '../trusted-keys.js';

const none = 'RFC 7518 §3.6, RFC 8725 §3.2: there is no such algorithm here';
const nones = [
  'none',
  'None',
  'NONE',
  'nOnE',
  'NoNe',
  ' none',
  'none ',
  'none\t',
  'none\n',
  'none\0',
  '"none"',
  'n\u043Ene',
  '\uFF4E\uFF4F\uFF4E\uFF45',
  'none\u200B',
  '',
  ' ',
  'null',
  'undefined',
  'false',
  'NA',
  'plain',
  'HS256none',
  'none,HS256',
  'HS256,none',
];

const victims = [signers.HS256, signers.RS256, signers.ES256, signers.EdDSA];

const nonStrings: [string, unknown][] = [
  ['an array that holds the right name', ['HS256']],
  ['an array that holds none', ['none']],
  ['an empty array', []],
  ['an object', { alg: 'HS256' }],
  ['an object with toString', { toString: 'HS256' }],
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['a number', 256],
];

/** Names that are close to, or meant like, an algorithm of the victim's. */
const otherNames = [
  'hs256',
  'Hs256',
  ' HS256',
  'HS256 ',
  'HS256\0',
  'HS256\n',
  'HS-256',
  'HMAC-SHA256',
  'HmacSHA256',
  'HS1',
  'HS224',
  'HS2560',
  'HS256/64',
  'sha256',
  'A128KW',
  'dir',
  'RSA1_5',
  'RSA-OAEP',
  'RS1',
  'rs256',
  'RSA-SHA256',
  'ES256K1',
  'es256',
  'eddsa',
  'EDDSA',
  'Ed25519ph',
  'ED25519',
  'ML-DSA-65',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\u0397S256',
  '\uFF28\uFF33256',
  '../HS256',
  '*',
];

const extension = 'RFC 7515 §4.1.11: no extension is understood, and crit is a non-empty array of distinct strings';
const crits: unknown[] = [
  ['x-unknown'],
  ['x-unknown', 'x-unknown'],
  ['alg'],
  ['exp'],
  ['kid'],
  ['b64'],
  ['jwk'],
  ['__proto__'],
  ['http://example.invalid/UNDEFINED'],
  [''],
  [],
  [1],
  [null],
  [['x-unknown']],
  'exp',
  '',
  'x-unknown',
  1,
  0,
  true,
  false,
  null,
  {},
  { 0: 'exp', length: 1 },
];

const b64Values: unknown[] = [false, true, 'false', 'true', '', 0, 1, null, [], [false], {}];

const stringMembers = ['kid', 'typ', 'cty'] as const;
const notStrings: unknown[] = [null, 0, 1, true, false, [], ['a'], {}, { toString: 'a' }];

const untrusted = 'RFC 8725 §3.10: keys and addresses in a token are the sender’s';
const urls = [
  'https://evil.example/jwks.json',
  'http://127.0.0.1:9/jwks.json',
  'http://[::1]:9/jwks.json',
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'file:///dev/zero',
  'data:application/json,{"keys":[]}',
  'https://issuer.example@evil.example/',
  'https://issuer.example/../../@127.0.0.1:9/',
  'gopher://127.0.0.1:9/_x',
  '/dev/null',
  '',
];

const lookups: [string, string][] = [
  ['/dev/null', ''],
  ['../../../../../../dev/null', ''],
  ['..%2f..%2f..%2fdev%2fnull', ''],
  ['..\\..\\NUL', ''],
  ['/proc/sys/kernel/randomize_va_space', '2'],
  ['/proc/self/environ', ''],
  ['file:///dev/null', ''],
  ['https://evil.example/key', ''],
  ["x' UNION SELECT '1';--", '1'],
  ["' OR '1'='1", '1'],
  ['" OR ""="', ''],
  ['$(sleep 10)', ''],
  ['`id`', ''],
  ['|id', ''],
  ['key; touch /tmp/pwned', ''],
  ['%s%s%s%n', ''],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an attack on loggers, written as it is sent
  ['${jndi:ldap://127.0.0.1:9/a}', ''],
  ['{{7*7}}', '49'],
  ['key-1\0.pem', ''],
  ['key-1\r\nSet-Cookie: x=1', ''],
  ['\x1b[2J\x1b]0;pwned\x07', ''],
  ['<script>alert(1)</script>', ''],
  ['*', ''],
  ['', ''],
  ['__proto__', '[object Object]'],
  ['constructor', 'function Object() { [native code] }'],
  ['toString', 'undefined'],
  ['0', ''],
  ['a'.repeat(10_000), ''],
];

/** The same secret, known to the verifier by a kid or by none. */
const kidless = signers.HS256;
const known = named(signers.HS256, 'key-1');
const keyedWith = (text: string, { alg, trusted }: Signer): Signer => ({
  alg,
  key: createSecretKey(Buffer.from(text)),
  trusted,
});

const headers: [string, Part][] = [
  ['an array', '[]'],
  ['an array with the header in it', '[{"alg":"HS256"}]'],
  ['an array of the name', '["HS256"]'],
  ['a string', '"HS256"'],
  ['a string that holds the header', JSON.stringify('{"alg":"HS256"}')],
  ['a number', '1'],
  ['null', 'null'],
  ['true', 'true'],
  ['empty', ''],
  ['white space', '  '],
  ['a word', 'HS256'],
  ['an empty object', '{}'],
  ['alg in other case', '{"ALG":"HS256","Alg":"HS256"}'],
  ['alg with a space', '{"alg ":"HS256"}'],
  ['alg within __proto__', '{"__proto__":{"alg":"HS256"},"typ":"JWT"}'],
  ['alg within constructor', '{"constructor":{"prototype":{"alg":"HS256"}}}'],
  ['alg within another object', '{"header":{"alg":"HS256"}}'],
  ['XML', '<header/>'],
  ['YAML', 'alg: HS256'],
  ['a form', 'alg=HS256'],
];

function row(
  name: string,
  source: string,
  sealed: Pick<TokenCase, 'token' | 'keys' | 'isSignedRight'>,
  expect: TokenCase['expect'],
): TokenCase {
  return { category: 7, name, source, ...sealed, expect };
}

function embedded(signer: Signer, stranger: Signer): TokenCase[] {
  const jwk = stranger.key.export({ format: 'jwk' });
  const { d: _, ...publicHalf } = jwk;
  const trustedJwk = signer.trusted.keyObject.export({ format: 'jwk' });
  const forger: Signer = { ...stranger, trusted: signer.trusted };
  const byKid: Signer = { ...stranger, trusted: { ...signer.trusted, kid: 'key-1' } };
  const members: [string, object][] = [
    ['jwk of a stranger', { jwk: publicHalf }],
    ['jwk with a private key', { jwk }],
    ['jwk of the trusted key, signed by a stranger', { jwk: trustedJwk }],
    ['jwk that is no object', { jwk: 'x' }],
    ['x5c of a stranger', { x5c: [stored.certificates.rsaOther.replace(/-----.*-----|\n/g, '')] }],
    ['x5c that is no array', { x5c: 'x' }],
    ['x5t of a stranger', { x5t: 'AA', 'x5t#S256': 'AA' }],
  ];
  const what = (name: string) => `${signer.alg}: ${name}`;
  return [
    ...members.flatMap(([name, member]) => [
      row(what(name), untrusted, { ...sealClaims(forger, {}, member), isSignedRight: false }, 'SIGNATURE_INVALID'),
      row(
        what(`${name}, under the trusted kid`),
        untrusted,
        { ...sealClaims(byKid, {}, { ...member, kid: 'key-1' }), isSignedRight: false },
        'SIGNATURE_INVALID',
      ),
      row(
        what(`${name}, under a kid of its own`),
        untrusted,
        { ...sealClaims(byKid, {}, { ...member, kid: 'evil' }), isSignedRight: false },
        'KEY_NOT_FOUND',
      ),
    ]),
    row(what('jwk of a stranger, signed right'), untrusted, sealClaims(signer, {}, { jwk: publicHalf }), 'accept'),
  ];
}

export const tokenCases: TokenCase[] = [
  ...victims.flatMap((signer) =>
    nones.map((alg) =>
      row(
        `alg ${JSON.stringify(alg)} without a signature, before ${signer.alg}`,
        none,
        withSignature(signer, '', headerOf(signer, { alg })),
        'ALG_NOT_ALLOWED',
      ),
    ),
  ),
  ...victims.flatMap((signer) =>
    ['none', 'None', 'nOnE'].flatMap((alg) => [
      row(
        `alg ${alg} over the signature of ${signer.alg} for another header`,
        none,
        withSignature(signer, () => seal(signer).token.split('.')[2] ?? '', headerOf(signer, { alg })),
        'ALG_NOT_ALLOWED',
      ),
      row(
        `alg ${alg} over a right signature of ${signer.alg}`,
        none,
        seal(signer, headerOf(signer, { alg })),
        'ALG_NOT_ALLOWED',
      ),
    ]),
  ),
  ...nonStrings.flatMap(([name, alg]) => [
    row(`alg is ${name}`, 'RFC 7515 §4.1.1', sealClaims(signers.HS256, {}, { alg }), 'TOKEN_MALFORMED'),
    row(
      `alg is ${name}, no signature`,
      'RFC 7515 §4.1.1',
      withSignature(signers.RS256, '', headerOf(signers.RS256, { alg })),
      'TOKEN_MALFORMED',
    ),
  ]),
  ...otherNames.map((alg) =>
    row(
      `alg ${JSON.stringify(alg)}, signed right as HS256`,
      'RFC 7515 §4.1.1: case-sensitive, compared as it is',
      sealClaims(signers.HS256, {}, { alg }),
      'ALG_NOT_ALLOWED',
    ),
  ),
  ...headers.map(([name, header]) =>
    row(`the header is ${name}`, 'RFC 7515 §4: a JSON object with alg', seal(signers.HS256, header), 'TOKEN_MALFORMED'),
  ),
  ...crits.map((crit) =>
    row(`crit ${JSON.stringify(crit)}`, extension, sealClaims(signers.HS256, {}, { crit }), 'TOKEN_MALFORMED'),
  ),
  ...victims.flatMap((signer) => [
    row(
      `${signer.alg}: crit with the extension in the header`,
      extension,
      sealClaims(signer, {}, { crit: ['x-policy'], 'x-policy': 'mfa' }),
      'TOKEN_MALFORMED',
    ),
    row(
      `${signer.alg}: crit and b64, payload encoded`,
      'RFC 7797 §7: never in a JWT',
      sealClaims(signer, {}, { crit: ['b64'], b64: true }),
      'TOKEN_MALFORMED',
    ),
    row(
      `${signer.alg}: b64 false, signed as RFC 7797 says`,
      'RFC 7797 §7: never in a JWT',
      (() => {
        const { token, keys } = sealClaims(signer, {}, { crit: ['b64'], b64: false });
        const [header = '', payload = ''] = token.split('.');
        const plain = Buffer.from(payload, 'base64url').toString();
        const signature = signatureOf(signer.alg, signer.key, `${header}.${plain}`).toString('base64url');
        return { token: `${header}.${payload}.${signature}`, keys, isSignedRight: false };
      })(),
      'TOKEN_MALFORMED',
    ),
    row(
      `${signer.alg}: b64 false, payload in the clear`,
      'RFC 7797 §7: never in a JWT',
      (() => {
        const { token, keys } = sealClaims(signer, {}, { crit: ['b64'], b64: false });
        const [header = ''] = token.split('.');
        const input = `${header}.{"sub":"admin"}`;
        return {
          token: `${input}.${signatureOf(signer.alg, signer.key, input).toString('base64url')}`,
          keys,
          isSignedRight: false,
        };
      })(),
      'TOKEN_MALFORMED',
    ),
  ]),
  ...b64Values.map((b64) =>
    row(
      `b64 ${JSON.stringify(b64)} without crit`,
      'RFC 7797 §6, §7',
      sealClaims(signers.HS256, {}, { b64 }),
      'TOKEN_MALFORMED',
    ),
  ),
  ...stringMembers.flatMap((name) =>
    notStrings.map((value) =>
      row(
        `${name} ${JSON.stringify(value)}`,
        'RFC 7515 §4.1.4, §4.1.9, §4.1.10: a string',
        sealClaims(signers.HS256, {}, { [name]: value }),
        'TOKEN_MALFORMED',
      ),
    ),
  ),
  ...embedded(signers.RS256, strangers.RS256),
  ...embedded(signers.ES256, strangers.ES256),
  ...embedded(signers.EdDSA, strangers.EdDSA),
  ...(['jku', 'x5u'] as const).flatMap((name) =>
    urls.map((url) =>
      row(
        `${name} ${url}`,
        untrusted,
        {
          ...sealClaims({ ...strangers.ES256, trusted: signers.ES256.trusted }, {}, { [name]: url }),
          isSignedRight: false,
        },
        'SIGNATURE_INVALID',
      ),
    ),
  ),
  ...lookups.flatMap(([kid, key]) => {
    const name = JSON.stringify(kid.slice(0, 40));
    const source = 'RFC 8725 §3.10: kid selects among trusted keys, and never reaches a file, a query or a shell';
    return [
      row(
        `kid ${name}, keyed with what the lookup would find`,
        source,
        { ...sealClaims(keyedWith(key, kidless), {}, { kid }), isSignedRight: false },
        'SIGNATURE_INVALID' satisfies ErrorCode,
      ),
      row(
        `kid ${name}, keyed with what the lookup would find, before a key with a kid`,
        source,
        { ...sealClaims(keyedWith(key, known), {}, { kid }), isSignedRight: false },
        'KEY_NOT_FOUND',
      ),
      row(`kid ${name}, signed right, before a key without a kid`, source, sealClaims(kidless, {}, { kid }), 'accept'),
    ];
  }),
  ...(
    [
      ['no typ', { typ: undefined }],
      ['typ in lower case', { typ: 'jwt' }],
      ['typ of another kind, none being asked for', { typ: 'at+jwt' }],
      ['cty', { cty: 'JWT' }],
      ['unknown members', { 'https://a.example': { b: [1] }, nonce: 'x' }],
      ['the kid of the key', { kid: 'key-1' }],
      ['members named like those of a prototype', { toString: 'x', constructor: 1, hasOwnProperty: null }],
      ['jku, x5u, x5c and x5t, none of them followed', { jku: urls[1], x5u: urls[4], x5c: ['AA'], x5t: 'AA' }],
    ] as [string, object][]
  ).map(([name, members]) => row(`header with ${name}`, 'RFC 7515 §4', sealClaims(known, {}, members), 'accept')),
  row(
    'crit within __proto__',
    'own members only',
    seal(signers.HS256, '{"alg":"HS256","__proto__":{"crit":["x"],"b64":false}}'),
    'accept',
  ),
  row(
    'oct jwk of the forger’s own',
    untrusted,
    {
      ...sealClaims(
        keyedWith('evil', kidless),
        {},
        { jwk: { kty: 'oct', k: Buffer.from('evil').toString('base64url') } },
      ),
      isSignedRight: false,
    },
    'SIGNATURE_INVALID',
  ),
  row(
    'kid that is the thumbprint of a stranger’s jwk',
    untrusted,
    {
      ...sealClaims(
        { ...strangers.RS256, trusted: createKey(signers.RS256.trusted.keyObject, { kid: 'key-1' }) },
        {},
        { jwk: strangers.RS256.trusted.keyObject.export({ format: 'jwk' }), kid: 'rsaOther' },
      ),
      isSignedRight: false,
    },
    'KEY_NOT_FOUND',
  ),
];
