/** Names of files as shells and other tools leave them: each refusal says what to type, and repeats no secret. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, temporaryFolder } from '../fake-io.js';

const dir = temporaryFolder();
const [first, second] = ['a.pem', 'b.pem'].map((name) => join(dir, name)) as [string, string];
for (const path of [first, second]) writeFileSync(path, '-----BEGIN PUBLIC KEY-----\n');

test.each<[string, string, RegExp]>([
  ['a ~ in quotes', '~/a.pem', /without quotes/],
  ['the name of a variable', '$HOME/a.pem', /nothing replaced the variable/],
  ['an @', `@${first}`, /leave out the @/],
])('%s has a way out for each option', async (_what, path, hint) => {
  for (const flag of ['--key', '--jwks', '--secret-file', '--token-file']) {
    const args = flag === '--token-file' ? [] : ['a.b.c'];
    const { exitCode, stderr } = await runCli(['verify', flag, path, ...args]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(hint);
  }
});

test('two files in one option: the error says that it takes one at a time', async () => {
  const { stderr } = await runCli(['verify', '--key', `${first},${second}`, 'a.b.c']);
  expect(stderr).toMatch(/one at a time/);
});

test.each(['--key', '--jwks'])('a file: URL of %s is refused without naming the other option', async (flag) => {
  const { exitCode, stderr } = await runCli(['verify', flag, `file://${first}`, 'a.b.c']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('leave out file:// before the path');
});

test.each([
  ['--key', '/dev/stdin', '--token-file', '/dev/stdin'],
  ['--key', '-', '--token-file', '/dev/fd/0'],
  ['--key', '/proc/self/fd/0', '-'],
  ['--jwks', '/dev/stdin', '-'],
  ['--secret-file', '/dev/stdin', '-'],
])('standard input has one reader: %s %s %s', async (...args) => {
  const { exitCode, stderr } = await runCli(['verify', ...args], { stdin: 'x' });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/cannot both read standard input/);
});
