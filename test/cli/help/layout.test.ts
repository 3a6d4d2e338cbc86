/** Help fits every terminal from 50 to 120 columns, and has a group for each option. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { splitExample } from '../../../src/cli/help/examples.js';
import { fillLines } from '../../../src/cli/terminal/fill.js';
import { parse } from '../../shell/syntax.js';
import { commands, groups as groupsOf } from '../commands.js';
import { runCli, stdoutOf, textOf } from '../fake-io.js';

const groups = Object.keys(groupsOf);

const keepsToWidth = 'help of every command keeps to %i columns';
test.each([50, 80])(keepsToWidth, expectWidth);
test.each([60, 71, 72, 100, 120])(keepsToWidth, { tags: 'slow' }, expectWidth);

async function expectWidth(width: number): Promise<void> {
  const world = { env: { COLUMNS: String(width) } };
  for (const command of ['', ...groups, ...commands]) {
    const lines = (await stdoutOf([...command.split(' ').filter(Boolean), '--help'], world)).split('\n');
    expect(lines.filter((line) => line.length > width || line.endsWith(' '))).toEqual([]);
  }
}

const hasNoLoneWord = 'help of every command in %i columns ends no paragraph with a lone word';
test.each([80])(hasNoLoneWord, expectNoLoneWord);
test.each([60, 120])(hasNoLoneWord, { tags: 'slow' }, expectNoLoneWord);

async function expectNoLoneWord(width: number): Promise<void> {
  const world = { env: { COLUMNS: String(width) } };
  for (const command of ['', ...groups, ...commands]) {
    const lines = (await stdoutOf([...command.split(' ').filter(Boolean), '--help'], world)).split('\n');
    const lone = lines.filter((line, at) => isLone(line, lines[at - 1] ?? ''));
    expect(lone, command).toEqual([]);
    const texts = lines.slice(0, lines.indexOf('Examples:'));
    expect(texts.filter((line) => /(?:\(default:|[; ]-| exit)$/.test(line))).toEqual([]);
  }
}

/** Whether a line has one word of a text that began in the line before; the name of a variable may stand alone. */
function isLone(line: string, before: string): boolean {
  const isText = /^(?: {6,})?[^\s[]\S*$/.test(line) && !before.endsWith('\\');
  const indentOf = (text: string) => text.search(/\S/);
  return isText && (indentOf(before) === indentOf(line) || /^ {2}-?\S.* {2}\S/.test(before));
}

test.each([
  ['aa bb cc dd', 8, ['aa bb', 'cc dd']],
  ['aa bb cc dd ee', 11, ['aa bb cc', 'dd ee']],
  ['aa bb cc [JWTKIT_X]', 10, ['aa bb cc', '[JWTKIT_X]']],
  ['a file; - is stdin', 9, ['a file;', '- is stdin']],
  ['the size (default: 5s)', 18, ['the size', '(default: 5s)']],
  ['any failure is exit 10', 20, ['any failure is', 'exit 10']],
  ['some-very-long-word x', 8, ['some-very-long-word', 'x']],
])('%j in %i columns reads well where it is broken', (text, width, lines) => {
  expect(fillLines(text, width)).toEqual(lines);
});

test.each(commands)('each option of %s is in a group: src/cli/help/groups.ts', async (command) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  expect(help).not.toMatch(/^Options:$/m);
  expect(help).toMatch(/^Output:$/m);
});

test('each option in a group is one of some command: src/cli/help/groups.ts', async () => {
  const named = textOf(join(import.meta.dirname, '../../../src/cli/help/groups.ts')).match(/--[a-z][\w-]*/g);
  const lines = [[], ...commands.map((each) => each.split(' '))];
  const helps = await Promise.all(lines.map((args) => stdoutOf([...args, '--help'])));
  const declared = new Set(helps.join('\n').match(/--[a-z][\w-]*/g));
  const former = ['--private', '--public'];
  expect(named?.filter((flag) => !declared.has(flag) && !former.includes(flag))).toEqual([]);
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
  ['users remove', 'Account', '--store'],
  ['revoke', 'Token', '--store'],
  ['keys export', 'Output', '--force'],
  ['keys retire', 'Keys', '--force'],
])('help of %s has in its group %s the option %s', async (command, title, flag) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  const group = help.split(`\n\n${title}:\n`)[1]?.split('\n\n')[0];
  expect(group).toMatch(new RegExp(`^ {2}(?:-\\w, )?${flag}\\b`, 'm'));
});

test.each([
  ['serve', 'Service'],
  ['users add', 'Account'],
  ['probe', 'Target'],
  ['verify', 'Token'],
])('the options of %s begin with the group %s', async (command, title) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  expect(help.replace(/\n\nArguments:\n(?: .*\n)+/, '\n')).toMatch(
    new RegExp(`^.*(?:\n.+)*\n\n.*(?:\n.+)*\n\n${title}:\n`),
  );
});

test('commands stand in the order of their story', async () => {
  const help = await stdoutOf(['--help']);
  const [, tokens = ''] = /\n\nTokens:\n([\s\S]*?)\n\n/.exec(help) ?? [];
  const names = [...tokens.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  expect(names).toEqual(['issue', 'verify', 'decode', 'inspect', 'diff', 'refresh', 'revoke']);
});

test.each(commands)('what %s says to see also is there', async (command) => {
  const help = await stdoutOf([...command.split(' '), '--help']);
  const names = [
    ...((help.split('\n\nSee also:\n')[1] ?? '').split('\n\n', 1)[0] ?? '').matchAll(/^ {2}((?:help )?\S+)/gm),
  ];
  expect(names.length).toBeGreaterThan(command === 'completion' ? -1 : 0);
  for (const [, name = ''] of names) {
    const args = name.startsWith('help ') ? name.split(' ') : [name, '--help'];
    expect(await runCli(args), name).toMatchObject({ exitCode: 0, stderr: '' });
  }
});

test('the choices of an option come before its default, and its variable last', async () => {
  const help = await stdoutOf(['verify', '--help'], { env: { COLUMNS: '120' } });
  expect(help).toMatch(/--type <type> +the claim type \(access, refresh or any; default: access, or no type\)\n/);
  expect(help).toMatch(
    /--secret-encoding <name> .*\(base64, base64url or hex; default: [^)]*\)\s+\[JWTKIT_SECRET_ENCODING\]\n/,
  );
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
    Math.max(...(await stdoutOf(['verify', '--help', '--no-color'], world)).split('\n').map((line) => line.length));
  expect(await longest({ terminals: ['stdout'], columns: 110 })).toBeGreaterThan(100);
  expect(await longest({ terminals: ['stdout'], columns: 110, env: { COLUMNS: '60' } })).toBeLessThanOrEqual(60);
  expect(await longest({ columns: 110 })).toBeLessThanOrEqual(80);
});

test.each([
  [
    ['verify', '--help'],
    '\x1b[1mUsage:\x1b[22m jwtkit verify',
    '\x1b[36m--aud <audience>\x1b[39m',
    '\x1b[2m[JWTKIT_AUD]\x1b[22m',
  ],
  [['--help'], '\x1b[1mTokens:\x1b[22m', '\x1b[36mverify [token]\x1b[39m', '\x1b[2m  $\x1b[22m jwtkit keygen'],
  [['help', 'environment'], '\x1b[1mCOLOURS\x1b[22m', '\x1b[36m--color\x1b[39m \x1b[36mWHEN\x1b[39m'],
])('%j has colours on a terminal, where they change no line', async (args, ...coloured) => {
  for (const columns of [60, 80, 120]) {
    const help = await stdoutOf(args, { terminals: ['stdout'], columns });
    for (const text of coloured) expect(help).toContain(text);
    const plain = await stdoutOf(args, { env: { COLUMNS: String(columns) } });
    expect(stripVTControlCharacters(help)).toBe(plain);
  }
});

test.each([
  [['--no-color', 'verify', '--help'], {}],
  [['verify', '--help', '--color', 'never'], {}],
  [['help', 'formats'], { NO_COLOR: '1' }],
])('%j with the variables %j has no colours', async (args, env) => {
  expect(await stdoutOf(args, { terminals: ['stdout'], columns: 80, env })).not.toContain('\x1b');
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

test.each([
  [
    'jwtkit issue --sub user-123 --audience api --scope "read write"',
    ['jwtkit issue --sub user-123 \\', '--audience api --scope "read write"'],
  ],
  [
    'jwtkit decode "$TOKEN" --json | jwtkit issue --claims -',
    ['jwtkit decode "$TOKEN" --json \\', '| jwtkit issue --claims -'],
  ],
  [
    'jwtkit clients add billing --scope read > billing.env',
    ['jwtkit clients add billing \\', '--scope read > billing.env'],
  ],
  ['KID=1234567890123456789012345 && jwtkit keys list', ['KID=1234567890123456789012345 \\', '&& jwtkit keys list']],
  [
    'echo "SHA256:$(jwtkit keys thumbprint --spki verify.pem)"',
    ['echo "SHA256:$(jwtkit keys thumbprint \\', '--spki verify.pem)"'],
  ],
])('%j is broken between its parts, in 44 columns', (command, [first = '', second = '']) => {
  expect(splitExample(command, 44)).toEqual([`  $ ${first}`, `      ${second}`]);
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
