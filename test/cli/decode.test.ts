import { describe, expect, test } from 'vitest';
import { now, runCli, segmentOf, stdoutOf, unsigned } from './fake-io.js';

const claims = {
  sub: 'user-1',
  iat: now - 60,
  exp: now + 1800,
  realm: { roles: ['reader', 'writer'], 'a/b': 1, 'm~n': 2, '': 3 },
  'https://x.example/plan': 'pro',
  'a.b': 'dotted',
  zero: 0,
  no: false,
  nil: null,
  list: [],
};
const token = unsigned(claims, { alg: 'HS256', typ: 'JWT', kid: 'k1' });
const note = 'note: signature not verified\n';

test('shows header and claims, explains times, and says that nothing was verified', async () => {
  const short = unsigned({ sub: 'u', iat: now - 10_800, exp: now + 90, nbf: 1e300, auth_time: 'x' }, { alg: 'HS256' });
  const { exitCode, stdout, stderr } = await runCli(['decode', short]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: note });
  expect(stdout).toBe(
    [
      'Header',
      '  alg  "HS256"',
      '',
      'Claims',
      '  sub        "u"',
      '  iat        1795424400  2026-11-23T09:00:00Z, 3h ago',
      '  exp        1795435290  2026-11-23T12:01:30Z, in 1m 30s',
      '  nbf        1e+300  not a time: out of range',
      '  auth_time  "x"  not a time: a string',
      '',
    ].join('\n'),
  );
});

test('shows a token that no verifier would take: expired, alg none, unknown crit', async () => {
  const hostile = unsigned({ exp: 1 }, { alg: 'none', crit: ['x'] });
  const { exitCode, stdout } = await runCli(['decode', hostile]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('"none"');
});

test('shows empty claims', async () => {
  expect(await stdoutOf(['decode', unsigned({})])).toMatch(/Claims\n {2}\(none\)$/);
});

test('--at sets the clock', async () => {
  expect(await stdoutOf(['decode', token, '--at', '+1h'])).toContain('2026-11-23T12:30:00Z, 30m ago');
});

test('--json is {"header","claims"} on one line, the note on stderr', async () => {
  const { exitCode, stdout, stderr } = await runCli(['decode', token, '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: note });
  expect(stdout).toBe(`${JSON.stringify({ header: segmentOf(token, 0), claims })}\n`);
});

test('--json is indented on a terminal, and the same JSON', async () => {
  const { stdout } = await runCli(['decode', token, '--json'], { terminals: ['stdout'] });
  expect(stdout).toBe(`${JSON.stringify({ header: segmentOf(token, 0), claims }, null, 2)}\n`);
});

describe('--claim', () => {
  test.each([
    ['sub', 'user-1'],
    ['exp', String(claims.exp)],
    ['zero', '0'],
    ['no', 'false'],
    ['nil', 'null'],
    ['list', '[]'],
    ['realm', JSON.stringify(claims.realm)],
    ['realm.roles', '["reader","writer"]'],
    ['realm.roles.0', 'reader'],
    ['realm.roles.1', 'writer'],
    ['/realm/roles/1', 'writer'],
    ['/realm/a~1b', '1'],
    ['/realm/m~0n', '2'],
    ['/realm/', '3'],
    ['https://x.example/plan', 'pro'],
    ['a.b', 'dotted'],
    ['/sub', 'user-1'],
  ])('%s', async (path, expected) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', token, '--claim', path]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: note });
  });

  test.each([
    ['nothing'],
    ['realm.nothing'],
    ['realm.roles.2'],
    ['realm.roles.-1'],
    ['realm.roles.01'],
    ['realm.roles.length'],
    ['sub.length'],
    ['sub.0'],
    ['nil.x'],
    ['__proto__'],
    ['constructor'],
    ['realm.constructor.name'],
    ['toString'],
    ['/'],
    ['/realm/a/b'],
    ['.'],
    ['SUB'],
  ])('%j is missing', async (path) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', token, '--claim', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 16, stdout: '' });
    expect(stderr).toBe(`error: token has no claim ${JSON.stringify(path)}\nhint: jwtkit decode shows all of them\n`);
  });

  test('with --json a string keeps its quotes', async () => {
    expect(await stdoutOf(['decode', token, '--claim', 'sub', '--json'])).toBe('"user-1"');
  });
});

describe('refuses what is no token, and says which part is broken', () => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url');
  const part = (text: string | Buffer) => `${header}.${encode(text)}.${signature}`;

  test.each([
    ['', 'token is empty'],
    ['nonsense', 'token has 1 segment, a JWS has 3'],
    [`${header}.${payload}`, 'token has 2 segments, a JWS has 3'],
    [`${token}.x`, 'token has 4 segments, a JWS has 3'],
    [`${token}.x.y`, 'token has 5 segments: this is an encrypted token (JWE)'],
    ['.'.repeat(100), 'token has more than 6 segments'],
    ['{"payload":"x"}', 'token is JSON, a JWT is always in the compact form'],
    ['..', 'header is empty'],
    [`${header}=.${payload}.${signature}`, 'header is not base64url'],
    [`${header}.${payload}!.${signature}`, 'payload is not base64url'],
    [`${header}.${payload}.${signature}=`, 'signature is not base64url'],
    [`${header}.${payload} .${signature}`, 'payload is not base64url'],
    [`${encode('[]')}.${payload}.`, 'header is an array, not a JSON object'],
    [`${encode('{')}.${payload}.`, 'header is not JSON'],
    [part('null'), 'payload is null, not a JSON object'],
    [part('{"a":1,"a":2}'), 'payload has a duplicate member name'],
    [part(Buffer.from([0x7b, 0xff, 0x7d])), 'payload is not UTF-8'],
    [part('{"a":"\\ud800"}'), 'payload has a lone surrogate'],
    [part(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`), 'payload is nested deeper than 64 levels'],
    ['x'.repeat(65_537), 'token is longer than 65536 characters'],
  ])('%.40s', async (text, message) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', text]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });
});

test('an error as JSON', async () => {
  const { exitCode, stdout, stderr } = await runCli(['decode', 'x', '--json']);
  const error = { code: 'TOKEN_MALFORMED', message: 'token has 1 segment, a JWS has 3' };
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 11, stdout: '', stderr: `${JSON.stringify({ error })}\n` });
});
