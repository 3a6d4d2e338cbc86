import { beforeAll, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, stdoutOf, unsigned } from '../fake-io.js';

let keyring: string;
let first: string;
let second: string;
beforeAll(async () => {
  keyring = await makeKeyring('ES256');
  const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, '--sub', 'user-123', ...args]);
  first = await issue('--aud', 'api', '--scope', 'read', '--jti', 'a');
  second = await issue('--aud', 'web', '--scope', 'read write', '--ttl', '8h', '--jti', 'b');
});

test('diff shows what differs, times as distances, and what widens', async () => {
  const { exitCode, stdout, stderr } = await runCli(['diff', first, second]);
  expect(exitCode).toBe(0);
  expect(stderr).toBe('note: signature not verified\n');
  expect(stdout).toContain('header\n  no difference\nclaims\n');
  expect(stdout).toMatch(
    /^ {2}~ exp +2026-11-23T12:30:00Z → 2026-11-23T20:00:00Z {2}7h 30m later {2}wider: lives 8h, not 30m$/m,
  );
  expect(stdout).toMatch(/^ {2}~ scope +"read" → "read write" {2}wider: adds write$/m);
  expect(stdout).toMatch(/^ {2}~ aud +"api" → "web" {2}wider: adds web$/m);
  expect(stdout).not.toContain('checks');
});

test('diff with a key shows the checks that end differently, and no note', async () => {
  const { stdout, stderr } = await runCli(['diff', first, second, '--keyring', keyring, '--aud', 'api']);
  expect(stderr).toBe('');
  const checks = stdout.slice(stdout.indexOf('checks\n'));
  expect(checks).toMatch(/^checks\n {2}aud +passed: .*failed: .*\n$/);
});

test('diff --json prints the differences and the checks', async () => {
  const stdout = await stdoutOf(['diff', first, second, '--keyring', keyring, '--aud', 'api', '--json']);
  const { differences, checks } = JSON.parse(stdout);
  expect(differences.map(({ path }: { path: string }) => path)).toEqual(
    ['/aud', '/scope', '/jti', '/exp'].sort(
      (one, other) =>
        differences.findIndex((each: { path: string }) => each.path === one) -
        differences.findIndex((each: { path: string }) => each.path === other),
    ),
  );
  expect(checks).toMatchObject([{ name: 'aud', first: { status: 'passed' }, second: { status: 'failed' } }]);
});

test('diff takes tokens from files, variables and standard input', async () => {
  const args = ['diff', '--token-file', fileWith(first), '--token-env', 'OTHER'];
  const named = await runCli(args, { env: { OTHER: second } });
  expect(named.stdout).toBe((await runCli(['diff', first, second])).stdout);
  const piped = await runCli(['diff', first, '-'], { stdin: `Bearer ${second}\n` });
  expect(piped.stdout).toBe(named.stdout);
});

test('diff escapes what disturbs a terminal, and shortens long values', async () => {
  const { stdout } = await runCli(['diff', unsigned({ a: 1 }), unsigned({ a: '\x1b[2J', b: 'x'.repeat(500) })]);
  expect(stdout).not.toContain('\x1b');
  expect(stdout).toContain('x…');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(120);
});

test('diff shows more claims than a call has arguments', async () => {
  const claims = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`c${at}`, at]));
  const stdout = await stdoutOf(['diff', unsigned({ a: 1 }), '--token-file', fileWith(unsigned(claims))]);
  expect(stdout.split('\n')).toHaveLength(200_000 + 4);
  expect(stdout).toContain('  + c199999  199999');
});

test.each([0, 1, 3])('diff refuses %d tokens', async (count) => {
  const { exitCode, stderr } = await runCli(['diff', ...Array<string>(count).fill(first)]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`diff compares two tokens, ${count} given`);
});

test.each([[['-', '-']], [['--token-file', '-', '--token-file', '/dev/stdin']], [['-', '--token-file', '-']]])(
  'diff refuses to read both tokens from standard input: %j',
  async (args) => {
    const { exitCode, stderr } = await runCli(['diff', ...args], { stdin: first });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('standard input');
    expect(stderr).not.toContain('standard input is empty');
  },
);
