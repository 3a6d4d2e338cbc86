/** A private key that a passphrase protects is printed encrypted by it, whichever command, format and kind of key. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, now, runCli, stdoutOf, temporaryFolder } from '../fake-io.js';

const passphrase = 'correct horse';
const passphraseFile = fileWith(passphrase);
const keyring = join(temporaryFolder(), 'keyring');
const open = join(temporaryFolder(), 'open');

/** The options that name the passphrase, and what is typed at a terminal. */
const ways: [string, string[], string[] | undefined][] = [
  ['named', ['--passphrase-file', passphraseFile], undefined],
  ['typed', [], [passphrase]],
];
const kids = [
  ['s1', ['--alg', 'ES256']],
  ['s2', ['--alg', 'EdDSA']],
  ['e1', ['--use', 'enc']],
  ['e2', ['--use', 'enc', '--crv', 'P-256']],
  ['e3', ['--use', 'enc', '--alg', 'RSA-OAEP-256']],
] as const;

beforeAll(async () => {
  for (const [kid, args] of kids) {
    await stdoutOf(['keygen', ...args, '--kid', kid, '--keyring', keyring, '--passphrase-file', passphraseFile]);
    await stdoutOf(['keygen', ...args, '--kid', kid, '--keyring', open]);
  }
});

/** Runs a command that writes a private key to a file, and returns the file. */
async function privateKeyOf(args: readonly string[], answers: string[] | undefined) {
  const out = join(temporaryFolder(), 'key');
  const terminals = answers === undefined ? {} : { terminals: ['stderr', 'stdin'] as const, answers: [...answers] };
  const { exitCode, stderr } = await runCli([...args, '--out', out], { now, ...terminals });
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  return { out, stderr };
}

async function expectGuarded(args: readonly string[], format: 'pem' | 'der', answers?: string[]) {
  const { out } = await privateKeyOf([...args, '--format', format], answers);
  const content = readFileSync(out);
  const options = { key: content, format, ...(format === 'der' ? { type: 'pkcs8' as const } : {}) };
  expect(() => createPrivateKey(options)).toThrow();
  expect(createPrivateKey({ ...options, passphrase }).type).toBe('private');
}

describe.each(ways)('with a passphrase that is %s', (_way, named, answers) => {
  describe.each(kids)('keys export of %s', (kid) => {
    const args = ['keys', 'export', kid, '--private-half', '--keyring', keyring, ...named];

    test.each(['pem', 'der'] as const)('writes encrypted %s', (format) => expectGuarded(args, format, answers));

    test('says that a JWK is not encrypted', async () => {
      const { stderr } = await privateKeyOf([...args, '--format', 'jwk'], answers);
      expect(stderr).toContain('a JWK is not encrypted');
    });

    test.each(['pem', 'der'] as const)('then keys convert writes encrypted %s', async (format) => {
      const { out } = await privateKeyOf(args, answers);
      await expectGuarded(['keys', 'convert', out, ...named], format, answers);
    });
  });
});

test.each(kids)('a named passphrase encrypts what is printed of %s, which has none', async (kid) => {
  const args = ['keys', 'export', kid, '--private-half', '--keyring', open, '--passphrase-file', passphraseFile];
  for (const format of ['pem', 'der'] as const) await expectGuarded(args, format);
});
