import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
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
  for (const purpose of ['verify', 'any'] as const) {
    const message = 'map: the key "x" is a private key, and the set is public';
    expect(() => load({ a: good, x: member }, purpose)).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message }),
    );
  }
});

test('to sign, the one private key counts beside public ones, and the name of its member is no kid', () => {
  const { keys, kids } = load({ PUBLIC_KEY: good, PRIVATE_KEY: pkcs8, PORT: '80' }, 'sign');
  expect(keys.map(({ keyObject }) => keyObject.equals(privateKeys.p256))).toEqual([true]);
  expect(kids).toEqual([undefined]);
  expect(() => load({ a: good, x: pkcs8, y: pkcs8.replace('\n', '\n\n') }, 'sign')).toThrow(
    /the JSON holds 2 keys: x, y/,
  );
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

describe('one public key among variables or files', () => {
  const pem = good;
  const secret = exportPrivatePem(privateKeys.rsa);
  test.each<[string, object]>([
    ['alone', { JWT_PUBLIC_KEY: pem }],
    ['beside a password', { JWT_PUBLIC_KEY: pem, DB_PASSWORD: 'hunter2' }],
    ['beside a private key', { JWT_PUBLIC_KEY: pem, DEPLOY_KEY: secret, PORT: '8080' }],
    ['in a file of a ConfigMap', { 'jwt.pub': pem, namespace: 'default' }],
    ['in a setting', { jwtPublicKey: pem, issuer: 'https://issuer.example' }],
    ['in a credential of Kong', { key: 'issuer-1', rsa_public_key: pem, algorithm: 'RS256' }],
    ['in kebab case', { 'public-key': pem }],
    ['in capitals', { PublicKey: pem }],
    ['by what it is for', { verificationKey: pem }],
    ['by what it signs', { signing_key: pem }],
    ['by its abbreviation', { pubkey: pem }],
    ['by its form', { rsaPublicKeyPem: pem }],
    ['as a certificate', { signingCertificate: pem }],
  ])('%s is that key, without a kid', (_what, json) => {
    const notes: string[] = [];
    const keys = loadKeys(JSON.stringify(json), { purpose: 'verify', note: (text) => notes.push(text) });
    expect(keys.map(({ kid, keyObject }) => [kid, keyObject.type])).toEqual([[undefined, 'public']]);
    const name = Object.entries(json).find(([, value]) => value === pem)?.[0];
    expect(notes).toEqual([`the key was found in JSON at ${name}`]);
  });

  test('two of them are a set, as is one under another name', () => {
    const kidsOf = (json: object) => loadKeys(JSON.stringify(json), { purpose: 'verify' }).map(({ kid }) => kid);
    expect(kidsOf({ KEY_ONE: pem, KEY_TWO: pem })).toEqual(['KEY_ONE', 'KEY_TWO']);
    for (const kid of ['2026-11', 'key-1', 'default', 'prod-key', 'signing-key-2', 'eu-west']) {
      expect(kidsOf({ [kid]: pem })).toEqual([kid]);
    }
  });
});

describe('a service account in base64 in JSON', () => {
  const account = { type: 'service_account', private_key_id: 'k9', private_key: exportPrivatePem(privateKeys.rsa) };
  const packed = Buffer.from(JSON.stringify(account)).toString('base64');
  test.each<[string, object]>([
    ['of Google when it makes a key', { name: 'projects/p/serviceAccounts/s/keys/k9', privateKeyData: packed }],
    ['of terraform output', { account_key: { sensitive: true, type: 'string', value: packed } }],
    ['of Kubernetes', { kind: 'Secret', data: { 'key.json': packed } }],
  ])('%s signs with its kid', (_what, json) => {
    const [key] = loadKeys(JSON.stringify(json), { purpose: 'sign' });
    expect(key?.kid).toBe('k9');
    expect(key?.keyObject.equals(privateKeys.rsa)).toBe(true);
    expect(() => loadKeys(JSON.stringify(json), { purpose: 'verify' })).toThrow(/this is a private key/);
  });
});

describe('a JWK or a JWK Set as text in JSON', () => {
  const jwk = createPublicKey(good).export({ format: 'jwk' });
  const set = JSON.stringify({ keys: [{ ...jwk, kid: 'k1' }] });
  test.each<[string, object, string | undefined]>([
    ['of AWS', { ARN: 'arn:aws:x', SecretString: JSON.stringify(jwk) }, undefined],
    ['of Azure', { value: set, id: 'https://vault.example/secrets/jwks/1' }, 'k1'],
    ['of Kubernetes', { kind: 'Secret', data: { 'jwks.json': Buffer.from(set).toString('base64') } }, 'k1'],
  ])('%s', (_what, json, kid) => {
    expect(loadKeys(JSON.stringify(json), { purpose: 'verify' }).map((key) => key.kid)).toEqual([kid]);
  });

  test('a token in JSON is no key', () => {
    const token = `${Buffer.from('{"alg":"RS256","kty":"RSA"}').toString('base64url')}.e30.c2ln`;
    expect(() => loadKeys(JSON.stringify({ access_token: token }), { purpose: 'verify' })).toThrow(/kty is missing/);
  });

  test('with real line ends in a text, it says how they are written', () => {
    const json = JSON.stringify({ type: 'service_account', public_key: good }).replaceAll('\\n', '\n');
    expect(() => loadKeys(json, { purpose: 'verify' })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('needs \\n for each line end inside a text') }),
    );
  });
});
