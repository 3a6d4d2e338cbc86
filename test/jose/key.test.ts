import { createPrivateKey, generateKeyPairSync, type KeyObject, type RSAPSSKeyPairKeyObjectOptions } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signJws, verifyJws } from '../../src/jose/jws.js';
import { createKey, isSamePublicKey } from '../../src/jose/key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { storedPair } from '../attacks/trusted-keys.js';

const pairs = [
  ['RSA', storedPair('rsa')],
  ['RSA-PSS', storedPair('rsaPss')],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['Ed25519', generateKeyPairSync('ed25519')],
  ['Ed448', generateKeyPairSync('ed448')],
] as const;
const privatePem = pairs[0][1].privateKey.export({ format: 'pem', type: 'pkcs8' });

const rows = pairs.flatMap(([one, first]) =>
  pairs.map(([other, second]) => ({ one, other, first: first.publicKey, second: second.publicKey })),
);

test.each(rows)('compares a key $one with a key $other and leaves no error for the next key', (row) => {
  expect(isSamePublicKey(row.first, row.second)).toBe(row.one === row.other);
  expect(createPrivateKey(privatePem).type).toBe('private');
});

describe('an RSA-PSS key', () => {
  const make = (hashAlgorithm: string, mgf1HashAlgorithm: string, saltLength: number) => {
    const options: object = { modulusLength: 2048, hashAlgorithm, mgf1HashAlgorithm, saltLength };
    return generateKeyPairSync('rsa-pss', options as RSAPSSKeyPairKeyObjectOptions);
  };
  const load = (der: Buffer) => loadKeys(der, { purpose: 'verify' });
  const derOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });

  test('signs and verifies with the parameters of RFC 7518 §3.5', async () => {
    const { publicKey, privateKey } = make('sha256', 'sha256', 32);
    const token = await signJws(Buffer.from('{}'), createKey(privateKey));
    expect(verifyJws(token, load(derOf(publicKey))).header.alg).toBe('PS256');
  });

  test.each([
    ['a longer salt', 'sha256', 'sha256', 64],
    ['another hash in its mask', 'sha256', 'sha1', 32],
    ['a hash that no algorithm has', 'sha1', 'sha1', 20],
  ] as const)('is refused if its parameters demand %s', (_what, hash, mask, salt) => {
    const { publicKey, privateKey } = make(hash, mask, salt);
    const refused = expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining('restricted') });
    expect(() => load(derOf(publicKey))).toThrow(refused);
    expect(() => createKey(privateKey)).toThrow(refused);
  });

  test('is refused if its salt length is negative', () => {
    const hex = derOf(make('sha256', 'sha256', 32).publicKey).toString('hex');
    const damaged = Buffer.from(hex.replace('a203020120', 'a2030201ff'), 'hex');
    expect(() => load(damaged)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

test('refuses a private EC key with a damaged number, which ends the process in Node', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hex = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('hex');
  const damaged = Buffer.from(hex.replace('0201010420', '0201010466'), 'hex');
  expect(() => loadKeys(damaged, { purpose: 'sign' })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
});
