/** Lines of a report keep to the width of a terminal; in a pipe a line stays a line. */
import { expect, test } from 'vitest';
import { breakLine } from '../../../src/cli/terminal/wrap.js';
import { makeKeyring, runCli, stdoutOf } from '../fake-io.js';

test.each([
  ['short', 20, ['short']],
  ['passed  exp  token expires in 29m', 20, ['passed  exp  token', '             expires', '             in 29m']],
  ['passed  aud  token aud is "a  b"', 30, ['passed  aud  token aud is "a ', '             b"']],
  ['passed  key  kid abcdefghijklmnop from x', 22, ['passed  key  kid abcdefghijklmnop', '             from x']],
  ['passed  key  abcdefghijklmnop', 20, ['passed  key  abcdefghijklmnop']],
])('%j in %i columns', (line, width, lines) => {
  expect(breakLine(line, width, 13)).toEqual(lines);
});

test('every part of a line is in its pieces', () => {
  const line = `passed  aud  ${'one two  three four-five '.repeat(20)}`;
  for (let width = 25; width < 130; width++) {
    const pieces = breakLine(line, width, 13);
    expect(pieces.filter((each) => each.length > width && each.trim().includes(' ')).length).toBe(0);
    expect(pieces.map((each, at) => (at === 0 ? each : each.slice(13))).join(' ')).toBe(line);
  }
});

test.each([60, 80, 120])(
  'a report on a terminal of %i columns keeps to them, in a pipe it has a line a check',
  async (columns) => {
    const keyring = await makeKeyring();
    const world = { env: { JWTKIT_KEYRING: keyring } };
    const token = (
      await stdoutOf(['issue', '--sub', 'user-123', '--aud', 'api', '--ttl', '1s', '--at', '0'], world)
    ).trim();
    const args = [
      'verify',
      token,
      '--aud',
      'web',
      '--role',
      'the boss of all of this',
      '--require',
      'tenant=a long name of a tenant',
    ];
    const terminal = await runCli(args, {
      ...world,
      terminals: ['stdout', 'stderr'],
      columns,
      env: { ...world.env, NO_COLOR: '1' },
    });
    const lines = terminal.stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > columns && !/^hint: |jwks\.json$/.test(line))).toEqual([]);
    const piped = await runCli(args, world);
    expect(piped.stdout).toMatch(/^passed {2} *key +kid \S+ from \S+$/m);
    expect(terminal.stdout.replace(/\s+/g, ' ')).toBe(piped.stdout.replace(/\s+/g, ' '));
  },
);

test.each([60, 80, 120])('reports of lint and diff on a terminal of %i columns keep to them', async (columns) => {
  const keyring = await makeKeyring();
  const world = { env: { JWTKIT_KEYRING: keyring } };
  const issue = async (...args: string[]) => (await stdoutOf(['issue', '--at', '0', ...args], world)).trim();
  const token = await issue('--sub', 'user-123', '--aud', 'api', '--ttl', '30d');
  const other = await issue('--sub', 'a subject whose name is long', '--ttl', '400d', '--scope', 'read write delete');
  for (const args of [
    ['lint', token],
    ['lint', other],
    ['diff', token, other],
    ['diff', token, other, '--keyring', keyring, '--at', '10'],
  ]) {
    const env = { ...world.env, NO_COLOR: '1' };
    const terminal = await runCli(args, { ...world, terminals: ['stdout', 'stderr'], columns, env });
    const lines = terminal.stdout.split('\n');
    expect(lines.filter((line) => line.length > columns || line.endsWith(' '))).toEqual([]);
    const piped = await runCli(args, world);
    expect(terminal.stdout.replaceAll(/\s+/g, ' ')).toBe(piped.stdout.replaceAll(/\s+/g, ' '));
    if (columns === 60) expect(lines.length).toBeGreaterThan(piped.stdout.split('\n').length);
  }
});
