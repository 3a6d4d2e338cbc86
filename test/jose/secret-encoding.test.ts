import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import type { SecretEncoding } from '../../src/jose/secret-encoding.js';
import { fileWith, runCli, stdoutOf } from '../cli/fake-io.js';
import { folderWith } from '../policy/policy-folder.js';

/** Bytes whose base64 has a character of each alphabet, and padding. */
const bytes = Buffer.from(`${'fbefbefb'.repeat(9)}ff`, 'hex');
const base64 = bytes.toString('base64');
const base64url = bytes.toString('base64url');
const hex = bytes.toString('hex');
const wrapped = base64.replace(/.{16}/g, '$&\r\n');
const raw = fileWith(bytes, 'raw');
const token = await stdoutOf(['issue', '--sub', 'x', '--secret-file', raw]);

describe('a secret is decoded from', () => {
  test.each<[string, string, SecretEncoding]>([
    ['base64', base64, 'base64'],
    ['base64 without padding', base64.replace(/=+$/, ''), 'base64'],
    ['base64 in lines', wrapped, 'base64'],
    ['base64 with a line end', `${base64}\r\n`, 'base64'],
    ['base64 in the other alphabet', base64url, 'base64'],
    ['base64url', base64url, 'base64url'],
    ['base64url with padding', `${base64url}=`, 'base64url'],
    ['base64url in the other alphabet', base64, 'base64url'],
    ['base64url between spaces', `  ${base64url}\t`, 'base64url'],
    ['hex', hex, 'hex'],
    ['hex in capitals', hex.toUpperCase(), 'hex'],
    ['hex in lines', hex.replace(/.{16}/g, '$&\n'), 'hex'],
    ['hex with colons', (hex.match(/../g) ?? []).join(':'), 'hex'],
    ['hex with 0x', `0x${hex}`, 'hex'],
  ])('%s', async (_, text, encoding) => {
    expect(loadSecret(text, { encoding }).keyObject.export()).toEqual(bytes);
    const file = fileWith(text);
    const flags = ['--secret-encoding', encoding];
    for (const [args, env] of [
      [['--secret-file', file, ...flags], {}],
      [['--secret-env', 'S', ...flags], { S: text }],
      [[], { SECRET_KEY: text, ALGORITHM: 'HS256', JWTKIT_SECRET_ENCODING: encoding }],
    ] as const) {
      expect(await runCli(['verify', token, '-q', ...args], { env })).toMatchObject({ exitCode: 0, stderr: '' });
    }
    const { world } = folderWith({ keys: { secretFile: file }, secretEncoding: encoding });
    expect(await runCli(['verify', token, '-q'], world)).toMatchObject({ exitCode: 0 });
  });
});

describe('a secret that is not in its encoding is refused, and not shown:', () => {
  test.each<[string, string, SecretEncoding]>([
    ['another character', `${base64.slice(0, -1)}!`, 'base64'],
    ['a quote', `"${base64}"`, 'base64'],
    ['a letter too few', `${base64url.slice(0, -1).slice(0, 45)}`, 'base64'],
    ['padding in the middle', `${base64}${base64}`, 'base64url'],
    ['three signs of padding', `${base64url}===`, 'base64url'],
    ['a no-break space', `${base64}\u00a0`, 'base64'],
    ['an odd digit', hex.slice(1), 'hex'],
    ['a letter after f', `${hex.slice(1)}g`, 'hex'],
    ['base64 as hex', base64, 'hex'],
  ])('%s', async (_, text, encoding) => {
    expect(() => loadSecret(text, { encoding })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    const run = await runCli(['issue', '--secret-env', 'S', '--secret-encoding', encoding], { env: { S: text } });
    expect(run).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: expect.stringContaining(`S: the secret is not ${encoding}`),
    });
    expect(run.stderr).not.toContain(text.slice(4, 16));
  });
});

describe('an encoding', () => {
  const pem =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n';
  const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64');

  test.each<[string, string, SecretEncoding]>([
    ['base64 of PEM', Buffer.from(pem).toString('base64'), 'base64'],
    ['hex of PEM', Buffer.from(pem).toString('hex'), 'hex'],
    ['base64 of DER', der.toString('base64'), 'base64'],
    ['hex of the base64 of DER', Buffer.from(der.toString('base64')).toString('hex'), 'hex'],
    ['base64url of base64 of PEM', Buffer.from(Buffer.from(pem).toString('base64')).toString('base64url'), 'base64url'],
  ])('makes no secret of a public key: %s', (_, text, encoding) => {
    expect(() => loadSecret(text, { encoding })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  test('counts the decoded bytes', () => {
    const short = Buffer.alloc(31, 7);
    expect(() => loadSecret(short.toString('hex'), { encoding: 'hex' })).toThrow(/31|248/);
    expect(() => loadSecret('', { encoding: 'base64' })).toThrow(expect.objectContaining({ code: 'KEY_TOO_WEAK' }));
  });

  test('is one of three, and for a secret alone', async () => {
    expect(() => loadSecret(hex, { encoding: 'base32' as 'hex' })).toThrow(
      expect.objectContaining({ code: 'USAGE_INVALID' }),
    );
    const [key, wrong] = await Promise.all([
      runCli(['issue', '--key', raw, '--secret-encoding', 'hex']),
      runCli(['issue', '--secret-file', raw, '--secret-encoding', 'base32']),
    ]);
    expect(key).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--secret-encoding is for a shared secret'),
    });
    expect(wrong).toMatchObject({ exitCode: 2 });
  });
});
