import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readElement, readElements } from '../../src/jose/der.js';
import { derElement, integer, oid, string, time } from '../../src/jose/der-writer.js';
import { loadKeys } from '../../src/jose/keys.js';
import { loadSecret } from '../../src/jose/secret.js';
import { storedPair } from '../attacks/trusted-keys.js';

const pairs = {
  RSA: storedPair('rsa'),
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

  test('is loaded to sign', () => {
    expect(loadKeys(der, { purpose: 'sign' })[0]?.keyObject.type).toBe('private');
  });

  test('is refused as a verification key, also under a public label', () => {
    const invalid = expect.objectContaining({ code: 'KEY_INVALID' });
    const pem = (label: string) => `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
    expect(() => loadKeys(der, { purpose: 'verify' })).toThrow(invalid);
    for (const label of ['PUBLIC KEY', 'RSA PUBLIC KEY']) {
      expect(() => loadKeys(pem(label), { purpose: 'verify' }), label).toThrow(invalid);
    }
  });

  test('is refused as a secret', () => {
    expect(() => loadSecret(der)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

test.each(['RSA', 'EC', 'Ed25519'] as const)(
  'loads a public key of %s to verify, and refuses it as an oct JWK',
  (name) => {
    const { publicKey } = pairs[name];
    const der = publicKey.export({ format: 'der', type: 'spki' });
    expect(loadKeys(der, { purpose: 'verify' })[0]?.keyObject.equals(publicKey)).toBe(true);
    for (const secret of [der, Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }))]) {
      const oct = JSON.stringify({ kty: 'oct', k: secret.toString('base64url') });
      expect(() => loadKeys(oct, { purpose: 'verify' })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    }
  },
);

test('refuses files at once that would keep a backtracking reader busy', () => {
  const begins = '-----BEGIN A-----\n'.repeat(58_000);
  expect(() => loadKeys(begins, { purpose: 'verify' })).toThrow(/holds 58000 blocks/);
  expect(loadSecret('"sk-ssh-'.repeat(131_000)).shape.kty).toBe('oct');
});

describe('DER elements', () => {
  test.each([[0], [1], [127], [128], [255], [256], [65_535], [65_536]])(
    'of %i bytes are read as they were written',
    (size) => {
      const content = randomBytes(size);
      const element = derElement(4, content);
      expect(readElement(element)).toEqual({ tag: 4, content, end: element.length });
      expect(readElement(element.subarray(0, -1))).toBeUndefined();
    },
  );

  test('are refused if bytes are left over', () => {
    expect(readElements(Buffer.from('05000500', 'hex'))).toHaveLength(2);
    for (const hex of ['0500ff', '0580', '05', '0585ffffffffff'])
      expect(readElements(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

test.each<[string, Buffer, string]>([
  ['the integer 0', integer(0), '020100'],
  ['the integer 127', integer(127), '02017f'],
  ['the integer 128', integer(128), '02020080'],
  ['the integer 600,000', integer(600_000), '02030927c0'],
  ['an object identifier', oid('1.2.840.113549.1.5.13'), '06092a864886f70d01050d'],
  ['an object identifier with a large number', oid('0.9.2342.19200300.100.1.25'), '060a0992268993f22c640119'],
  ['a UTF8String', string('UTF8String', 'é'), '0c02c3a9'],
  ['a BMPString', string('BMPString', 'é'), '1e0200e9'],
  ['a UTCTime', time(Date.UTC(2026, 10, 28) / 1000), '170d3236313132383030303030305a'],
])('writes %s in DER', (_, der, hex) => expect(der.toString('hex')).toBe(hex));
