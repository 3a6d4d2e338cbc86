import { describe, expect, test } from 'vitest';
import { now, runCli, stdoutOf, unsigned } from '../fake-io.js';

const full = unsigned({ iat: now - 900, exp: now + 900 });
const inspect = (claims: object, ...args: string[]) => runCli(['inspect', unsigned(claims), ...args]);

test('shows when a token was issued, begins and expires, and its life left, without a key', async () => {
  expect(await stdoutOf(['inspect', full])).toBe(
    [
      'issued       2026-11-23T11:45:00Z, 15m ago',
      'active from  2026-11-23T11:45:00Z, 15m ago',
      'expires      2026-11-23T12:15:00Z, in 15m',
      `life left    ${'█'.repeat(12)}${'░'.repeat(12)} 50 %, 15m of 30m`,
    ].join('\n'),
  );
});

test.each([
  [{ iat: now, exp: now + 100 }, `${'█'.repeat(24)} 100 %, 1m 40s of 1m 40s`],
  [{ iat: now - 99, exp: now + 1 }, `${'█'}${'░'.repeat(23)} 1 %, 1s of 1m 40s`],
  [{ iat: now - 999, exp: now + 1 }, `${'█'}${'░'.repeat(23)} 0 %, 1s of 16m`],
  [{ exp: now + 60 }, 'life left    1m'],
  [{ iat: now }, 'life left    unlimited'],
  [{}, 'life left    unlimited'],
  [{ nbf: now - 50, iat: now - 1000, exp: now + 50 }, `${'█'.repeat(12)}${'░'.repeat(12)} 50 %, 50s of 1m 40s`],
])('the bar of %j', async (claims, expected) => {
  const { exitCode, stdout } = await inspect(claims);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`${expected}\n`);
});

test('the bar of an expired token is empty', async () => {
  const { stdout } = await inspect({ iat: now - 100, exp: now - 10 });
  expect(stdout).toContain(`life left    ${'░'.repeat(24)} 0 %, expired\n`);
});

test('the bar of a token that is not yet active is full, for its life once it is', async () => {
  const { stdout } = await inspect({ iat: now, nbf: now + 60, exp: now + 120 });
  expect(stdout).toContain(`life left    ${'█'.repeat(24)} 100 %, 1m once active\n`);
});

test('shows which times a token does not have', async () => {
  expect(await stdoutOf(['inspect', unsigned({})])).toBe(
    'issued       not said\nactive from  not said\nexpires      never\nlife left    unlimited',
  );
});

describe('exit codes', () => {
  test.each<[object, string[], number, string]>([
    [{ exp: now + 300 }, ['--min-ttl', '5m'], 0, ''],
    [
      { exp: now + 299 },
      ['--min-ttl', '5m'],
      14,
      'token expires in 4m 59s (2026-11-23T12:04:59Z), sooner than 5m from now',
    ],
    [{ exp: now + 1 }, ['--min-ttl', '0'], 0, ''],
    [{ exp: now + 1 }, [], 0, ''],
    [{ exp: now }, [], 14, 'token expired now (2026-11-23T12:00:00Z)'],
    [{ exp: now - 10_800 }, [], 14, 'token expired 3h ago (2026-11-23T09:00:00Z)'],
    [{ exp: now + 1800 }, ['--at', '+1h'], 14, 'token expired 30m ago'],
    [{ exp: now - 1 }, ['--at', '-1h'], 0, ''],
    [{}, ['--min-ttl', '99d'], 0, ''],
    [{ iat: now + 60, exp: now + 120 }, [], 15, 'token is not valid before 2026-11-23T12:01:00Z (in 1m)'],
    [{ nbf: now + 60, exp: now + 120 }, [], 15, 'token is not valid before 2026-11-23T12:01:00Z (in 1m)'],
    [{ nbf: now + 60, exp: now + 120 }, ['--min-ttl', '1h'], 14, 'sooner than 1h from now'],
    [{ nbf: now + 60, exp: now - 1 }, [], 14, 'token expired'],
    [{ exp: 'soon' }, [], 16, 'claim exp is a string, it must be seconds since 1970, at most year 9999'],
    [{ exp: now * 1000 }, [], 16, `claim exp is ${now * 1000}, it must be seconds`],
    [{ iat: -1 }, [], 16, 'claim iat is -1'],
    [{ nbf: null }, [], 16, 'claim nbf is null'],
    [{ exp: [now] }, [], 16, 'claim exp is an array'],
  ])('%j %j → %i', async (claims, args, code, message) => {
    const { exitCode, stderr } = await inspect(claims, ...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  test('a malformed token is 11', async () => {
    expect((await runCli(['inspect', 'x.y'])).exitCode).toBe(11);
  });
});

describe('--json', () => {
  test('prints every member, null if the token does not have it', async () => {
    const text = await stdoutOf(['inspect', full, '--json']);
    const life = { state: 'active', issued_at: now - 900, active_from: now - 900, expires_at: now + 900 };
    expect(text).toBe(JSON.stringify({ ...life, lifetime: 1800, remaining: 900 }));
    expect(JSON.parse(await stdoutOf(['inspect', unsigned({}), '--json']))).toEqual({
      state: 'active',
      issued_at: null,
      active_from: null,
      expires_at: null,
      lifetime: null,
      remaining: null,
    });
  });

  test('--json of an expired token: report on stdout, error on stderr, exit 14', async () => {
    const { exitCode, stdout, stderr } = await inspect({ exp: now - 60 }, '--json');
    expect(exitCode).toBe(14);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'expired', remaining: 0 });
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'TOKEN_EXPIRED',
        message: 'token expired 1m ago (2026-11-23T11:59:00Z)',
        hint: 'issue or refresh a token',
      },
    });
  });

  test('--json of a token that is not active yet', async () => {
    const { exitCode, stdout } = await inspect({ nbf: now + 60 }, '--json');
    expect(exitCode).toBe(15);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'not-yet-active', active_from: now + 60 });
  });
});

test('-q prints nothing on stdout, the exit code says it', async () => {
  expect(await runCli(['inspect', full, '-q'])).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await inspect({ exp: 1 }, '--quiet')).toMatchObject({ exitCode: 14, stdout: '' });
});

test('-q and --json exclude each other, as in verify', async () => {
  expect((await runCli(['inspect', full, '-q', '--json'])).exitCode).toBe(2);
});

test('JWTKIT_MIN_TTL replaces the flag, and the flag beats it', async () => {
  const env = { JWTKIT_MIN_TTL: '1h' };
  expect((await runCli(['inspect', full], { env })).exitCode).toBe(14);
  expect((await runCli(['inspect', full, '--min-ttl', '1m'], { env })).exitCode).toBe(0);
});

test.each([
  [['--min-ttl', 'x'], '--min-ttl: "x" is not a duration'],
  [['--at', 'x'], '--at: "x" is not a moment'],
  [['--key', 'x'], "unknown option '--key'"],
])('refuses %j', async (args, message) => {
  const { exitCode, stdout, stderr } = await runCli(['inspect', full, ...args]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});
