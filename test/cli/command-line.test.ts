/** Common options may stand before the command, and options have longer names too. */
import { expect, test } from 'vitest';
import { keepKidAsArgument, moveCommonOptions } from '../../src/cli/command-line.js';
import { fileWith, makeKeyring, runCli, secret, stdoutOf, unsigned } from './fake-io.js';

const isGroup = (word: string | undefined) => word === 'keys';

test.each([
  ['--json decode x', 'decode --json x'],
  ['--json --color never decode x', 'decode --json --color never x'],
  ['--color=never decode x', 'decode --color=never x'],
  ['--no-color decode x', 'decode --no-color x'],
  ['-e .env issue --sub x', 'issue -e .env --sub x'],
  ['-e.env issue', 'issue -e.env'],
  ['--dotenv .env --config c.json issue', 'issue --dotenv .env --config c.json'],
  ['--keyring ring keys list', 'keys list --keyring ring'],
  ['--keyring keys keys list', 'keys list --keyring keys'],
  ['keys --json list --wide', 'keys list --json --wide'],
  ['--debug keys --json list', 'keys list --debug --json'],
  ['-q verify x', 'verify -q x'],
  ['decode --json x', 'decode --json x'],
  ['decode x', 'decode x'],
  ['--json nonsense', 'nonsense --json'],
  ['--json', ''],
  ['--keyring', ''],
  ['--json --help', '--help'],
  ['--nonsense decode', '--nonsense decode'],
  ['keys --json', 'keys'],
  ['keys --nonsense list', 'keys --nonsense list'],
])('%j is read as %j', (given, meant) => {
  expect(moveCommonOptions(given.split(' '), isGroup).join(' ')).toBe(meant);
});

test.each([
  [`keys remove -${'x'.repeat(42)}`, `keys remove -- -${'x'.repeat(42)}`],
  ['keys remove -x7Yz_k12', 'keys remove -- -x7Yz_k12'],
  ['keys remove --force -x7Yz_k12', 'keys remove --force -- -x7Yz_k12'],
  ['keys remove k1 --force', 'keys remove k1 --force'],
  ['keys list -eproduction', 'keys list -eproduction'],
  ['keys rotate --kid -x7Yz_k12', 'keys rotate --kid -x7Yz_k12'],
  ['issue -x7Yz_k12', 'issue -x7Yz_k12'],
])('%j keeps a kid as an argument: %j', (given, meant) => {
  expect(keepKidAsArgument(given.split(' ')).join(' ')).toBe(meant);
});

test('an option before the command counts as one behind it', async () => {
  const token = unsigned({ sub: 'user-123' });
  expect(await stdoutOf(['--json', 'decode', token])).toBe(await stdoutOf(['decode', token, '--json']));
  const keyring = await makeKeyring();
  expect(await stdoutOf(['--keyring', keyring, '--json', 'keys', 'list'])).toContain('"kid":"k1"');
  const env = fileWith(`SECRET_KEY="${secret}"\nALGORITHM=HS256\n`);
  expect((await runCli(['-e', env, 'issue', '--sub', 'x'])).exitCode).toBe(0);
  expect(JSON.parse((await runCli(['--json', 'verify', '--nonsense'])).stderr)).toHaveProperty(
    'error.code',
    'USAGE_INVALID',
  );
  expect((await runCli(['--color', 'always', 'decode', 'x'])).stderr).toContain('\u001b[');
});

test('an option that the command does not have is an error there too', async () => {
  const { exitCode, stderr } = await runCli(['--keyring', 'ring', 'decode', 'x']);
  expect([exitCode, stderr]).toEqual([2, "error: unknown option '--keyring'\nhint: run: jwtkit decode --help\n"]);
});

test.each(['dotenv', 'env-file'])('--%s reads an env file', async (name) => {
  const env = fileWith(`SECRET_KEY="${secret}"\nALGORITHM=HS256\n`);
  for (const args of [[`--${name}`, env], [`--${name}=${env}`]]) {
    expect((await runCli(['issue', '--sub', 'x', ...args])).exitCode).toBe(0);
  }
});

test('longer names of other tools are accepted, and messages name the option itself', async () => {
  const file = fileWith(secret);
  const issue = (...args: string[]) => stdoutOf(['issue', '--secret-file', file, ...args]);
  const token = await issue(
    '--subject',
    's',
    '--audience',
    'api',
    '--issuer=i',
    '--expires-in',
    '1h',
    '--algorithm',
    'HS256',
  );
  const verify = (...args: string[]) => runCli(['verify', token, '--secret-file', file, '-q', ...args]);
  expect((await verify('--audience', 'api', '--issuer', 'i', '--subject=s', '--algorithm', 'HS256')).exitCode).toBe(0);
  expect((await verify('--aud', 'other', '--audience', 'api')).exitCode).toBe(0);
  expect((await verify('--audience', 'other')).exitCode).toBe(16);
  expect((await verify('--audience=api', '--issuer', 'j')).exitCode).toBe(16);
  expect((await runCli(['issue', '--subject'])).stderr).toContain("option '--sub <id>' argument missing");
  expect((await runCli(['issue', '--subject', ''])).stderr).toContain('--sub: the value is empty');
  expect((await runCli(['issue', '--expires-in', 'x'])).stderr).toContain('--ttl');
  // A value that looks like an alias stays as it is.
  expect(await stdoutOf(['decode', await issue('--sub', '--audience'), '--claim', 'sub'])).toBe('--audience');
  expect((await runCli(['decode', token, '--audience', 'x'])).exitCode).toBe(2);
});
