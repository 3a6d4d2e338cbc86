import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolders, makeTargetFolder } from '../../src/files/folders.js';
import { fileWith, hasModes, modeOf, runCli, temporaryFolder } from '../cli/fake-io.js';

const publicPem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ format: 'pem', type: 'spki' })
  .toString();

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

test.skipIf(process.platform === 'win32').each([
  ['file', 'cannot write file: it is a file'],
  ['file/in', 'cannot write file/in: file is a file'],
  ['file/in/deep', 'cannot write file/in/deep: file is a file'],
  ['nowhere', 'cannot write nowhere: it is a link that leads nowhere'],
  ['nowhere/in', 'cannot write nowhere/in: nowhere is a link that leads nowhere'],
  ['circle', 'cannot write circle: it is a link that leads nowhere'],
  ['circle/in', 'cannot write circle/in: circle is a link that leads nowhere'],
  ['/dev/null', 'cannot write /dev/null: it is not a folder'],
  ['/dev/null/in', 'cannot write /dev/null/in: /dev/null is not a folder'],
])('says what stands where a folder would be: %s', async (name, message) => {
  const above = temporaryFolder();
  writeFileSync(join(above, 'file'), '');
  symlinkSync(join(above, 'nothing'), join(above, 'nowhere'));
  symlinkSync('circle', join(above, 'circle'));
  const path = resolve(above, name);
  const shown = (text: string) => text.replaceAll(`${above}/`, '');
  expect(() => makeTargetFolder(path)).toThrow(expect.objectContaining({ code: 'FILE_NOT_WRITABLE' }));
  for (const line of [
    ['fixtures', path, '--new-key', '--alg', 'ES256'],
    ['keygen', '--alg', 'ES256', '--keyring', path],
    ['keys', 'rotate', '--alg', 'ES256', '--keyring', path],
    ['keys', 'import', fileWith(publicPem), '--kid', 'k', '--keyring', path],
  ]) {
    const { exitCode, stderr } = await runCli(line);
    expect({ exitCode, stderr: shown(stderr) }).toEqual({
      exitCode: 3,
      stderr: `error: ${message}\nhint: name a folder; it is made if it does not exist\n`,
    });
  }
});

test.skipIf(process.platform === 'win32').each(['file/in', 'nowhere/in', 'circle', 'circle/in', '/dev/null/in'])(
  'refuses to write a file where the system cannot: %s',
  async (name) => {
    const above = temporaryFolder();
    writeFileSync(join(above, 'file'), '');
    symlinkSync(join(above, 'nothing'), join(above, 'nowhere'));
    symlinkSync('circle', join(above, 'circle'));
    const path = resolve(above, name);
    for (const line of [
      ['keygen', '--alg', 'ES256', '--private', path],
      ['keys', 'convert', fileWith(publicPem), '--format', 'jwk', '--out', path],
    ]) {
      const { exitCode, stderr } = await runCli(line);
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(/^error: cannot write \S+: (?:a part|no such|too many)[^:]*\n$/);
    }
  },
);

// mkdirSync with `recursive` never comes back from there.
test.skipIf(process.platform !== 'linux')('ends where the system has no such folder (Linux: /proc)', async () => {
  expect(() => makeFolders('/proc/jwtkit/keyring')).toThrow(/ENOENT/);
  const { exitCode, stderr } = await runCli(['keygen', '--alg', 'ES256', '--keyring', '/proc/jwtkit/keyring']);
  expect(exitCode).toBe(3);
  expect(stderr).toBe('error: cannot write /proc/jwtkit/keyring: no such file or folder\n');
  const set = fileWith('{"keys":[]}');
  expect((await runCli(['keys', 'import', set, '--keyring', '/proc/jwtkit'])).exitCode).toBe(3);
});
