/** Category 3: what a JWK and a JWK Set must be before anything in them is trusted. */
import { createSecretKey } from 'node:crypto';
import { importJwk } from '../../../src/jose/jwk.js';
import { importJwkSet } from '../../../src/jose/jwk-set.js';
import { loadKeys } from '../../../src/jose/keys.js';
import type { KeyCase, TokenCase } from '../case.js';
import { seal, sealClaims } from '../forge.js';
import {
  named,
  type PairName,
  privateJwk,
  privateKeys,
  publicJwk,
  publicPem,
  signers,
  stored,
  strangers,
} from '../trusted-keys.js';

const rsa = publicJwk('rsa');
const ec = publicJwk('p256');
const okp = publicJwk('ed25519');
const oct = { kty: 'oct', k: stored.secret };

const decoded = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');
const withZero = (text: string | undefined) => Buffer.concat([Buffer.from([0]), decoded(text)]).toString('base64url');
const short = (text: string | undefined) => decoded(text).subarray(1).toString('base64url');
const strayBits = (text: string | undefined) =>
  (text ?? '').slice(0, -1) + String.fromCharCode((text ?? '').charCodeAt((text ?? '').length - 1) + 1);
/** The x of a valid point under a y that is not its own. */
const offCurve = { ...ec, y: publicJwk('p256Other').y };
const zeros = (bytes: number) => Buffer.alloc(bytes).toString('base64url');
const inherited = (own: object, inheritedMembers: object) => Object.assign(Object.create(inheritedMembers), own);

const material = 'RFC 7518 §6, RFC 8037 §2: members in canonical base64url of full size';
const kinds = 'RFC 7517 §4: what the key is, and what it is for';

const refusedJwks: [string, string, unknown][] = [
  ['null', kinds, null],
  ['an array', kinds, [rsa]],
  ['a string', kinds, JSON.stringify(rsa)],
  ['no kty', kinds, { ...rsa, kty: undefined }],
  ['kty null', kinds, { ...rsa, kty: null }],
  ['kty as an array', kinds, { ...rsa, kty: ['RSA'] }],
  ['kty in lower case', kinds, { ...rsa, kty: 'rsa' }],
  ['kty with a space', kinds, { ...rsa, kty: 'RSA ' }],
  ['kty unknown', kinds, { ...rsa, kty: 'AKP' }],
  ['kty named like a prototype member', kinds, { ...rsa, kty: 'constructor' }],
  ['kty inherited', kinds, inherited({ n: rsa.n, e: rsa.e }, { kty: 'RSA' })],
  ['kty RSA with EC members', kinds, { ...ec, kty: 'RSA' }],
  ['kty EC with RSA members', kinds, { ...rsa, kty: 'EC' }],
  ['kty oct with RSA members', kinds, { ...rsa, kty: 'oct' }],
  ['kty EC with an OKP curve', kinds, { ...okp, kty: 'EC', y: okp.x }],
  ['kty OKP with an EC curve', kinds, { ...ec, kty: 'OKP' }],
  ['kty OKP for a Montgomery curve', kinds, publicJwk('x25519')],
  ['use enc', kinds, { ...rsa, use: 'enc' }],
  ['use enc on a secret', kinds, { ...oct, use: 'enc' }],
  ['use in upper case', kinds, { ...rsa, use: 'SIG' }],
  ['use as an array', kinds, { ...rsa, use: ['sig'] }],
  ['use empty', kinds, { ...rsa, use: '' }],
  ['key_ops encrypt', kinds, { ...rsa, key_ops: ['encrypt'] }],
  ['key_ops sign alone on a public key', kinds, { ...rsa, key_ops: ['sign'] }],
  ['key_ops as a string', kinds, { ...rsa, key_ops: 'verify' }],
  ['key_ops twice the same', kinds, { ...rsa, key_ops: ['verify', 'verify'] }],
  ['key_ops with a number', kinds, { ...rsa, key_ops: ['verify', 1] }],
  ['alg of encryption', kinds, { ...rsa, alg: 'RSA-OAEP' }],
  ['alg none', kinds, { ...rsa, alg: 'none' }],
  ['alg of another type', kinds, { ...rsa, alg: 'ES256' }],
  ['alg of HMAC on a public key', kinds, { ...rsa, alg: 'HS256' }],
  ['alg of RSA on a secret', kinds, { ...oct, alg: 'RS256' }],
  ['alg of another curve', kinds, { ...ec, alg: 'ES384' }],
  ['alg Ed448 on Ed25519', kinds, { ...okp, alg: 'Ed448' }],
  ['alg in lower case', kinds, { ...rsa, alg: 'rs256' }],
  ['alg as an array', kinds, { ...rsa, alg: ['RS256'] }],
  ['kid as a number', kinds, { ...rsa, kid: 1 }],
  ['kid as an array', kinds, { ...rsa, kid: ['a'] }],
  ['RSA without n', material, { ...rsa, n: undefined }],
  ['RSA without e', material, { ...rsa, e: undefined }],
  ['n empty', material, { ...rsa, n: '' }],
  ['e empty', material, { ...rsa, e: '' }],
  ['e as a number', material, { ...rsa, e: 65537 }],
  ['n with padding', material, { ...rsa, n: `${rsa.n}==` }],
  ['n in the standard alphabet', material, { ...rsa, n: decoded(rsa.n).toString('base64') }],
  ['n with a line break', material, { ...rsa, n: `${rsa.n}\n` }],
  ['n with stray bits', material, { ...rsa, n: strayBits(rsa.n) }],
  ['n of nothing but zeros', material, { ...rsa, n: zeros(256) }],
  ['e in standard base64 of the wrong length', material, { ...rsa, e: 'AQABA' }],
  ['RSA of three primes', 'RFC 7518 §6.3.2.7', { ...privateJwk('rsa'), oth: [] }],
  ['RSA private without p', material, { ...privateJwk('rsa'), p: undefined }],
  ['RSA private of another modulus', material, { ...privateJwk('rsa'), n: publicJwk('rsaOther').n }],
  ['EC without crv', material, { ...ec, crv: undefined }],
  ['EC without y', material, { ...ec, y: undefined }],
  ['EC without x', material, { ...ec, x: undefined }],
  ['crv in lower case', material, { ...ec, crv: 'p-256' }],
  ['crv by its OpenSSL name', material, { ...ec, crv: 'prime256v1' }],
  ['crv as an array', material, { ...ec, crv: ['P-256'] }],
  ['crv unknown', material, { ...ec, crv: 'P-192' }],
  ['crv named like a prototype member', material, { ...ec, crv: '__proto__' }],
  ['crv of another size', material, { ...ec, crv: 'P-384' }],
  ['crv of the same size', material, { ...ec, crv: 'secp256k1' }],
  ['a point off the curve', 'CVE-2015-6924, RFC 8725 §3.4: invalid curve attack', offCurve],
  ['the point (0, 0)', 'RFC 8725 §3.4', { ...ec, x: zeros(32), y: zeros(32) }],
  ['x and y swapped', 'RFC 8725 §3.4', { ...ec, x: ec.y, y: ec.x }],
  ['x one byte short', 'RFC 7518 §6.2.1.2', { ...ec, x: short(ec.x) }],
  ['y one byte short', 'RFC 7518 §6.2.1.3', { ...ec, y: short(ec.y) }],
  ['x with a leading zero', 'RFC 7518 §6.2.1.2', { ...ec, x: withZero(ec.x) }],
  ['x with stray bits', material, { ...ec, x: strayBits(ec.x) }],
  ['x with padding', material, { ...ec, x: `${ec.x}=` }],
  ['EC private of another point', material, { ...privateJwk('p256'), d: privateJwk('p256Other').d }],
  ['OKP without x', material, { ...okp, x: undefined }],
  ['OKP x one byte short', 'RFC 8037 §2', { ...okp, x: short(okp.x) }],
  ['OKP x with a leading zero', 'RFC 8037 §2', { ...okp, x: withZero(okp.x) }],
  ['OKP crv of another size', 'RFC 8037 §2', { ...okp, crv: 'Ed448' }],
  ['OKP private of another point', material, { ...privateJwk('ed25519'), d: privateJwk('ed25519Other').d }],
  ['oct without k', material, { kty: 'oct' }],
  ['oct k as a number', material, { kty: 'oct', k: 1 }],
  ['oct k in the standard alphabet', material, { kty: 'oct', k: `${Buffer.alloc(33, 0xff).toString('base64')}` }],
  ['oct k with padding', material, { kty: 'oct', k: `${Buffer.alloc(32, 7).toString('base64url')}=` }],
  ['oct k inherited', material, inherited({ kty: 'oct' }, { k: stored.secret })],
];

const a = { ...rsa, kid: 'a' };
const refusedSets: [string, string, unknown][] = [
  ['no keys', 'RFC 7517 §5', {}],
  ['keys null', 'RFC 7517 §5', { keys: null }],
  ['keys as an object', 'RFC 7517 §5', { keys: { a: rsa } }],
  ['keys inherited', 'RFC 7517 §5', Object.create({ keys: [rsa] })],
  ['an array instead of a set', 'RFC 7517 §5', [rsa]],
  ['a secret beside a public key', 'RFC 8725 §2.1', { keys: [a, { ...oct, kid: 'b' }] }],
  ['a broken secret beside a public key', 'RFC 8725 §2.1', { keys: [a, { kty: 'oct', k: '=' }] }],
  ['a broken private key', 'RFC 7517 §9.2: it is published', { keys: [a, { ...privateJwk('p256'), x: '=' }] }],
];

const acceptedJwks: [string, unknown][] = [
  ['RSA', rsa],
  ['EC', ec],
  ['OKP', okp],
  ['oct', oct],
  ['with use, key_ops, alg, kid', { ...rsa, use: 'sig', key_ops: ['verify'], alg: 'RS256', kid: 'a' }],
  ['with a certificate chain and unknown members', { ...ec, x5c: ['AA'], x5t: 'AA', 'https://a.example': 1 }],
  ['with an empty kid', { ...rsa, kid: '' }],
  // RFC 7518 §6.3.1.1 forbids the zero byte, but issuers write it, and the number is the same.
  ['n with a leading zero', { ...rsa, n: withZero(rsa.n) }],
  ['e with a leading zero', { ...rsa, e: withZero(rsa.e) }],
  // Serializers write every member that they know: null, or an empty list, where there is none.
  ['use null', { ...rsa, use: null }],
  ['alg null', { ...rsa, alg: null }],
  ['kid null', { ...rsa, kid: null }],
  ['key_ops null', { ...rsa, key_ops: null }],
  ['key_ops empty', { ...rsa, key_ops: [] }],
  ['private members null', { ...rsa, d: null, p: null, q: null, dp: null, dq: null, qi: null, oth: null, k: null }],
  ...(['p384', 'p521', 'secp256k1', 'ed448', 'rsa3072'] as const).map((name: PairName): [string, unknown] => [
    name,
    publicJwk(name),
  ]),
];

export const cases: KeyCase[] = [
  ...refusedJwks.map(
    ([name, source, jwk]): KeyCase => ({
      category: 3,
      name: `JWK: ${name}`,
      source,
      load: () => importJwk(jwk),
      expect: 'KEY_INVALID',
    }),
  ),
  ...acceptedJwks.map(
    ([name, jwk]): KeyCase => ({
      category: 3,
      name: `JWK: ${name}`,
      source: 'RFC 7517 §4',
      load: () => importJwk(jwk),
      expect: 'accept',
    }),
  ),
  ...refusedSets.map(
    ([name, source, set]): KeyCase => ({
      category: 3,
      name: `JWK Set: ${name}`,
      source,
      load: () => importJwkSet(set).keys,
      expect: 'KEY_INVALID',
    }),
  ),
  ...[
    ['an empty set', JSON.stringify({ keys: [] })],
    ['a set of one broken key', JSON.stringify({ keys: [{ ...offCurve, kid: 'b' }] })],
    ['a set of broken keys', JSON.stringify({ keys: [null, 1, [rsa], { kty: 1 }, { ...rsa, n: 1 }] })],
    [
      'a map with a private key',
      JSON.stringify({ a: publicPem('rsa'), b: privateKeys.p256.export({ format: 'pem', type: 'pkcs8' }) }),
    ],
    ['a map of nothing that is PEM', JSON.stringify({ a: 'AAAA' })],
    ['a set of encryption keys', JSON.stringify({ keys: [{ ...rsa, use: 'enc' }] })],
    ['a JWK with a duplicate member', JSON.stringify(rsa).replace('{', `{"n":"${publicJwk('rsaOther').n}",`)],
    ['a JWK with an escaped duplicate', JSON.stringify(rsa).replace('{', `{"\\u006e":"${publicJwk('rsaOther').n}",`)],
    ['a set with two lists', `{"keys":[${JSON.stringify(ec)}],"keys":[${JSON.stringify(rsa)}]}`],
    ['a JWK that is also a set', JSON.stringify({ ...rsa, alg: 'none', keys: [ec] })],
    ['a JWK whose kty stands in __proto__', JSON.stringify(rsa).replace('"kty":"RSA"', '"__proto__":{"kty":"RSA"}')],
    ['a JWK with trailing text', `${JSON.stringify(rsa)}x`],
    [
      'a JWK with invalid UTF-8',
      Buffer.concat([Buffer.from('{"kid":"'), Buffer.from([0xff]), Buffer.from(`",${JSON.stringify(rsa).slice(1)}`)]),
    ],
  ].map(
    ([name, content]): KeyCase => ({
      category: 3,
      name: `file: ${name}`,
      source: 'RFC 7517 §4, §5; RFC 8259 §4, §8.1',
      load: () => loadKeys(content as string | Uint8Array, { purpose: 'verify' }),
      expect: 'KEY_INVALID',
    }),
  ),
  {
    category: 3,
    name: 'JWK Set: encryption keys, weak keys and unknown types are passed over',
    source: 'RFC 7517 §5: implementations SHOULD ignore JWKs that they do not understand',
    load: () =>
      importJwkSet({
        keys: [
          { ...rsa, use: 'enc', kid: 'e' },
          publicJwk('rsa1024'),
          { kty: 'AKP', pub: 'AA' },
          publicJwk('x25519'),
          ec,
        ],
      }).keys,
    expect: 'accept',
  },
  {
    category: 3,
    name: 'JWK Set: broken keys are left out, and the others stay',
    source: 'RFC 7517 §5: implementations SHOULD ignore JWKs with values out of the supported ranges',
    load: () => importJwkSet({ keys: [null, { ...offCurve, kid: 'b' }, { ...ec, kid: 7 }, a] }).keys,
    expect: 'accept',
  },
];

const pinned = (jwk: object) => [importJwk(jwk)];
const set = () =>
  importJwkSet({
    keys: [a, { ...ec, kid: 'b' }, { ...okp, kid: 'c' }, { ...publicJwk('rsaOther'), kid: 'e', use: 'enc' }],
  }).keys;

/** One kid for keys of each type, and for two keys of one type. */
const oneKid = () =>
  importJwkSet({ keys: [rsa, publicJwk('rsaOther'), ec, okp].map((jwk) => ({ ...jwk, kid: 'a' })) }).keys;

export const tokenCases: TokenCase[] = [
  ...(['RS256', 'PS256', 'ES256', 'EdDSA'] as const).map(
    (alg): TokenCase => ({
      category: 3,
      name: `${alg} by a kid that several keys have`,
      source: 'RFC 7517 §4.5: keys of one kid are equivalent alternatives',
      ...sealClaims(named(signers[alg], 'a'), {}, { kid: 'a' }),
      keys: oneKid(),
      expect: 'accept',
    }),
  ),
  {
    category: 3,
    name: 'HS256 over the text of a public key, by a kid that several keys have',
    source: 'RFC 8725 §2.1: no key of the set allows HMAC',
    ...sealClaims({ ...signers.HS256, key: createSecretKey(Buffer.from(publicPem('rsa'))) }, {}, { kid: 'a' }),
    keys: oneKid(),
    isSignedRight: false,
    expect: 'ALG_NOT_ALLOWED',
  },
  {
    category: 3,
    name: 'a stranger’s signature by a kid that several keys have',
    source: 'RFC 7515 §5.2',
    ...sealClaims(strangers.RS256, {}, { kid: 'a' }),
    keys: importJwkSet({ keys: [ec, rsa, publicJwk('rsa3072')].map((jwk) => ({ ...jwk, kid: 'a' })) }).keys,
    isSignedRight: false,
    expect: 'SIGNATURE_INVALID',
  },
  {
    category: 3,
    name: 'the kid of a key that was left out',
    source: 'RFC 7517 §5: a key that is ignored verifies nothing',
    ...sealClaims(named(signers.ES256, 'b'), {}, { kid: 'b' }),
    keys: importJwkSet({ keys: [a, { ...ec, kid: 'b', use: 'enc' }, { ...ec, kid: 'b', y: ec.x }] }).keys,
    isSignedRight: false,
    expect: 'KEY_NOT_FOUND',
  },
  ...(['RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map(
    (alg): TokenCase => ({
      category: 3,
      name: `${alg} under a JWK whose alg is RS256`,
      source: 'RFC 7517 §4.4, RFC 8725 §3.1: one algorithm a key',
      ...seal(signers[alg]),
      keys: pinned({ ...rsa, alg: 'RS256' }),
      expect: 'ALG_NOT_ALLOWED',
    }),
  ),
  ...(['HS384', 'HS512'] as const).map(
    (alg): TokenCase => ({
      category: 3,
      name: `${alg} under a JWK whose alg is HS256`,
      source: 'RFC 7517 §4.4, RFC 8725 §3.1',
      ...seal(signers[alg]),
      keys: pinned({ ...oct, alg: 'HS256' }),
      expect: 'ALG_NOT_ALLOWED',
    }),
  ),
  {
    category: 3,
    name: 'EdDSA under a JWK whose alg is Ed25519',
    source: 'RFC 9864 §2.2: fully specified',
    ...seal(signers.EdDSA),
    keys: pinned({ ...okp, alg: 'Ed25519' }),
    expect: 'ALG_NOT_ALLOWED',
  },
  ...[
    ['A', 'in other case'],
    ['a ', 'with a space'],
    ['', 'empty'],
    ['b', 'of another type of key'],
    ['e', 'of an encryption key'],
    ['__proto__', 'of a prototype member'],
    ['0', 'an index'],
    ['*', 'a wildcard'],
  ].map(
    ([kid = '', why]): TokenCase => ({
      category: 3,
      name: `kid ${JSON.stringify(kid)}, ${why}, before a JWK Set`,
      source: 'RFC 7517 §4.5: case-sensitive string',
      ...sealClaims(signers.RS256, {}, { kid }),
      keys: set(),
      isSignedRight: false,
      expect: kid === 'b' ? 'ALG_NOT_ALLOWED' : 'KEY_NOT_FOUND',
    }),
  ),
  {
    category: 3,
    name: 'a secret whose key_ops is sign alone',
    source: 'RFC 7517 §4.3',
    ...seal(signers.HS256),
    keys: pinned({ ...oct, key_ops: ['sign'] }),
    expect: ['ALG_NOT_ALLOWED', 'KEY_NOT_FOUND'],
  },
  ...(
    [
      ['RS256', 'a'],
      ['ES256', 'b'],
      ['EdDSA', 'c'],
    ] as const
  ).map(
    ([alg, kid]): TokenCase => ({
      category: 3,
      name: `${alg} by kid from a JWK Set`,
      source: 'RFC 7517 §4.5',
      ...sealClaims(named(signers[alg], kid), {}, { kid }),
      keys: set(),
      expect: 'accept',
    }),
  ),
  {
    category: 3,
    name: 'PS384 under a JWK whose alg says so',
    source: 'RFC 7517 §4.4',
    ...seal(signers.PS384),
    keys: pinned({ ...rsa, alg: 'PS384' }),
    expect: 'accept',
  },
];
