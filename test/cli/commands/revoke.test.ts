import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { revokeUpToNow } from '../../../src/cli/commands/accounts/sessions.js';
import { memoryDenylist } from '../../../src/store/denylist/memory.js';
import type { Revocation } from '../../../src/token/denylist.js';
import { fileWith, makeKeyring, now, runCli, segmentOf, stdoutOf, temporaryFolder, unsigned } from '../fake-io.js';

let keyring: string;
let folder: string;
let store: string[];
beforeAll(async () => {
  keyring = await makeKeyring();
});
beforeEach(() => {
  folder = join(temporaryFolder(), 'denylist');
  store = ['--keyring', keyring, '--store', `lmdb:${folder}`];
});

const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', ...args]);
const revoke = (...args: string[]) => runCli(['revoke', ...args, ...store]);
const verify = (token: string, ...args: string[]) => runCli(['verify', token, ...store, ...args]);
const listed = async () => JSON.parse(await stdoutOf(['revoke', '--list', '--json', ...store]));
/** The row of a report about the denylist. */
const rowOf = (report: string) => report.split('\n').find((line) => / denylist /.test(line));

describe('a token', () => {
  test('a revoked token is refused, and the report says why', async () => {
    const token = await issue('--jti', 'a');
    expect(rowOf((await verify(token)).stdout)).toMatch(/^skipped +denylist +there is none$/);
    expect(await revoke(token)).toEqual({ exitCode: 0, stdout: '', stderr: 'revoked a\n' });
    const { exitCode, stdout, stderr } = await verify(token);
    expect(exitCode).toBe(17);
    expect(rowOf(stdout)).toMatch(/^failed +denylist +token was revoked$/);
    expect(stderr).toMatch(/^error: token was revoked\n/);
    expect((await verify(token, '--quiet')).exitCode).toBe(17);
    const other = await verify(await issue('--jti', 'b'));
    expect(other.exitCode).toBe(0);
    expect(rowOf(other.stdout)).toMatch(/^passed +denylist +not revoked$/);
  });

  test('verify --json reports the revocation', async () => {
    const token = await issue('--jti', 'a');
    await revoke(token);
    const { stdout } = await verify(token, '--json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ valid: false, code: 'TOKEN_REVOKED' });
    expect(report.checks.at(-1)).toEqual({
      name: 'denylist',
      status: 'failed',
      message: 'token was revoked',
      code: 'TOKEN_REVOKED',
    });
  });

  test('revoke reads the token from a pipe', async () => {
    const token = await issue('--jti', 'a');
    expect((await runCli(['revoke', ...store], { stdin: `Bearer ${token}\n` })).stderr).toBe('revoked a\n');
    expect((await verify(token)).exitCode).toBe(17);
  });

  test('revoke --json prints the revoked token', async () => {
    const token = await issue('--type', 'refresh', '--jti', 'a', '--claim', 'family=f');
    expect(JSON.parse((await revoke(token, '--json')).stdout)).toEqual({ jti: 'a', family: 'f', recorded: true });
  });

  test('revoking a token twice is not an error', async () => {
    const token = await issue('--jti', 'a');
    for (let round = 0; round < 2; round++) expect((await revoke(token)).exitCode).toBe(0);
    expect(await listed()).toHaveLength(1);
  });

  test('revoking a refresh token ends its session', async () => {
    const pair = JSON.parse(await issue('--pair'));
    expect((await revoke(pair.refresh_token)).exitCode).toBe(0);
    expect((await verify(pair.access_token)).exitCode).toBe(17);
    expect((await runCli(['refresh', pair.refresh_token, ...store])).exitCode).toBe(17);
  });

  test('revoking an expired token is not an error', async () => {
    const token = await issue('--jti', 'a', '--at', '2020-01-01T00:00:00Z');
    expect(await revoke(token)).toEqual({ exitCode: 0, stdout: '', stderr: 'the token was already expired\n' });
    expect(JSON.parse((await revoke(token, '--json')).stdout)).toMatchObject({ recorded: false });
    expect(await listed()).toEqual([]);
  });

  test('escapes a jti that would disturb a terminal', async () => {
    const token = await issue('--jti', '\u001b[31mred\nline');
    const { stderr } = await revoke(token);
    expect(stderr).not.toContain('\u001b');
    expect(stderr.split('\n')).toHaveLength(2);
  });

  test.each<[string, number, () => Promise<string> | string]>([
    ['a forged token', 12, async () => (await issue()).replace(/\.[^.]*$/, `.${'A'.repeat(86)}`)],
    ['an unsigned token', 12, () => unsigned({ jti: 'a', exp: now + 60 })],
    ['a token of another keyring', 13, async () => stdoutOf(['issue', '--keyring', await makeKeyring('ES256', 'k2')])],
    ['what is no token', 11, () => 'nonsense'],
  ])('refuses %s with exit %d and does not touch the store', async (_what, expected, make) => {
    const { exitCode, stdout } = await revoke(await make());
    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(await listed()).toEqual([]);
  });
});

describe('--jti', () => {
  test.each([
    ['+1h', now + 3600],
    ['2026-11-24T00:00:00Z', now + 43_200],
    [String(now + 60), now + 60],
  ])('with --until %s', async (until, exp) => {
    expect((await revoke('--jti', 'a', '--until', until)).stderr).toBe('revoked a\n');
    expect(await listed()).toEqual([{ kind: 'token', id: 'a', reason: 'revoked', until: exp + 3600 }]);
    expect((await verify(await issue('--jti', 'a'))).exitCode).toBe(17);
  });

  test('--jti needs no key', async () => {
    const location = ['--store', `lmdb:${folder}`, '--keyring', join(temporaryFolder(), 'none')];
    expect((await runCli(['revoke', '--jti', 'a', '--until', '+1h', ...location])).exitCode).toBe(0);
  });

  test('--until in the past writes nothing', async () => {
    const { exitCode, stderr } = await revoke('--jti', 'a', '--until', '2020-01-01T00:00:00Z');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'the token was already expired\n' });
    expect(existsSync(folder)).toBe(false);
  });

  test('--jti takes any text', async () => {
    for (const jti of ['a b', '-x', 'ü'.repeat(30_000), 'a\nb']) {
      expect((await revoke(`--jti=${jti}`, '--until', '+1h')).exitCode).toBe(0);
    }
    expect(await listed()).toHaveLength(4);
  });
});

describe('--sub', () => {
  test('--sub ends every token issued up to now, none issued later', async () => {
    const before = await issue('--jti', 'a');
    const other = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'v', '--jti', 'a']);
    const { exitCode, stderr } = await revoke('--sub', 'u');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'revoked every token of u issued up to 2026-11-23T12:00:00Z\n',
    });
    const after = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', '--jti', 'b'], { now: now + 1 });
    const { stdout } = await verify(before);
    expect(rowOf(stdout)).toMatch(/^failed +denylist +all earlier tokens of the subject were revoked$/);
    expect((await runCli(['verify', before, ...store], { now: now + 1 })).exitCode).toBe(17);
    expect((await runCli(['verify', after, ...store], { now: now + 1 })).exitCode).toBe(0);
    expect((await verify(other)).exitCode).toBe(0);
  });

  test('--sub --json prints the subject and the time', async () => {
    expect(JSON.parse((await revoke('--sub', 'u', '--json')).stdout)).toEqual({ sub: 'u', issued_up_to: now });
  });

  test('a token that is issued while the denylist opens or writes is revoked', async () => {
    const slowOpening = {
      get now() {
        return existsSync(folder) ? now + 5 : now;
      },
    };
    const { stdout } = await runCli(['revoke', '--sub', 'u', '--json', ...store], slowOpening);
    expect(JSON.parse(stdout)).toEqual({ sub: 'u', issued_up_to: now + 5 });
    let time = now;
    const slow = memoryDenylist();
    const slowWriting = {
      ...slow,
      add: async (entry: Revocation) => {
        if (time < now + 3) time += 1.5;
        await slow.add(entry);
      },
    };
    const io = { now: () => time, nextSecond: async () => {} };
    expect(await revokeUpToNow('u', slowWriting, io)).toBe(time);
    expect(await slow.find({ sub: 'u', iat: Math.floor(time) })).toBeDefined();
    expect(await slow.find({ sub: 'u', iat: Math.floor(time) + 1 })).toBeUndefined();
  });

  test('revoking up to an earlier time keeps the later one', async () => {
    await revoke('--sub', 'u');
    await revoke('--sub', 'u', '--at', '2020-01-01T00:00:00Z');
    expect(await listed()).toEqual([expect.objectContaining({ kind: 'subject', id: 'u', issued_up_to: now })]);
  });
});

describe('--list', () => {
  test('--list without a store makes none', async () => {
    expect(await revoke('--list')).toEqual({ exitCode: 0, stdout: '', stderr: 'nothing is revoked\n' });
    expect((await revoke('--list', '--json')).stdout).toBe('[]\n');
    expect(existsSync(folder)).toBe(false);
  });

  test('--list shows every kind of entry, as text and as JSON', async () => {
    await revoke(await issue('--jti', 'token-1'));
    await revoke(await issue('--type', 'refresh', '--jti', 'token-2', '--claim', 'family=session-1', '--ttl', '1h'));
    await runCli(['refresh', await issue('--type', 'refresh', '--jti', 'token-3'), ...store, '--rotate']);
    await revoke('--sub', 'subject-1');
    const { stdout } = await revoke('--list');
    expect(stdout.trimEnd().split('\n').sort()).toEqual([
      expect.stringMatching(/^session +session-1 +ended +kept for good$/),
      expect.stringMatching(/^subject +subject-1 +issued up to 2026-11-23T12:00:00Z +kept for good$/),
      expect.stringMatching(/^token +token-1 +revoked +kept until 2026-11-23T13:30:00Z, in 1h 30m$/),
      expect.stringMatching(/^token +token-2 +revoked +kept until 2026-11-23T14:00:00Z, in 2h$/),
      expect.stringMatching(/^token +token-3 +consumed +kept until 2026-11-30T13:00:00Z, in 7d 1h$/),
    ]);
    const entries = await listed();
    expect(entries).toHaveLength(5);
    expect(entries).toContainEqual({ kind: 'token', id: 'token-3', reason: 'consumed', until: now + 604_800 + 3600 });
    expect(entries).toContainEqual({
      kind: 'subject',
      id: 'subject-1',
      issued_up_to: now,
      until: expect.any(Number),
    });
    expect(entries).toContainEqual({ kind: 'family', id: 'session-1', until: expect.any(Number) });
  });

  test('--list escapes identifiers in text, and prints them whole as JSON', async () => {
    await revoke('--jti', '\u001b[2Ja\nb', '--until', '+1h');
    const { stdout } = await revoke('--list');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n')).toHaveLength(2);
    expect((await listed())[0].id).toBe('\u001b[2Ja\nb');
  });
});

test.each([
  [['a.b.c', '--jti', 'x', '--until', '+1h']],
  [['a.b.c', '--sub', 'u']],
  [['a.b.c', '--list']],
  [['--jti', 'x', '--until', '+1h', '--sub', 'u']],
  [['--jti', 'x', '--until', '+1h', '--list']],
  [['--sub', 'u', '--list']],
  [['--jti', 'x']],
  [['--until', '+1h']],
  [['--sub', 'u', '--until', '+1h']],
  [['--jti', 'x', '--until', 'whenever']],
  [['--list', '--store', 'redis:secret']],
  [['--list', '--store', 'nowhere']],
])('%j is a usage error and writes nothing', async (args) => {
  const { exitCode, stdout } = await runCli(['revoke', ...store, ...args]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(existsSync(folder)).toBe(false);
});

test.each(['user-123', '5f0c7a52-9d0e-4bb1-8f6a-2d3c1b0a9e87'])(
  '%s in the place of a token: the hint names --sub and --jti',
  async (word) => {
    const { exitCode, stdout, stderr } = await revoke(word);
    expect([exitCode, stdout]).toEqual([11, '']);
    expect(stderr).toMatch(/^error: .*\nhint: .*--sub ID .*--jti ID --until TIME/);
  },
);

test('a keyring that cannot hold a denylist gets the hint to name another place', async () => {
  const keyring = join(fileWith(''), 'keyring');
  const { exitCode, stderr } = await runCli(['revoke', '--sub', 'user-123', '--keyring', keyring]);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^error: cannot make a denylist in .*\nhint: name another place with --store\n$/);
});

test('revoke without a token at a terminal is a usage error', async () => {
  expect((await runCli(['revoke', ...store], { terminals: ['stdin'] })).exitCode).toBe(2);
});

describe('verify', () => {
  test('names revocation before expiry and other claims, and reports them all', async () => {
    const token = await issue('--jti', 'a', '--ttl', '1m', '--aud', 'api');
    await revoke(token);
    const late = { now: now + 120 };
    const { exitCode, stdout } = await runCli(['verify', token, ...store, '--aud', 'other'], late);
    expect(exitCode).toBe(17);
    expect(stdout).toMatch(/^failed +exp /m);
    expect(stdout).toMatch(/^failed +aud /m);
    expect(stdout).toMatch(/^failed +denylist /m);
    expect((await runCli(['verify', token, '--keyring', keyring], late)).exitCode).toBe(14);
    expect((await runCli(['verify', token, '--keyring', keyring, '--aud', 'other'])).exitCode).toBe(16);
  });

  test('does not ask the denylist about a forged token', async () => {
    const token = await issue('--jti', 'a');
    await revoke(token);
    const { exitCode, stdout } = await verify(token.replace(/\.[^.]*$/, `.${'A'.repeat(86)}`));
    expect(exitCode).toBe(12);
    expect(stdout).not.toContain('denylist');
  });

  test('a batch honours the denylist', async () => {
    const [dead, living] = [await issue('--jti', 'a'), await issue('--jti', 'b')];
    await revoke(dead);
    const { exitCode, stdout } = await runCli(['verify', ...store, '--batch'], { stdin: `${living}\n${dead}\n` });
    expect(exitCode).toBe(10);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { line: 1, valid: true, sub: 'u', exp: now + 1800, kid: 'k1' },
      { line: 2, valid: false, code: 'TOKEN_REVOKED', sub: 'u', exp: now + 1800, kid: 'k1' },
    ]);
  });

  test('a batch makes no store', async () => {
    const token = await issue('--jti', 'a');
    expect((await runCli(['verify', ...store, '--batch'], { stdin: token })).exitCode).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  test('a damaged store is exit 3, never valid', async () => {
    const token = await issue('--jti', 'a');
    mkdirSync(join(folder, 'data.mdb'), { recursive: true });
    const { exitCode, stdout } = await verify(token);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect((await verify(token, '--quiet')).exitCode).toBe(3);
    expect((await runCli(['verify', ...store, '--batch'], { stdin: token })).exitCode).toBe(3);
  });

  test('without --store asks the denylist in the keyring directory, which revoke makes', async () => {
    const ring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', ring, '--sub', 'u']);
    const before = readdirSync(ring);
    expect((await runCli(['verify', token, '--keyring', ring])).exitCode).toBe(0);
    expect(readdirSync(ring)).toEqual(before);
    expect((await runCli(['revoke', token, '--keyring', ring])).exitCode).toBe(0);
    expect(readdirSync(ring)).toEqual([...before, 'denylist'].sort());
    expect((await runCli(['verify', token, '--keyring', ring])).exitCode).toBe(17);
    expect(segmentOf(token, 1).sub).toBe('u');
  });

  test('an unreachable Redis is exit 3, and no message has its password', async () => {
    const token = await issue('--jti', 'a');
    const location = ['--store', 'redis://admin:hunter2@127.0.0.1:1'];
    for (const args of [
      ['verify', token],
      ['verify', token, '--json'],
      ['revoke', token],
      ['revoke', '--list'],
      ['refresh', token, '--debug'],
    ]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--keyring', keyring, ...location]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).not.toContain('hunter2');
    }
  });
});
