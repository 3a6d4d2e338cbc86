import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exportPrivateJwk, exportPublicJwk, importJwk, type Jwk, thumbprint } from '../../src/jose/jwk.js';
import { storedPair } from '../attacks/trusted-keys.js';

const pairs = {
  RSA: storedPair('rsa'),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  OKP: generateKeyPairSync('ed25519'),
};
const publicJwk = (kty: keyof typeof pairs) => exportPublicJwk(pairs[kty].publicKey);
const privateJwk = (kty: keyof typeof pairs) => exportPrivateJwk(pairs[kty].privateKey);

describe.each(['RSA', 'EC', 'OKP'] as const)('a JWK of kty %s', (kty) => {
  test('imports as the same key', () => {
    expect(importJwk(publicJwk(kty)).keyObject.equals(pairs[kty].publicKey)).toBe(true);
    expect(importJwk(privateJwk(kty)).keyObject.equals(pairs[kty].privateKey)).toBe(true);
  });

  test('has one thumbprint for both halves', () => {
    const expected = thumbprint(publicJwk(kty));
    expect([thumbprint(privateJwk(kty)), thumbprint(pairs[kty].privateKey)]).toEqual([expected, expected]);
  });

  test('exports no private member with its public half', () => {
    const names = Object.keys(exportPublicJwk(pairs[kty].privateKey));
    expect(names.filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name))).toEqual([]);
  });
});

const ec = publicJwk('EC');
const rsa = publicJwk('RSA');
test.each<[string, unknown, string]>([
  ['an array', [], 'a JWK is a JSON object, this is an array'],
  ['no kty', {}, "the JWK's kty is missing"],
  ['an unknown kty', { kty: 'rsa' }, `the JWK's kty "rsa" is not one of RSA, EC, OKP, oct`],
  ['a kty from the prototype', { kty: 'constructor' }, `the JWK's kty "constructor" is not one of RSA, EC, OKP, oct`],
  ['an inherited member', Object.create(ec), "the JWK's kty is missing"],
  ['a kid that is a number', { ...ec, kid: 1 }, "the JWK's kid is not a string"],
  ['a use for encryption', { ...ec, use: 'enc' }, `the JWK's use is "enc", not "sig"`],
  ['an alg for encryption', { ...ec, alg: 'ECDH-ES' }, `the JWK's alg "ECDH-ES" is no signature algorithm`],
  ['the alg of another kty', { ...ec, alg: 'RS256' }, 'alg RS256 does not fit the key (EC P-256)'],
  ['no crv', { ...ec, crv: undefined }, "the JWK's crv is missing"],
  ['a curve for encryption', { kty: 'OKP', crv: 'X25519', x: 'AA' }, `the JWK's crv "X25519" is no signature curve`],
  ['the curve of another kty', { ...ec, crv: 'Ed25519' }, "the JWK's crv Ed25519 does not belong to kty EC"],
  ['a missing coordinate', { ...ec, y: undefined }, "the JWK's y is missing"],
  ['a short coordinate', { ...ec, x: 'AAAA' }, "the JWK's x has 3 bytes, P-256 takes 32"],
  ['padding', { ...ec, x: `${ec.x}=` }, "the JWK's x is not canonical base64url"],
  ['a point off the curve', { ...ec, x: ec.y, y: ec.x }, "the JWK's members make no valid EC key"],
  ['a number that is zero', { ...rsa, e: 'AAAA' }, "the JWK's e is empty"],
  ['a member of another type', { ...rsa, e: 65537 }, "the JWK's e is a number, not a string"],
  ['a use that is no text', { ...rsa, use: true }, "the JWK's use is a boolean, not a string"],
  ['a certificate alone', { kty: 'RSA', x5c: ['AA'] }, "the JWK's n is missing; x5c is not read"],
  ['an empty number', { ...rsa, n: '' }, "the JWK's n is empty"],
  ['more than two primes', { ...rsa, oth: [] }, "the JWK's oth (an RSA key of more than two primes) is not supported"],
  ...['p', 'q', 'dp', 'dq', 'qi'].map((name): [string, unknown, string] => [
    `a private key without d, but with ${name}`,
    { ...rsa, d: null, [name]: (privateJwk('RSA') as unknown as Record<string, string>)[name] },
    `the JWK's d is missing, but its private ${name} is there`,
  ]),
  ['a public key with k', { ...ec, k: 'AA' }, "the JWK's d is missing, but its private k is there"],
  ['halves of two keys', { ...privateJwk('OKP'), x: exportPublicJwk(generateKeyPairSync('ed25519').publicKey).x }, ''],
  [
    'repeated operations',
    { ...ec, key_ops: ['verify', 'verify'] },
    "the JWK's key_ops is not an array of distinct strings",
  ],
  ['operations for encryption', { ...ec, key_ops: ['wrapKey'] }, "the JWK's key_ops allows neither sign nor verify"],
  ['sign alone for a public key', { ...ec, key_ops: ['sign'] }, "the JWK's key_ops does not allow verify"],
])('importJwk refuses %s', (_, jwk, message) => {
  expect(() => importJwk(jwk)).toThrow(
    expect.objectContaining({ code: 'KEY_INVALID', message: message === '' ? expect.any(String) : message }),
  );
});

test('importJwk takes the kid, alg and operations of the JWK, and the source of the caller', () => {
  const key = importJwk({ ...ec, kid: 'k1', alg: 'ES256', use: 'sig', key_ops: ['verify'] }, { source: 'a.jwk' });
  expect(key).toMatchObject({ kid: 'k1', algorithms: ['ES256'], operations: ['verify'], source: 'a.jwk' });
  expect(importJwk({ ...ec, kid: 'k1' }, { kid: 'k2' }).kid).toBe('k2');
});

test('importJwk takes a public key whose private members are null', () => {
  const none = { d: null, p: null, q: null, dp: null, dq: null, qi: null, oth: null, k: null };
  expect(importJwk({ ...rsa, ...none }).keyObject.equals(pairs.RSA.publicKey)).toBe(true);
});

test('a key that is restricted to RSASSA-PSS has no JWK', () => {
  const { publicKey } = storedPair('rsaPss');
  expect(() => exportPublicJwk(publicKey)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
});

describe('zero bytes before a number of an RSA key are dropped', () => {
  const withZeros = (text: string | undefined, zeros = 1) =>
    Buffer.concat([Buffer.alloc(zeros), Buffer.from(text ?? '', 'base64url')]).toString('base64url');

  test.each<[string, Jwk]>([
    ['n', { ...rsa, n: withZeros(rsa.n) }],
    ['n and many zeros', { ...rsa, n: withZeros(rsa.n, 40) }],
    ['e', { ...rsa, e: 'AAEAAQ' }],
    ['n and e', { ...rsa, n: withZeros(rsa.n), e: withZeros(rsa.e, 5) }],
  ])('%s of a public key', (_, jwk) => {
    const { keyObject, shape } = importJwk(jwk);
    expect(keyObject.equals(pairs.RSA.publicKey)).toBe(true);
    expect(shape).toEqual(importJwk(rsa).shape);
    expect(thumbprint(keyObject)).toBe(thumbprint(rsa));
  });

  test('all numbers of a private key', () => {
    const numbers = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
    const jwk = privateJwk('RSA');
    const signed = { ...jwk, ...Object.fromEntries(numbers.map((name) => [name, withZeros(jwk[name])])) };
    expect(importJwk(signed).keyObject.equals(pairs.RSA.privateKey)).toBe(true);
  });

  test('not those of a coordinate, which has a fixed size', () => {
    expect(() => importJwk({ ...ec, x: withZeros(ec.x) })).toThrow("the JWK's x has 33 bytes, P-256 takes 32");
  });
});
