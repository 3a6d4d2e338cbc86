/** Files under a passphrase at their full cost; unit tests replace it by a small one. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { decryptPkcs8, encryptPkcs8 } from '../../src/jose/encrypted-key.js';
import { readPkcs12, writePkcs12 } from '../../src/jose/pkcs12.js';
import { fileWith } from '../cli/fake-io.js';
import { describeWithOpenssl, openssl } from '../openssl.js';

const { privateKey } = generateKeyPairSync('ed25519');
const encrypted = encryptPkcs8(privateKey.export({ format: 'der', type: 'pkcs8' }), 'p');

test('a private key is written with 600,000 iterations of PBKDF2-HMAC-SHA256, a salt of 16 bytes, and AES-256-CBC', () => {
  const hex = encrypted.toString('hex');
  expect(0x0927c0).toBe(600_000);
  expect(hex).toMatch(
    /06092a864886f70d01050d.*06092a864886f70d01050c.{4}0410.{32}0203(?:0927c0)300c06082a864886f70d0209/,
  );
  expect(hex).toContain('060960864801650304012a0410');
  expect(decryptPkcs8(encrypted, 'p').equals(privateKey)).toBe(true);
});

describeWithOpenssl('openssl', () => {
  test('sees the scheme and the iterations of a private key', () => {
    const parsed = openssl('asn1parse', '-inform', 'der', '-in', fileWith(encrypted));
    expect(parsed).toMatch(/:PBES2[\s\S]*:PBKDF2[\s\S]*:hmacWithSHA256[\s\S]*:aes-256-cbc/);
    expect(Number.parseInt(/INTEGER\s+:([0-9A-F]+)/.exec(parsed)?.[1] ?? '', 16)).toBe(600_000);
  });

  test('sees 600,000 rounds in the key and in the MAC of a PKCS#12 file', { tags: 'slow' }, async () => {
    const file = await writePkcs12({ privateKey }, 'p');
    const text = openssl('pkcs12', '-info', '-in', fileWith(file), '-nodes', '-passin', 'pass:p');
    expect(text).toContain('MAC: sha256, Iteration 600000');
    expect(text).toContain('PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256');
    expect((await readPkcs12(file, 'p')).privateKey.equals(privateKey)).toBe(true);
  });
});
