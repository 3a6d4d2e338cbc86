/** Help fits every terminal from 50 to 120 columns, and has a group for each option. */
import { expect, test } from 'vitest';
import { splitExample } from '../../../src/cli/terminal/wrap.js';
import { parse } from '../../shell/syntax.js';
import { commands, groups as groupsOf } from '../commands.js';
import { runCli, stdoutOf } from '../fake-io.js';

const groups = Object.keys(groupsOf);

test.each([50, 60, 71, 72, 80, 100, 120])('help of every command keeps to %i columns', async (width) => {
  const world = { env: { COLUMNS: String(width) } };
  for (const command of ['', ...groups, ...commands]) {
    const lines = (await stdoutOf([...command.split(' ').filter(Boolean), '--help'], world)).split('\n');
    expect(lines.filter((line) => line.length > width || line.endsWith(' '))).toEqual([]);
  }
});

test.each(commands)('each option of %s is in a group: src/cli/help/groups.ts', async (command) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  expect(help).not.toMatch(/^Options:$/m);
  expect(help).toMatch(/^Output:$/m);
});

test('each command of the program is in a group: src/cli/help/groups.ts', async () => {
  const help = await stdoutOf(['--help']);
  expect(help).not.toMatch(/^Commands:$/m);
  expect(help.split('\n\nTokens:\n')[1]?.split('\n\n')[0]).toMatch(/^ {2}verify \[token\] /m);
  expect(help.split('\n\nShell:\n')[1]?.split('\n\n')[0]).toMatch(/^ {2}help /m);
});

test.each([
  ['verify', 'Checks', '--aud'],
  ['verify', 'Checks', '--alg'],
  ['verify', 'Keys', '--secret-file'],
  ['verify', 'Network', '--jwks'],
  ['verify', 'Batch', '--only-invalid'],
  ['verify', 'Output', '--json'],
  ['issue', 'Token', '--sub'],
  ['issue', 'Keys', '--alg'],
  ['keygen', 'Certificate', '--san'],
  ['serve', 'Service', '--port'],
  ['users add', 'Account', '--role'],
])('help of %s has in its group %s the option %s', async (command, title, flag) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  const group = help.split(`\n\n${title}:\n`)[1]?.split('\n\n')[0];
  expect(group).toMatch(new RegExp(`^ {2}(?:-\\w, )?${flag}\\b`, 'm'));
});

test.each([
  [{}, 80],
  [{ COLUMNS: '64' }, 64],
  [{ COLUMNS: '20' }, 50],
  [{ COLUMNS: '400' }, 120],
  [{ COLUMNS: 'wide' }, 80],
  [{ COLUMNS: '' }, 80],
  [{ COLUMNS: '0' }, 80],
] as const)('with the variables %j help fills %i columns', async (env, width) => {
  const longest = Math.max(...(await stdoutOf(['verify', '--help'], { env })).split('\n').map((line) => line.length));
  expect(longest).toBeLessThanOrEqual(width);
  expect(longest).toBeGreaterThan(width - 12);
});

test('as wide as the terminal where COLUMNS is not set', async () => {
  const longest = async (world: object) =>
    Math.max(...(await stdoutOf(['verify', '--help'], world)).split('\n').map((line) => line.length));
  expect(await longest({ terminals: ['stdout'], columns: 110 })).toBeGreaterThan(100);
  expect(await longest({ terminals: ['stdout'], columns: 110, env: { COLUMNS: '60' } })).toBeLessThanOrEqual(60);
  expect(await longest({ columns: 110 })).toBeLessThanOrEqual(80);
});

test.each([
  ['jwtkit verify "$TOKEN" --aud api --scope "read write" --role admin', 50],
  ["jwtkit users add carol --sub 'user 125' --password-file password.txt", 50],
  ['test "$PIN" = "SHA256:$(jwtkit keys thumbprint --spki verify.pem)"', 40],
  ['printf "%s\\n" "$TOKEN" "$TOKEN" | jwtkit verify --aud api --batch --only-invalid', 60],
])('%j over several lines is the same command', (command, width) => {
  const lines = splitExample(command, width);
  expect(lines.length).toBeGreaterThan(1);
  expect(parse(lines.join('\n').replace(/^ {2}\$ /, ''))).toEqual(parse(command));
});

test('an example keeps an option and its value on one line', () => {
  expect(splitExample('jwtkit issue --sub user-123 --aud api --scope "read write"', 40)).toEqual([
    '  $ jwtkit issue --sub user-123 \\',
    '      --aud api --scope "read write"',
  ]);
});

test.each([
  [['verify', '--help']],
  [['--help', 'verify']],
  [['-h', 'verify']],
  [['help', 'verify']],
  [['--json', 'verify', '--help']],
  [['--json', 'help', 'verify']],
])('%j shows the help of verify', async (args) => {
  expect(await runCli(args)).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Usage: jwtkit verify /),
  });
});

test.each([[[]], [['--json']], [['help']], [['--help']], [['-h']]])(
  '%j shows the help of the program',
  async (args) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: jwtkit \[options\] \[command\]\n/);
  },
);

test.each(groups)('jwtkit %s alone shows its help', async (group) => {
  const help = await stdoutOf([group, '--help']);
  for (const args of [[group], ['help', group], [group, 'help'], [group, '--json'], ['--debug', group]]) {
    expect(await stdoutOf(args)).toBe(help);
  }
});

test.each([[['version']], [['--version']], [['-V']], [['--json', 'version']]])(
  '%j prints the version alone',
  async (args) => {
    expect(await runCli(args)).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  },
);
