import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/jose/generate-key.js';
import { exportPrivateJwk, exportPublicJwk } from '../../src/jose/jwk.js';
import { loadKeys, unlockKeys } from '../../src/jose/keys.js';
import { exportPrivatePem, exportPublicPem } from '../../src/jose/pem.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = createSecretKey(Buffer.alloc(32, 7));
const publicPem = exportPublicPem(publicKey);
const privatePem = exportPrivatePem(privateKey);
const lockedPem = exportPrivatePem(privateKey, { passphrase: 'pass' });
const json = (value: object) => JSON.stringify(value);
const code = (expected: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ code: expected, message });

const publicForms: Record<string, string | Uint8Array> = {
  PEM: publicPem,
  'PEM with text around it': `a key\n${publicPem}the end\n`,
  'PEM with CRLF': publicPem.replaceAll('\n', '\r\n'),
  DER: publicKey.export({ format: 'der', type: 'spki' }),
  'a JWK': json(exportPublicJwk(publicKey)),
  'a JWK Set': json({ keys: [exportPublicJwk(publicKey)] }),
  'a JWK after a byte order mark': `\uFEFF${json(exportPublicJwk(publicKey))}`,
};

test.each(Object.entries(publicForms))('loadKeys reads a public key from %s', (_, content) => {
  const keys = loadKeys(content, { purpose: 'verify', source: 'key', kid: 'k1' });
  expect(keys.map(({ keyObject }) => keyObject.equals(publicKey))).toEqual([true]);
  expect(() => loadKeys(content, { purpose: 'sign' })).toThrow(
    code('KEY_INVALID', expect.stringContaining('public key, signing takes')),
  );
});

const privateForms: Record<string, string | Uint8Array> = {
  'PKCS#8 PEM': privatePem,
  'SEC1 PEM': privateKey.export({ format: 'pem', type: 'sec1' }),
  'PKCS#8 DER': privateKey.export({ format: 'der', type: 'pkcs8' }),
  'a JWK': json(exportPrivateJwk(privateKey)),
};

test.each(Object.entries(privateForms))('loadKeys reads a private key from %s, and not to verify', (_, content) => {
  const [key] = loadKeys(content, { purpose: 'sign' });
  expect(key?.keyObject.equals(privateKey)).toBe(true);
  expect(() => loadKeys(content, { purpose: 'verify' })).toThrow(code('KEY_INVALID'));
});

test('loadKeys with purpose any reads both halves and an oct JWK', () => {
  const contents = [publicPem, privatePem, json(exportPrivateJwk(secret))];
  const types = contents.flatMap((content) =>
    loadKeys(content, { purpose: 'any' }).map(({ keyObject }) => keyObject.type),
  );
  expect(types).toEqual(['public', 'private', 'secret']);
});

test.each<[string, string, string]>([
  [
    'two private keys in one PEM file',
    privatePem + privatePem,
    'key: the PEM holds 2 private keys, at most one is allowed',
  ],
  ['a PEM without its end', publicPem.slice(0, 80), 'key: the PEM is damaged: a block is not whole'],
  [
    'a PEM label of no key',
    publicPem.replaceAll('PUBLIC KEY', 'X509 CRL'),
    'key: PEM label "X509 CRL" is no key that signs a JWS',
  ],
  ['damaged base64', publicPem.replace('MF', 'M*'), "key: the PEM's base64 is damaged"],
  ['an empty JWK Set', '{"keys":[]}', 'key: the JWK Set holds no usable signature key: it is empty'],
  [
    'a set of one broken key',
    '{"keys":[{"kty":"RSA","kid":"k1"}]}',
    'key: the JWK Set holds no usable signature key: n is missing (kid "k1")',
  ],
  ['a file of anything else', 'hello', 'key: this is no key: expected PEM, DER, a JWK or a JWK Set'],
])('loadKeys refuses %s', (_, content, message) => {
  expect(() => loadKeys(content, { purpose: 'any', source: 'key' })).toThrow(code('KEY_INVALID', message));
});

test('loadKeys refuses a key of more than one mebibyte', () => {
  expect(() => loadKeys(Buffer.alloc(1024 * 1024 + 1), { purpose: 'any' })).toThrow('a key is at most 1048576 bytes');
});

test.each([
  ['an OpenSSH key', 'ssh-ed25519 AAAA', /OpenSSH public key/],
  ['PKCS#12', Buffer.from('3080020103', 'hex'), /jwtkit keys import/],
  ['a secret', 'hunter2', /--secret-file/],
  ['an empty file', '', /nothing in it/],
  ['a file of a line end', '\n', /nothing in it/],
])('loadKeys says what to do with %s', (_, content, hint) => {
  expect(() => loadKeys(content, { purpose: 'any' })).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(hint) }),
  );
});

describe('an encrypted private key', () => {
  test('opens with its passphrase only', () => {
    expect(loadKeys(lockedPem, { purpose: 'sign', passphrase: 'pass' })[0]?.keyObject.equals(privateKey)).toBe(true);
    expect(() => loadKeys(lockedPem, { purpose: 'sign', passphrase: 'other' })).toThrow(code('PASSPHRASE_WRONG'));
    expect(() => loadKeys(lockedPem, { purpose: 'sign' })).toThrow(code('KEY_ENCRYPTED'));
    expect(() => loadKeys(lockedPem, { purpose: 'verify', passphrase: 'pass' })).toThrow(code('KEY_ENCRYPTED'));
  });

  test('makes unlockKeys call the passphrase function with its source', async () => {
    const asked: unknown[] = [];
    const passphrase = (source: string | undefined) => {
      asked.push(source);
      return 'pass';
    };
    const [key] = await unlockKeys(lockedPem, { purpose: 'sign', source: 'web.pem', passphrase });
    expect(key?.keyObject.equals(privateKey)).toBe(true);
    await unlockKeys(privatePem, { purpose: 'sign', source: 'plain.pem', passphrase });
    await expect(unlockKeys(lockedPem, { purpose: 'verify', passphrase })).rejects.toEqual(code('KEY_ENCRYPTED'));
    expect(asked).toEqual(['web.pem']);
  });

  test('stays locked if the passphrase function returns none', async () => {
    const opened = unlockKeys(lockedPem, { purpose: 'sign', passphrase: () => undefined });
    await expect(opened).rejects.toEqual(code('KEY_ENCRYPTED'));
  });
});

describe('generateKey', () => {
  const shapeOf = (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;

  test('makes a key on the curve of the algorithm, or a secret as long as the hash', async () => {
    expect(shapeOf((await generateKey('ES384')).privateKey)).toBe('secp384r1');
    expect(shapeOf((await generateKey('EdDSA')).publicKey)).toBe('ed25519');
    expect(shapeOf((await generateKey('EdDSA', { crv: 'Ed448' })).publicKey)).toBe('ed448');
    expect((await generateKey('HS384')).secret.symmetricKeySize).toBe(48);
    expect((await generateKey('RS256')).publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  test.each([
    ['bits for an algorithm without a choice', 'ES256', { bits: 2048 }],
    ['a curve of another algorithm', 'ES256', { crv: 'P-384' }],
    ['an RSA key of 1024 bits', 'RS256', { bits: 1024 }],
    ['an RSA key of 2050 bits', 'RS256', { bits: 2050 }],
    ['an RSA key of 16392 bits', 'RS256', { bits: 16392 }],
  ] as const)('refuses %s', async (_, alg, options) => {
    await expect(generateKey(alg, options)).rejects.toEqual(code('USAGE_INVALID'));
  });
});
