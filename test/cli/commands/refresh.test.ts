import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fileWith,
  makeKeyring,
  now,
  runCli,
  secret,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  unsigned,
} from '../fake-io.js';

let keyring: string;
let store: string[];
beforeAll(async () => {
  keyring = await makeKeyring();
});

/** A keyring's options with a denylist that nobody has used. */
function freshStore(): string[] {
  store = ['--keyring', keyring, '--store', `lmdb:${join(temporaryFolder(), 'denylist')}`];
  return store;
}
const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', ...args]);
const issuePair = async (...args: string[]) => JSON.parse(await issue('--pair', ...args)) as Record<string, string>;
/** In process, ids are counted anew in each run: tokens of the same run order would share a jti. */
const issueRefresh = (jti: string, ...args: string[]) =>
  issue('--type', 'refresh', '--jti', jti, '--claim', `family=family-of-${jti}`, ...args);
const refresh = (token: string, ...args: string[]) => runCli(['refresh', token, ...store, ...args]);

describe('without rotation', () => {
  test('says of an expired token that the session has ended, and not to refresh it', async () => {
    freshStore();
    const { exitCode, stderr } = await refresh(await issueRefresh('a', '--at', '2020-01-01T00:00:00Z'));
    expect(exitCode).toBe(14);
    expect(stderr).toContain('\nhint: the session has ended: log in again, or issue a new pair\n');
  });

  test('prints an access token and nothing else', async () => {
    freshStore();
    const token = await issueRefresh('a', '--scope', 'read write', '--role', 'admin', '--aud', 'api', '--iss', 'me');
    const { exitCode, stdout, stderr } = await refresh(token);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(segmentOf(stdout.trim(), 1)).toEqual({
      sub: 'u',
      scope: 'read write',
      role: ['admin'],
      aud: 'api',
      iss: 'me',
      family: 'family-of-a',
      type: 'access',
      iat: now,
      exp: now + 1800,
      jti: 'id-1',
    });
  });

  test('drops custom claims', async () => {
    freshStore();
    const { stdout } = await refresh(await issueRefresh('a', '--claim', 'plan=gold'));
    expect(segmentOf(stdout.trim(), 1).plan).toBeUndefined();
  });

  test('--json prints an OAuth token response', async () => {
    freshStore();
    const { stdout } = await refresh(await issueRefresh('a'), '--json', '--ttl', '5m');
    expect(JSON.parse(stdout)).toEqual({
      access_token: expect.stringMatching(/\./),
      token_type: 'bearer',
      expires_in: 300,
    });
  });

  test.each(['the argument', '-', 'a pipe', 'a pipe with Bearer'])('takes the token from %s', async (where) => {
    freshStore();
    const token = await issueRefresh('a');
    const argument = where === 'the argument' ? [token] : where === '-' ? ['-'] : [];
    const stdin = where === 'a pipe with Bearer' ? `Bearer ${token}\n` : `${token}\n`;
    expect((await runCli(['refresh', ...argument, ...store], { stdin })).exitCode).toBe(0);
  });

  test('refresh without a token is a usage error', async () => {
    freshStore();
    expect((await runCli(['refresh', ...store], { terminals: ['stdin'] })).exitCode).toBe(2);
  });

  test('refresh without --rotate makes no store', async () => {
    const [, , , location = ''] = freshStore();
    await refresh(await issueRefresh('a'));
    expect(existsSync(location.slice('lmdb:'.length))).toBe(false);
    const before = readdirSync(keyring);
    await runCli(['refresh', await issueRefresh('a'), '--keyring', keyring]);
    expect(readdirSync(keyring)).toEqual(before);
    expect(before).not.toContain('denylist');
  });
});

describe('scope', () => {
  test('grants a narrower scope, with spaces or repeated options', async () => {
    freshStore();
    const token = await issueRefresh('a', '--scope', 'read write delete');
    for (const args of [
      ['--scope', 'read write'],
      ['--scope', 'read', '--scope', 'write'],
    ]) {
      const { stdout } = await refresh(token, ...args);
      expect(segmentOf(stdout.trim(), 1).scope).toBe('read write');
    }
  });

  test('refuses a scope that the refresh token does not have, and lists those it has', async () => {
    freshStore();
    const { exitCode, stdout, stderr } = await refresh(await issueRefresh('a', '--scope', 'read'), '--scope', 'write');
    expect({ exitCode, stdout }).toEqual({ exitCode: 16, stdout: '' });
    expect(stderr).toBe('error: the refresh token does not hold the scope write\nhint: it holds: read\n');
  });
});

describe('refuses', () => {
  test.each<[string, number, () => Promise<string> | string]>([
    ['an access token', 16, () => issue()],
    ['an expired token', 14, () => issueRefresh('a', '--at', '2020-01-01T00:00:00Z')],
    ['a token not yet valid', 15, () => issueRefresh('a', '--nbf', '+1h')],
    ['a forged token', 12, async () => (await issueRefresh('a')).replace(/\.[^.]*$/, `.${'A'.repeat(86)}`)],
    ['a token of an algorithm the key does not allow', 12, () => unsigned({ type: 'refresh', exp: now + 60 })],
    [
      'a token of another keyring',
      13,
      async () => stdoutOf(['issue', '--type', 'refresh', '--keyring', await makeKeyring('ES256', 'k2')]),
    ],
    ['what is no token', 11, () => 'nonsense'],
  ])('refuses %s with exit %d and nothing on stdout', async (_what, expected, make) => {
    freshStore();
    const token = await make();
    for (const args of [[], ['--rotate'], ['--json']]) {
      const { exitCode, stdout, stderr } = await refresh(token, ...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
      expect(stderr).not.toContain(token.length > 20 ? token : 'never');
    }
  });

  test('refuses a token of another issuer or audience', async () => {
    freshStore();
    const token = await issueRefresh('a', '--iss', 'me', '--aud', 'api');
    expect((await refresh(token, '--iss', 'you')).exitCode).toBe(16);
    expect((await refresh(token, '--aud', 'other')).exitCode).toBe(16);
    expect((await refresh(token, '--iss', 'me', '--aud', 'api')).exitCode).toBe(0);
  });

  test.each([
    ['--ttl', '0'],
    ['--ttl', 'soon'],
    ['--alg', 'none'],
    ['--store', 'nowhere'],
    ['--leeway', '2h'],
    ['--kid'],
  ])('%s %s with exit 2', async (...args) => {
    freshStore();
    expect((await refresh(await issueRefresh('a'), ...args)).exitCode).toBe(2);
  });
});

describe('--rotate-grace and --session-max', () => {
  const next = async (...args: string[]) =>
    segmentOf(JSON.parse((await refresh(...(args as [string]))).stdout).refresh_token, 1);

  test('a second use within the grace prints the same successor, and ends the session after it', async () => {
    freshStore();
    const token = await issueRefresh('a');
    const grace = ['--rotate', '--rotate-grace', '10s'];
    const first = await next(token, ...grace);
    expect(await next(token, ...grace, '--at', String(now + 9))).toEqual(first);
    const { exitCode, stderr } = await refresh(token, ...grace, '--at', String(now + 10));
    expect(exitCode).toBe(17);
    expect(stderr).toContain('reuse of a refresh token');
  });

  test('a session that is too old is exit code 14, and its tokens end with it', async () => {
    freshStore();
    const token = await issueRefresh('a');
    const longest = ['--rotate', '--session-max', '2d', '--at'];
    const { exitCode, stderr } = await refresh(token, ...longest, String(now + 2 * 86_400));
    expect(exitCode).toBe(14);
    expect(stderr).toBe('error: the session began more than 2d ago\nhint: log in again\n');
    expect(await next(token, ...longest, String(now + 86_400))).toMatchObject({
      auth_time: now,
      exp: now + 2 * 86_400,
    });
  });

  test.each([
    [['--rotate-grace', '1s'], '--rotate-grace is for --rotate'],
    [
      ['--rotate', '--rotate-grace', '301s'],
      '--rotate-grace is at most 5m: for that long, a stolen refresh token can be used too',
    ],
    [['--session-max', '0'], '--session-max: a lifetime is at least 1 second'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stderr } = await refresh('x', ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('--rotate', () => {
  test('prints a pair of the same session', async () => {
    freshStore();
    const { exitCode, stdout, stderr } = await refresh(await issueRefresh('a'), '--rotate', '--refresh-ttl', '1d');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const pair = JSON.parse(stdout);
    expect(Object.keys(pair)).toEqual(['access_token', 'refresh_token', 'token_type', 'expires_in']);
    expect(segmentOf(pair.access_token, 1)).toMatchObject({ type: 'access', family: 'family-of-a', exp: now + 1800 });
    expect(segmentOf(pair.refresh_token, 1)).toMatchObject({
      type: 'refresh',
      family: 'family-of-a',
      exp: now + 86_400,
    });
  });

  test('--json reports a second use as TOKEN_REUSED', async () => {
    freshStore();
    const token = await issueRefresh('a');
    await refresh(token, '--rotate');
    const { exitCode, stderr } = await refresh(token, '--rotate', '--json');
    expect(exitCode).toBe(17);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'TOKEN_REUSED',
      message: expect.stringContaining('reuse'),
      hint: expect.any(String),
    });
  });

  test('a session without a family is named after its first refresh token', async () => {
    freshStore();
    const token = await issue('--type', 'refresh', '--jti', 'first');
    const pair = JSON.parse((await refresh(token, '--rotate')).stdout);
    expect(segmentOf(pair.access_token, 1).family).toBe('first');
    expect(segmentOf(pair.refresh_token, 1).family).toBe('first');
  });

  test('a refused scope does not consume the token', async () => {
    freshStore();
    const token = await issueRefresh('a', '--scope', 'read');
    expect((await refresh(token, '--rotate', '--scope', 'write')).exitCode).toBe(16);
    expect((await refresh(token, '--rotate', '--scope', 'read')).exitCode).toBe(0);
  });
});

describe('keys', () => {
  test('a secret file both checks and signs', async () => {
    freshStore();
    const file = fileWith(`${secret}\n`);
    const from = ['--secret-file', file, ...store.slice(2)];
    const token = await stdoutOf(['issue', '--secret-file', file, '--type', 'refresh', '--sub', 'u', '--jti', 'a']);
    const pair = JSON.parse(await stdoutOf(['refresh', token, ...from, '--rotate']));
    expect(await stdoutOf(['verify', pair.access_token, ...from, '--claim', 'sub'])).toBe('u');
    expect((await runCli(['refresh', token, ...from, '--rotate'])).exitCode).toBe(17);
    expect((await runCli(['verify', pair.access_token, ...from])).exitCode).toBe(17);
  });

  test.each(['ES256', 'RS256', 'EdDSA', 'PS256'])('a private key file both checks and signs: %s', async (alg) => {
    freshStore();
    const ring = await makeKeyring(alg, 'k');
    const from = ['--key', join(ring, 'k.pem'), '--alg', alg, ...store.slice(2)];
    const token = await stdoutOf(['issue', '--keyring', ring, '--type', 'refresh', '--sub', 'u', '--jti', 'a']);
    const { exitCode, stdout, stderr } = await runCli(['refresh', token, ...from, '--rotate']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const verified = await runCli(['verify', JSON.parse(stdout).access_token, '--keyring', ring, ...store.slice(2)]);
    expect(verified.exitCode).toBe(0);
  });

  test('refuses to sign with a public key', async () => {
    freshStore();
    const token = await issueRefresh('a');
    const { exitCode, stdout } = await runCli(['refresh', token, '--key', join(keyring, 'jwks.json')]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  });

  test('refresh without a keyring is exit 3', async () => {
    const { exitCode } = await runCli(['refresh', 'a.b.c', '--keyring', join(temporaryFolder(), 'none')]);
    expect(exitCode).toBe(3);
  });
});

test('JWTKIT_STORE names the denylist', async () => {
  const env = { JWTKIT_STORE: `lmdb:${join(temporaryFolder(), 'denylist')}` };
  const pair = await issuePair();
  const args = [pair.refresh_token as string, '--keyring', keyring];
  expect((await runCli(['refresh', ...args, '--rotate'], { env })).exitCode).toBe(0);
  expect((await runCli(['refresh', ...args], { env })).exitCode).toBe(17);
  expect((await runCli(['refresh', ...args])).exitCode).toBe(0);
});
