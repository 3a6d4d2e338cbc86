import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exportPrivateJwk, exportPublicJwk } from '../../src/jose/jwk.js';
import { importJwkSet } from '../../src/jose/jwk-set.js';
import { storedPair } from '../attacks/trusted-keys.js';

const makePair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pair = makePair();
const ec = exportPublicJwk(pair.publicKey);
const ecPrivate = exportPrivateJwk(pair.privateKey);
const other = exportPublicJwk(makePair().publicKey);
const rsa = exportPublicJwk(storedPair('rsa').publicKey);
const weak = exportPublicJwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
const oct = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') };
const good = { ...rsa, kid: 'good' };

describe('a member that cannot be used is left out, and the others stay', () => {
  test.each<[string, unknown, string | undefined, string]>([
    ['null', null, undefined, 'a JWK is a JSON object, this is null'],
    ['a number', 5, undefined, 'a JWK is a JSON object, this is a number'],
    ['a text', 'k1', undefined, 'a JWK is a JSON object, this is a string'],
    ['a list of keys', [ec], undefined, 'a JWK is a JSON object, this is an array'],
    ['an empty object', {}, undefined, 'kty is missing'],
    ['no kty', { ...ec, kty: undefined, kid: 'x' }, 'x', 'kty is missing'],
    ['a kty of another type', { kty: 1, kid: 'x' }, 'x', 'kty is missing'],
    ['a kid of another type', { ...ec, kid: 7 }, '7', 'kid is not a string'],
    ['padding', { ...rsa, n: `${rsa.n}=`, kid: 'x' }, 'x', 'n is not canonical base64url'],
    ['the standard alphabet', { ...rsa, n: `+${rsa.n?.slice(1)}`, kid: 'x' }, 'x', 'n is not canonical base64url'],
    ['no e', { ...rsa, e: undefined, kid: 'x' }, 'x', 'e is missing'],
    ['an n that is a number', { ...rsa, n: 5, kid: 'x' }, 'x', 'n is a number, not a string'],
    ['an n that is null', { ...rsa, n: null, kid: 'x' }, 'x', 'n is null, not a string'],
    ['a certificate alone', { kty: 'RSA', kid: 'x', x5c: ['AA'] }, 'x', 'n is missing; x5c is not read'],
    ['a point off the curve', { ...ec, y: other.y, kid: 'x' }, 'x', 'members make no valid EC key'],
    ['a short coordinate', { ...ec, y: ec.y?.slice(0, 40), kid: 'x' }, 'x', 'y has 30 bytes, P-256 takes 32'],
    ['no crv', { ...ec, crv: undefined, kid: 'x' }, 'x', 'crv is missing'],
    ['the crv of another type', { ...ec, crv: 'Ed25519', kid: 'x' }, 'x', 'crv Ed25519 does not belong to kty EC'],
    ['the alg of another type', { ...ec, alg: 'RS256', kid: 'x' }, 'x', 'alg RS256 does not fit the key (EC P-256)'],
    ['a boolean use', { ...ec, use: true, kid: 'x' }, 'x', 'use is a boolean, not a string'],
    ['key_ops as text', { ...ec, key_ops: 'verify', kid: 'x' }, 'x', 'key_ops is not an array of distinct strings'],
    ['too few bits', { ...weak, kid: 'x' }, 'x', 'the key has 1024 bits, 2048 are needed at least'],
    [
      'an even exponent',
      { ...rsa, e: 'AQAC', kid: 'x' },
      'x',
      expect.stringContaining('exponent must be odd') as string,
    ],
  ])('%s', (_, member, kid, reason) => {
    for (const keys of [
      [member, good],
      [good, member],
    ]) {
      const set = importJwkSet({ keys }, { source: 'set' });
      expect(set.keys.map((key) => key.kid)).toEqual(['good']);
      expect([...set.members.values()]).toEqual([good]);
      expect(set.skipped).toEqual([{ kid, reason, isBroken: true }]);
    }
  });

  test.each<[string, object, string]>([
    ['a use for encryption', { ...rsa, use: 'enc' }, 'use is "enc", not "sig"'],
    ['an alg for encryption', { ...rsa, alg: 'RSA-OAEP' }, 'alg "RSA-OAEP" is no signature algorithm'],
    ['key_ops for encryption', { ...rsa, key_ops: ['wrapKey'] }, 'key_ops allows neither sign nor verify'],
    ['a curve for encryption', { kty: 'OKP', crv: 'X25519', x: 'AA' }, 'crv "X25519" is no signature curve'],
    ['a type of the future', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }, 'kty "AKP" is not one of RSA, EC, OKP, oct'],
  ])('%s, and nothing is broken', (_, member, reason) => {
    const { keys, skipped } = importJwkSet({ keys: [{ ...member, kid: 'x' }, good] });
    expect(keys).toHaveLength(1);
    expect(skipped).toEqual([{ kid: 'x', reason, isBroken: false }]);
  });
});

describe('a member that is null, as some serializers write it, is absent', () => {
  const names = [
    'use',
    'alg',
    'kid',
    'key_ops',
    'd',
    'p',
    'q',
    'dp',
    'dq',
    'qi',
    'oth',
    'k',
    'crv',
    'x',
    'y',
    'x5c',
    'exp',
  ];
  test.each<[string, object]>([
    ...names.map((name): [string, object] => [`${name}: null`, { ...rsa, [name]: null }]),
    ['all of them', { ...rsa, ...Object.fromEntries(names.map((name) => [name, null])) }],
    ['key_ops: []', { ...rsa, key_ops: [] }],
    ['d: null of an EC key', { ...ec, d: null }],
  ])('%s', (_, member) => {
    const { keys, skipped } = importJwkSet({ keys: [member] });
    expect({ keys: keys.map(({ kid }) => kid), skipped }).toEqual({ keys: [undefined], skipped: [] });
  });

  test('a private key without primes is none', () => {
    expect(() => importJwkSet({ keys: [{ ...exportPrivateJwk(storedPair('rsa').privateKey), p: null }] })).toThrow(
      'p is null, not a string',
    );
  });
});

describe('one kid for several keys', () => {
  const kid = 'a';
  test.each<[string, object[], number]>([
    [
      'two types',
      [
        { ...ec, kid },
        { ...rsa, kid },
      ],
      2,
    ],
    [
      'two keys of one type',
      [
        { ...ec, kid },
        { ...other, kid },
      ],
      2,
    ],
    [
      'the same key twice',
      [
        { ...ec, kid },
        { ...ec, kid },
      ],
      1,
    ],
    [
      'the same key three times, beside another',
      [
        { ...ec, kid },
        { ...other, kid },
        { ...ec, kid },
        { ...ec, kid },
      ],
      2,
    ],
    [
      'the same key with and without extra members',
      [
        { ...ec, kid, x5t: 'AA' },
        { ...ec, kid, use: 'sig' },
      ],
      1,
    ],
    [
      'the same key, once with a zero byte',
      [
        { ...rsa, kid },
        { ...rsa, e: 'AAEAAQ', kid },
      ],
      1,
    ],
    ['the same key without kids', [ec, ec], 1],
    [
      'the same key with two kids',
      [
        { ...ec, kid },
        { ...ec, kid: 'b' },
      ],
      2,
    ],
    [
      'the same key for two algorithms',
      [
        { ...rsa, kid, alg: 'RS256' },
        { ...rsa, kid, alg: 'PS256' },
      ],
      2,
    ],
    [
      'the same key with and without its algorithm',
      [
        { ...ec, kid, alg: 'ES256' },
        { ...ec, kid },
      ],
      1,
    ],
    [
      'the same key with two ends',
      [
        { ...ec, kid, exp: 1 },
        { ...ec, kid, exp: 2 },
      ],
      2,
    ],
  ])('%s', (_, keys, count) => {
    expect(importJwkSet({ keys }).keys).toHaveLength(count);
    expect(importJwkSet({ keys: [...keys].reverse() }).keys).toHaveLength(count);
  });

  test.each([0, 1])('of a narrow and a wide copy the wide one stays', (first) => {
    const copies = [
      { ...rsa, kid, alg: 'RS512' },
      { ...rsa, kid },
    ];
    const { keys } = importJwkSet({ keys: first === 0 ? copies : copies.reverse() });
    expect(keys.map(({ algorithms }) => algorithms.length)).toEqual([6]);
  });
});

test.each<[string, unknown, string]>([
  ['no array of keys', { keys: {} }, 'a JWK Set has an array of keys'],
  ['a secret beside a public key', { keys: [ec, oct] }, 'secrets and public keys are mixed in one JWK Set'],
  ['a broken private key', { keys: [ec, { ...ecPrivate, x: '=' }] }, "the JWK's x is not canonical base64url"],
  ['a private key without its type', { keys: [ec, { d: 'AA' }] }, "the JWK's kty is missing"],
  ['a broken secret', { keys: [ec, { kty: 'oct', k: '=' }] }, "the JWK's k is not canonical base64url"],
  ['a private key in a list', { keys: [ec, [ecPrivate]] }, 'a JWK is a JSON object, this is an array'],
  ['1001 keys', { keys: Array(1001).fill(ec) }, 'the JWK Set holds 1001 keys, at most 1000 are taken'],
])('importJwkSet refuses a set with %s', (_, set, message) => {
  expect(() => importJwkSet(set)).toThrow(expect.objectContaining({ code: 'KEY_INVALID', message }));
});

test('importJwkSet stops where checkTime throws', () => {
  let calls = 0;
  const checkTime = () => {
    if (++calls > 1) throw new Error('too long');
  };
  expect(() => importJwkSet({ keys: [ec, rsa] }, { checkTime })).toThrow('too long');
});
