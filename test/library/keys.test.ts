/** What a library user passes in the place of a key: each is refused, and the error names the way to one. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { denylist, key, keys, now, pair, refusal, token, type Wrong } from './mistaken-call.js';

const pem = () => jwtkit.exportPublicPem(pair.publicKey);
const jwk = () => jwtkit.exportPublicJwk(pair.publicKey);
const cryptoKey = () =>
  crypto.subtle
    .generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    .then(({ publicKey }) => publicKey);

describe('in the place of a Key', () => {
  test.each<[string, () => Wrong, string]>([
    ['a KeyObject', () => pair.publicKey, 'createKey(keyObject)'],
    ['a CryptoKey', cryptoKey, 'createKey(KeyObject.from(cryptoKey))'],
    ['a string', pem, "loadKeys(text, { purpose: 'verify' }); a shared secret: loadSecret(text)"],
    ['bytes', () => Buffer.from(pem()), "loadKeys(bytes, { purpose: 'verify' })"],
    ['a JWK', jwk, "loadKeys(JSON.stringify(jwk), { purpose: 'verify' })"],
    ['a JWK Set', () => ({ keys: [jwk()] }), "loadKeys(JSON.stringify(set), { purpose: 'verify' })"],
    ['a generated key', () => pair, 'createKey(publicKey)'],
  ])('verifying refuses %s and names the way to a Key', async (what, make, way) => {
    const wrong = await make();
    const refused = await refusal(() => jwtkit.verifyToken(token, {}, { keys: [wrong], now }));
    expect(refused).toContain(`USAGE_INVALID keys[0] is ${what}, not a Key | `);
    expect(refused).toContain(way);
    const alone = await refusal(() => jwtkit.verifyToken(token, {}, { keys: wrong, now }));
    expect(alone).toContain(`keys is ${what}, it must be an array of Keys | `);
    expect(alone).toContain(way);
    expect(await refusal(() => jwtkit.verifyJws(token, [wrong]))).toBe(refused);
  });

  test.each<[string, () => Wrong, string]>([
    ['a KeyObject', () => pair.privateKey, 'make a Key of it: createKey(keyObject)'],
    ['a string', () => 'secret', "load it: loadKeys(text, { purpose: 'sign' }); a shared secret: loadSecret(text)"],
    ['an array', () => [key], 'take one of them: const [key] = …'],
    ['a Promise', () => Promise.resolve(key), 'await it'],
    ['a generated key', () => pair, 'make a Key of its member: createKey(privateKey), or createKey(secret)'],
  ])('signing refuses %s and names the way to a Key', async (what, make, way) => {
    const expected = `USAGE_INVALID key is ${what}, not a Key | ${way}`;
    const wrong = make();
    expect(await refusal(() => jwtkit.issueToken({}, {}, { key: wrong, now }))).toBe(expected);
    expect(await refusal(() => jwtkit.issueTokenPair({}, {}, { key: wrong, now }))).toBe(expected);
    expect(await refusal(() => jwtkit.signJws('text', wrong))).toBe(expected);
    expect(await refusal(() => jwtkit.refreshToken(token, {}, { key: wrong, keys, denylist, now }))).toBe(expected);
  });

  test.each<[string, () => Wrong, string]>([
    ['one Key', () => keys[0], 'keys is a Key, it must be an array of Keys | put it into an array: keys: [key]'],
    ['nothing', () => undefined, 'keys is missing, it must be an array of Keys | pass the keys that you trust'],
    ['a Promise of keys', () => Promise.resolve(keys), 'keys is a Promise, it must be an array of Keys | await it'],
    [
      'a source',
      () => ({ keys: async () => keys }),
      'keys is a KeySource, it must be an array of Keys | a source goes to',
    ],
    ['a list with a gap', () => [undefined], 'keys[0] is missing, not a Key'],
  ])('verifying refuses %s as its keys', async (_what, make, message) => {
    expect(await refusal(() => jwtkit.verifyToken(token, {}, { keys: make(), now }))).toContain(message);
  });

  test('a keyring is refused with the method that returns its keys', async () => {
    const directory = join(temporaryFolder(), 'keyring');
    await jwtkit.rotateKeys(directory, { now, alg: 'ES256' });
    const keyring: Wrong = jwtkit.openKeyring(directory);
    expect(await refusal(() => jwtkit.verifyToken(token, {}, { keys: keyring, now }))).toMatch(
      /verificationKeys\(now\)$/,
    );
    expect(await refusal(() => jwtkit.issueToken({}, {}, { key: keyring, now }))).toMatch(
      /await keyring.signingKey\(now\)$/,
    );
  });

  test.each<[string, () => Wrong, string]>([
    ['a KeyObject', () => pair.publicKey, 'this is a KeyObject, not the text or bytes of a key | make a Key of it'],
    ['a JWK', jwk, 'this is a JWK, not the text or bytes of a key | load it: loadKeys(JSON.stringify(jwk)'],
    [
      'nothing',
      () => undefined,
      'this is missing, not the text or bytes of a key | is the file read, or the variable set?',
    ],
    ['a Promise', () => Promise.resolve(pem()), 'this is a Promise, not the text or bytes of a key | await it'],
    ['the name of a file', () => 'keys/verify.pem', 'this is the name of a file: give what is in it'],
  ])('loadKeys refuses %s', async (_what, make, message) => {
    expect(await refusal(() => jwtkit.loadKeys(make(), { purpose: 'verify' }))).toContain(message);
  });

  test.each<[string, () => Wrong, string]>([
    [
      'createKey',
      () => jwtkit.createKey(pem() as Wrong),
      'KEY_INVALID this is a string, not a KeyObject | load it: loadKeys',
    ],
    ['createKey', () => jwtkit.createKey(undefined as Wrong), 'this is missing, not a KeyObject'],
    [
      'createKey',
      () => jwtkit.createKey(pair.publicKey, { alg: 'es256' as Wrong }),
      '"es256" is no algorithm | one of HS256',
    ],
    ['generateKey', () => jwtkit.generateKey('RSA' as Wrong), '"RSA" is no algorithm | one of HS256'],
    [
      'exportPublicPem',
      () => jwtkit.exportPublicPem(key as Wrong),
      'this is a Key, not a KeyObject | pass its keyObject',
    ],
    ['exportPrivatePem', () => jwtkit.exportPrivatePem(key as Wrong), 'pass its keyObject'],
    ['exportPrivatePem', () => jwtkit.exportPrivatePem(pair.publicKey), 'this is a public key, not a private key'],
    ['exportPublicJwk', () => jwtkit.exportPublicJwk(key as Wrong), 'pass its keyObject'],
    ['exportPrivateJwk', () => jwtkit.exportPrivateJwk(key as Wrong), 'pass its keyObject'],
    ['thumbprint', () => jwtkit.thumbprint(key as Wrong), 'pass its keyObject'],
    ['loadSecret', () => jwtkit.loadSecret(undefined as Wrong), 'this is missing, not the text or bytes of a secret'],
    ['loadKeys', () => jwtkit.loadKeys(pem(), {} as Wrong), 'purpose must be sign, verify or any'],
    ['loadKeys', () => jwtkit.loadKeys(pem(), undefined as Wrong), "it must be an object: { purpose: 'verify' }"],
    ['openKeyring', () => jwtkit.openKeyring(undefined as Wrong), 'directory is missing, not a string'],
  ])('%s refuses what it cannot use', async (_name, call, message) => {
    expect(await refusal(call)).toContain(message);
  });

  test('exportPublicPem writes the public half of a private key, as exportPublicJwk does', () => {
    expect(jwtkit.exportPublicPem(pair.privateKey)).toBe(pem());
  });
});

test('no message repeats a key or a token', async () => {
  const secret = 'correct horse battery staple';
  const messages = [
    await refusal(() => jwtkit.issueToken({}, {}, { key: secret as Wrong, now })),
    await refusal(() => jwtkit.verifyToken(token, {}, { keys: [secret] as Wrong, now })),
    await refusal(() => jwtkit.createKey(secret as Wrong)),
    await refusal(() => jwtkit.verifyToken({ token: secret } as Wrong, {}, { keys, now })),
  ];
  for (const message of messages) expect(message).not.toContain('horse');
});
