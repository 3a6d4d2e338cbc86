/** A service that signs with a secret that everybody knows says so when it starts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, secret, temporaryFolder } from '../fake-io.js';

const known = 'your_super_secret_key_please_change';
const inBase64 = Buffer.from(known).toString('base64');

/** Starts the service, stops it at once, and returns what it noted about its secret. */
async function notesOf(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const users = join(temporaryFolder(), 'users.json');
  writeFileSync(users, '{"users":[]}');
  const { exitCode, stdout, stderr } = await runCli(
    ['serve', '--port', '0', '--users', users, '--store', `lmdb:${join(temporaryFolder(), 'denylist')}`, ...args],
    { env, workingFolder: temporaryFolder(), onStop: (stop) => void setImmediate(stop) },
  );
  expect(exitCode, stderr).toBe(0);
  expect(stdout + stderr).not.toContain(known);
  return stderr.split('\n').filter((line) => line.includes('everybody knows'));
}

const note = (source: string) => [
  expect.stringMatching(
    new RegExp(`^note: everybody knows the secret of ${source}, so anybody can make tokens .* keygen`),
  ),
];

test.each<[string, string, () => string[], Record<string, string>?]>([
  ['SECRET_KEY of an env file', 'SECRET_KEY', () => ['-e', fileWith(`SECRET_KEY=${known}\nALGORITHM=HS256\n`)]],
  ['--secret-file', '.*', () => ['--secret-file', fileWith(`${known}\n`)]],
  ['--secret-env, in capitals', 'S', () => ['--secret-env', 'S'], { S: known.toUpperCase() }],
  ['base64', 'S', () => ['--secret-env', 'S', '--secret-encoding', 'base64'], { S: inBase64 }],
])('notes the known secret of %s', async (_, source, args, env) => {
  expect(await notesOf(args(), env)).toEqual(note(source));
});

test('notes nothing about another secret, nor about a key pair', async () => {
  expect(await notesOf(['--secret-env', 'S'], { S: secret })).toEqual([]);
  expect(await notesOf(['--keyring', await makeKeyring()])).toEqual([]);
});
