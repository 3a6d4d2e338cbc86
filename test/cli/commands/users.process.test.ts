import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readUsers } from '../../../src/store/accounts/users.js';
import { fileWith, hasModes, modeOf, temporaryFolder } from '../fake-io.js';

const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));

test('20 processes that each add a user at once keep all users', { tags: 'slow' }, async () => {
  const keyring = join(temporaryFolder(), 'keyring');
  const path = join(keyring, 'users.json');
  const password = fileWith('correct horse');
  const names = Array.from({ length: 20 }, (_, at) => `user-${at}`);
  const exits = await Promise.all(
    names.map((name) => {
      const args = ['users', 'add', name, '--sub', name, '--password-file', password, '--keyring', keyring];
      const child = spawn(process.execPath, [binary, ...args], { stdio: 'ignore' });
      return new Promise((resolve) => child.once('close', resolve));
    }),
  );
  expect(exits).toEqual(names.map(() => 0));
  expect(
    readUsers(path)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
  if (hasModes) expect(modeOf(path)).toBe(0o600);
});
