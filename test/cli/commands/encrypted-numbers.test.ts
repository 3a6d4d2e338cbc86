/** A number in the header of an encrypted token keeps its text in every output; programs get what JSON.parse makes of it. */
import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptToken, loadEncryptionSecret } from '../../../src/index.js';
import { encodeBase64url } from '../../../src/jose/base64url.js';
import { fileWith, stdoutOf } from '../fake-io.js';

const secret = 'encrypt-with-these-32-bytes-here';
const numbers = '[1.0,-0,1e400,100002348117421473,12345678901234567890.50]';
const members = `"n":${numbers},"deep":{"a":[{"b":1E+3}]}`;
const head = '"alg":"dir","enc":"A256GCM"';

/** Encrypts a text, with numbers in the protected header. */
function encrypted(): { protected: string; iv: string; ciphertext: string; tag: string } {
  const header = encodeBase64url(`{${head},${members}}`);
  const iv = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(secret), iv);
  cipher.setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update('content'), cipher.final()]).toString('base64url');
  return {
    protected: header,
    iv: iv.toString('base64url'),
    ciphertext,
    tag: cipher.getAuthTag().toString('base64url'),
  };
}

const { protected: header, iv, ciphertext, tag } = encrypted();
const parts = `"protected":"${header}","iv":"${iv}","ciphertext":"${ciphertext}","tag":"${tag}"`;
const tokens: Readonly<Record<string, readonly [token: string, header: string]>> = {
  compact: [`${header}..${iv}.${ciphertext}.${tag}`, `{${head},${members}}`],
  flattened: [`{"unprotected":{"u":2.50},${parts}}`, `{${head},${members},"u":2.50}`],
  general: [`{"recipients":[{"header":{"r":9007199254740993}}],${parts}}`, `{${head},${members},"r":9007199254740993}`],
};
const decrypt = (token: string, ...args: string[]) =>
  stdoutOf(['decrypt', '--secret-env', 'S', ...args], { stdin: token, env: { S: secret } });

describe.each(Object.entries(tokens))('the header of a %s token', (_form, [token, shown]) => {
  test.each<[string, () => Promise<string>]>([
    ['decode --json', () => stdoutOf(['decode', token, '--json'])],
    ['decode --batch', () => stdoutOf(['decode', '--batch'], { stdin: token })],
    ['decrypt --json', () => decrypt(token, '--json')],
    ['decrypt --batch --json', () => decrypt(token, '--batch', fileWith(token), '--json')],
  ])('in %s', async (_name, run) => expect(await run()).toContain(`"header":${shown}`));

  test('in decode', async () => {
    const text = await stdoutOf(['decode', token]);
    expect(text).toContain(`n     ${numbers}\n`);
    expect(text).toContain('deep  {"a":[{"b":1E+3}]}');
  });

  test('in the library is what JSON.parse gives', async () => {
    const keys = [loadEncryptionSecret(secret)];
    const decrypted = await decryptToken(token, { keys });
    expect(decrypted.header).toEqual(JSON.parse(shown));
    expect(Object.keys(decrypted).sort()).toEqual(['header', 'json', 'key', 'plaintext']);
  });
});
