import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadKeys } from '../../src/jose/keys.js';
import { loadSecret } from '../../src/jose/secret.js';

const pairs = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
} as const;

const structures = [
  ['RSA', 'pkcs8'],
  ['RSA', 'pkcs1'],
  ['EC', 'pkcs8'],
  ['EC', 'sec1'],
  ['Ed25519', 'pkcs8'],
] as const;

describe.each(structures)('a private key of %s in %s', (name, type) => {
  const der = pairs[name].privateKey.export({ format: 'der', type } as { format: 'der'; type: 'pkcs8' });

  test('signs', () => {
    expect(loadKeys(der, { purpose: 'sign' })[0]?.keyObject.type).toBe('private');
  });

  test('does not verify, nor under a public label', () => {
    const invalid = expect.objectContaining({ code: 'KEY_INVALID' });
    const pem = (label: string) => `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
    expect(() => loadKeys(der, { purpose: 'verify' })).toThrow(invalid);
    for (const label of ['PUBLIC KEY', 'RSA PUBLIC KEY']) {
      expect(() => loadKeys(pem(label), { purpose: 'verify' }), label).toThrow(invalid);
    }
  });

  test('is no secret', () => {
    expect(() => loadSecret(der)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

test.each(['RSA', 'EC', 'Ed25519'] as const)('a public key of %s verifies, and is no oct JWK', (name) => {
  const { publicKey } = pairs[name];
  const der = publicKey.export({ format: 'der', type: 'spki' });
  expect(loadKeys(der, { purpose: 'verify' })[0]?.keyObject.equals(publicKey)).toBe(true);
  for (const secret of [der, Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }))]) {
    const oct = JSON.stringify({ kty: 'oct', k: secret.toString('base64url') });
    expect(() => loadKeys(oct, { purpose: 'verify' })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  }
});

test('files that would take a backtracking reader for ever are refused at once', () => {
  const begins = '-----BEGIN A-----\n'.repeat(58_000);
  expect(() => loadKeys(begins, { purpose: 'verify' })).toThrow(/holds 58000 blocks/);
  expect(loadSecret('"sk-ssh-'.repeat(131_000)).shape.kty).toBe('oct');
});
