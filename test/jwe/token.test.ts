import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createEncryptionKey, createKey, decryptToken, encryptToken, issueToken } from '../../src/index.js';
import { storedPair } from '../attacks/trusted-keys.js';
import { rsa } from './keys.js';

const header = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const options = { keys: [rsa.decrypt] };

test('bytes, a text and claims come back, claims with typ JWT', async () => {
  for (const content of [Buffer.from([0, 0xff]), 'zoë']) {
    const { plaintext } = await decryptToken(await encryptToken(content, { key: rsa.encrypt }), options);
    expect(Buffer.from(plaintext)).toEqual(Buffer.from(content as string));
  }
  const token = await encryptToken({ sub: 'user-123' }, { key: rsa.encrypt });
  expect(header(token)).toMatchObject({ typ: 'JWT' });
  const decrypted = await decryptToken(token, options);
  expect(decrypted.json()).toEqual({ sub: 'user-123' });
  expect(decrypted.key).toBe(rsa.decrypt);
});

test('a signed token gets cty JWT', async () => {
  const key = createKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const { token } = await issueToken({ sub: 'user-123' }, {}, { key, now: 1 });
  const encrypted = await encryptToken(token, { key: rsa.encrypt });
  expect(header(encrypted)).toMatchObject({ cty: 'JWT' });
  expect(Buffer.from((await decryptToken(encrypted, options)).plaintext).toString()).toBe(token);
});

test('refuses what is no JSON, no string, or for another key', async () => {
  const text = await decryptToken(await encryptToken('text', { key: rsa.encrypt }), options);
  expect(() => text.json()).toThrow(expect.objectContaining({ code: 'TOKEN_MALFORMED' }));
  await expect(decryptToken(5 as never, options)).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
  const other = createEncryptionKey(storedPair('rsaOther').privateKey);
  const token = await encryptToken('text', { key: rsa.encrypt });
  await expect(decryptToken(token, { keys: [other] })).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
});
