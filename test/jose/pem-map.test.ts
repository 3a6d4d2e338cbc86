import { expect, test } from 'vitest';
import type { SkippedJwk } from '../../src/jose/jwk-set.js';
import { loadKeys } from '../../src/jose/keys.js';
import { exportPrivatePem } from '../../src/jose/pem.js';
import { privateKeys, publicPem } from '../attacks/trusted-keys.js';

const good = publicPem('rsa');
const load = (map: object, purpose: 'verify' | 'sign' | 'any' = 'verify') => {
  const skipped: SkippedJwk[] = [];
  const keys = loadKeys(JSON.stringify(map), { purpose, source: 'map', onSkipped: (each) => skipped.push(each) });
  return { kids: keys.map(({ kid }) => kid), keys, skipped };
};

test('each key of a map has its kid and its source', () => {
  const { keys, skipped } = load({ a: good, b: publicPem('p256'), '': publicPem('ed25519') });
  expect(keys.map(({ kid, source, shape }) => [kid, source, shape.kty])).toEqual([
    ['a', 'map', 'RSA'],
    ['b', 'map', 'EC'],
    ['', 'map', 'OKP'],
  ]);
  expect(skipped).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['a number', 5, 'it is a number, not PEM'],
  ['null', null, 'it is null, not PEM'],
  ['a JWK', { kty: 'RSA' }, 'it is an object, not PEM'],
  ['text', 'no key', 'this is no key: expected PEM, DER, a JWK or a JWK Set'],
  ['a curve that signs nothing', publicPem('x25519'), 'a key of type x25519 signs no JWS'],
  ['too few bits', publicPem('rsa1024'), 'the key has 1024 bits, 2048 are needed at least'],
])('a member that is %s is left out', (_, member, reason) => {
  for (const map of [
    { x: member, a: good },
    { a: good, x: member },
  ]) {
    expect(load(map)).toMatchObject({ kids: ['a'], skipped: [{ kid: 'x', reason, isBroken: true }] });
  }
});

const pkcs8 = exportPrivatePem(privateKeys.p256);
test.each<[string, string]>([
  ['PKCS#8', pkcs8],
  ['a broken one', pkcs8.replace(/\n.{20}/, '\n!')],
  ['an encrypted one', exportPrivatePem(privateKeys.p256, { passphrase: 'pass' })],
  ['one in SEC 1', privateKeys.p256.export({ format: 'pem', type: 'sec1' }) as string],
  ['a JWK in a text', JSON.stringify(privateKeys.p256.export({ format: 'jwk' }))],
  ['a secret in a text', JSON.stringify({ kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') })],
])('a map with a private key is refused whole: %s', (_, member) => {
  for (const purpose of ['verify', 'sign', 'any'] as const) {
    const message = 'map: the key "x" is a private key, and the set is public';
    expect(() => load({ a: good, x: member }, purpose)).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message }),
    );
  }
});

test.each<[string, object, string]>([
  ['no member is PEM', { a: 'AAAA' }, "map: the JWK's kty is missing"],
  ['no member is usable', { a: `${good.slice(0, 70)}!` }, 'map: the JWK Set holds no usable signature key'],
  [
    'there are 1001 members',
    Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [at, good])),
    'map: the map holds 1001 keys',
  ],
])('a map is refused if %s', (_, map, message) => {
  expect(() => load(map)).toThrow(
    expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining(message) }),
  );
});
