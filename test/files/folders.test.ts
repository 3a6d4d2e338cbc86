import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolders } from '../../src/files/folders.js';
import { fileWith, hasModes, modeOf, runCli, temporaryFolder } from '../cli/fake-io.js';

test('makes a folder and its parents, closed to others, and keeps existing ones', () => {
  const above = temporaryFolder();
  makeFolders(join(above, 'a', 'b', 'c'));
  expect(existsSync(join(above, 'a', 'b', 'c'))).toBe(true);
  if (hasModes) expect([modeOf(join(above, 'a')), modeOf(join(above, 'a', 'b', 'c'))]).toEqual([0o700, 0o700]);
  mkdirSync(join(above, 'open'));
  const mode = modeOf(join(above, 'open'));
  makeFolders(join(above, 'open'));
  expect(modeOf(join(above, 'open'))).toBe(mode);
});

test('refuses a path through a file or a broken link', () => {
  const above = temporaryFolder();
  writeFileSync(join(above, 'file'), '');
  expect(() => makeFolders(join(above, 'file'))).toThrow(/EEXIST/);
  expect(() => makeFolders(join(above, 'file', 'in'))).toThrow(/ENOTDIR|EEXIST|ENOENT/);
  symlinkSync(join(above, 'nothing'), join(above, 'link'));
  expect(() => makeFolders(join(above, 'link', 'in'))).toThrow(/EEXIST|ENOENT/);
});

// mkdirSync with `recursive` never comes back from there.
test.skipIf(process.platform !== 'linux')('ends where the system has no such folder (Linux: /proc)', async () => {
  expect(() => makeFolders('/proc/jwtkit/keyring')).toThrow(/ENOENT/);
  const { exitCode, stderr } = await runCli(['keygen', '--alg', 'ES256', '--keyring', '/proc/jwtkit/keyring']);
  expect(exitCode).toBe(3);
  expect(stderr).toBe('error: cannot write /proc/jwtkit/keyring: no such file or folder\n');
  const set = fileWith('{"keys":[]}');
  expect((await runCli(['keys', 'import', set, '--keyring', '/proc/jwtkit'])).exitCode).toBe(3);
});
