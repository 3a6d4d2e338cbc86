/** An env file in the place of a file with a secret gets a note. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileWith, runCli, secret, temporaryFolder } from '../fake-io.js';

const note = (flag: string) =>
  `note: the file of ${flag} looks like an env file, and all of it is the secret; -e FILE reads its variables`;

async function notesOf(content: string | Buffer): Promise<string[]> {
  const { stderr } = await runCli(['issue', '--sub', 'a', '--secret-file', fileWith(content)]);
  expect(stderr).not.toContain(secret);
  return stderr.split('\n').filter((line) => line.includes('env file'));
}

test.each([
  `SECRET_KEY=${secret}\nALGORITHM=HS256\n`,
  `# settings\r\n\r\nexport SECRET_KEY = "${secret}"\r\nEMPTY=\r\n`,
  `\ufeffSECRET_KEY=${secret}\nALGORITHM=HS256`,
])('an env file as a secret gets a note: %j', async (content) => {
  expect(await notesOf(content)).toEqual([note('--secret-file')]);
});

test('an env file as a passphrase gets a note', async () => {
  const file = fileWith(`PASSPHRASE=${secret}\nOTHER=1\n`);
  const keyring = join(temporaryFolder(), 'keyring');
  const { stderr } = await runCli(['keygen', '--alg', 'ES256', '--keyring', keyring, '--passphrase-file', file]);
  expect(stderr).toContain(note('--passphrase-file'));
  expect(stderr).not.toContain(secret);
});

test.each([
  secret,
  `${secret}\n`,
  `SECRET_KEY=${secret}\n`,
  `${secret}=\n${secret}==\n`,
  `${secret}\nA=1\nB=2\n`,
  Buffer.alloc(64, 7),
])('another secret gets no note: %j', async (content) => {
  expect(await notesOf(content)).toEqual([]);
});
