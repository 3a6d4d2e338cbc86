/**
 * A full disk under every command that writes: no process dies or hangs, nothing that was acknowledged is lost, the answer says
 * what was done, and the same works once there is room again.
 */
import { spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeWithSmallDisk, mountSmallDisk, type SmallDisk } from '../small-disk.js';
import { type Ended, jwtkit, jwtkitOut, note, root, temporaryFolder } from './processes.js';

/** How often each is tried, with another amount of room left each time. */
const rounds = Number(process.env.JWTKIT_FULL_DISK_ROUNDS ?? 20);
/** Milliseconds after which a process hangs. */
const longest = 60_000;

const base = temporaryFolder();
const tokens = { access: '', refresh: '', other: '' };
let disk: SmallDisk;
const at = (...names: string[]) => join(disk.folder, 'work', ...names);

beforeAll(async () => {
  const keyring = ['--keyring', join(base, 'ring')];
  writeFileSync(join(base, 'password'), 'correct horse battery');
  const password = ['--password-file', join(base, 'password')];
  await jwtkitOut('keygen', '--alg', 'ES256', '--kid', 'first', ...keyring);
  await jwtkitOut('users', 'add', 'alice', '--sub', 'u-1', '--role', 'editor', ...password, ...keyring);
  await jwtkitOut('clients', 'add', 'billing', ...keyring);
  const pair = JSON.parse(await jwtkitOut('issue', '--sub', 'u-1', '--pair', ...keyring));
  Object.assign(tokens, { access: pair.access_token, refresh: pair.refresh_token });
  tokens.other = await jwtkitOut('issue', '--sub', 'u-2', ...keyring);
  writeFileSync(join(base, 'tokens.txt'), `${tokens.access}\n`.repeat(3000));
  writeFileSync(join(base, 'claims.txt'), '{"sub":"u"}\n'.repeat(300));
  await jwtkitOut('keygen', '--alg', 'EdDSA', '--private', join(base, 'import.pem'));
}, 120_000);

interface Command {
  readonly args: () => readonly string[];
  /** Whether all of it is done, asked where there is room. */
  readonly isDone: () => Promise<boolean> | boolean;
  /** What an error says where part of it is done. */
  readonly partly?: RegExp;
  /** Run again where it failed, it must do what was left; where part was done, another command may have to. */
  readonly rest?: () => readonly string[];
}

const verdict = async (token: string) => (await jwtkit(['verify', token, '--keyring', at('ring')])).exitCode;
const isRevoked = async () => (await verdict(tokens.access)) === 17;
const users = async () => JSON.parse(await jwtkitOut('users', 'list', '--json', '--keyring', at('ring')));
const kids = () =>
  JSON.parse(readFileSync(at('ring', 'jwks.json'), 'utf8')).keys.map(({ kid }: { kid: string }) => kid);
const ring = () => ['--keyring', at('ring')];
const password = () => ['--password-file', at('password')];

const commands: Record<string, Command> = {
  'revoke of an access token': { args: () => ['revoke', tokens.access, ...ring()], isDone: isRevoked },
  'revoke of a refresh token': {
    args: () => ['revoke', tokens.refresh, ...ring()],
    isDone: isRevoked,
    partly: /the token is revoked, but its session is not ended/,
  },
  'revoke --sub': { args: () => ['revoke', '--sub', 'u-1', ...ring()], isDone: isRevoked },
  'revoke --jti': {
    args: () => ['revoke', '--jti', 'some-id', '--until', '+1h', ...ring()],
    isDone: async () => (await jwtkitOut('revoke', '--list', ...ring())).includes('some-id'),
  },
  'refresh --rotate': {
    args: () => ['refresh', tokens.refresh, '--rotate', ...ring()],
    isDone: async () => (await jwtkitOut('revoke', '--list', ...ring())).includes('consumed'),
  },
  'users remove': {
    args: () => ['users', 'remove', 'alice', ...ring()],
    isDone: async () => (await users()).length === 0 && (await isRevoked()),
    partly: /the account was changed, but its tokens are not revoked/,
    rest: () => ['revoke', '--sub', 'u-1', ...ring()],
  },
  'users passwd --end-sessions': {
    args: () => ['users', 'passwd', 'alice', '--end-sessions', ...password(), ...ring()],
    isDone: isRevoked,
    partly: /the account was changed, but its tokens are not revoked/,
  },
  'users set --end-sessions': {
    args: () => ['users', 'set', 'alice', '--no-roles', '--end-sessions', ...ring()],
    isDone: async () => (await users())[0].roles.length === 0 && (await isRevoked()),
    partly: /the account was changed, but its tokens are not revoked/,
  },
  'users add': {
    args: () => ['users', 'add', 'bob', '--sub', 'u-3', ...password(), ...ring()],
    isDone: async () => (await users()).length === 2,
  },
  'clients remove': {
    args: () => ['clients', 'remove', 'billing', ...ring()],
    isDone: async () => (await jwtkitOut('clients', 'list', '--json', ...ring())) === '[]',
    partly: /the account was changed, but its tokens are not revoked/,
    rest: () => ['clients', 'list', ...ring()],
  },
  'clients rotate': {
    args: () => ['clients', 'rotate', 'billing', ...ring()],
    isDone: () =>
      readFileSync(at('ring', 'clients.json'), 'utf8') !== readFileSync(join(base, 'ring', 'clients.json'), 'utf8'),
  },
  keygen: { args: () => ['keygen', '--alg', 'ES256', '--kid', 'new', ...ring()], isDone: () => kids().includes('new') },
  'keygen in a new keyring': {
    args: () => ['keygen', '--alg', 'ES256', '--kid', 'new', '--keyring', at('fresh')],
    isDone: () => existsSync(at('fresh', 'jwks.json')) && existsSync(at('fresh', 'new.pem')),
  },
  'keygen into files': {
    args: () => ['keygen', '--alg', 'ES256', '--private', at('a.pem'), '--public', at('b.pem')],
    isDone: () => existsSync(at('a.pem')) && existsSync(at('b.pem')),
  },
  'keys rotate': { args: () => ['keys', 'rotate', '--kid', 'new', ...ring()], isDone: () => kids().includes('new') },
  'keys import': {
    args: () => ['keys', 'import', at('import.pem'), '--kid', 'new', ...ring()],
    isDone: () => kids().includes('new'),
  },
  'keys remove': {
    args: () => ['keys', 'remove', 'first', '--force', ...ring()],
    isDone: () => kids().length === 0 && !existsSync(at('ring', 'first.pem')),
  },
  'issue --out': {
    args: () => ['issue', '--sub', 'u', '--out', at('token.jwt'), ...ring()],
    isDone: () => existsSync(at('token.jwt')) && readFileSync(at('token.jwt'), 'utf8').endsWith('\n'),
  },
};

function prepare(): void {
  disk.free();
  rmSync(at(), { recursive: true, force: true });
  cpSync(base, at(), { recursive: true });
}

/** One message, no stack. */
function expectError(name: string, { exitCode, stderr }: Pick<Ended, 'exitCode' | 'stderr'>): void {
  expect(exitCode, `${name}: ${stderr}`).toBe(3);
  const isJson = stderr.startsWith('{');
  const expected = isJson ? /^\{"error":.*\}\n$/ : /^(?:(?!error|hint).*\n)*error: [^\n]+\n(?:hint: [^\n]+\n)?$/;
  expect(stderr, name).toMatch(expected);
  expect(stderr, name).not.toMatch(/ at .*:\d+|bug in jwtkit|undefined/);
}

/** Bytes left: every page up to eight, then more and more. */
const leave = (round: number) => 4096 * (round < 9 ? round : 8 + (round - 8) ** 2);

describeWithSmallDisk('a full disk', () => {
  disk = mountSmallDisk(2048);

  test.each(Object.entries(commands))('%s', async (name, { args, isDone, partly, rest }) => {
    const count = { done: 0, refused: 0, partly: 0 };
    for (let round = 0; round < rounds; round++) {
      prepare();
      disk.fill(leave(round));
      const ended = await jwtkit(args(), longest);
      disk.free();
      const what = `${name}, ${leave(round)} bytes left`;
      expect(ended.exitCode, `${what}: it died or hung: ${ended.stderr}`).not.toBeNull();
      if (ended.exitCode === 0) {
        expect(await isDone(), what).toBe(true);
        count.done++;
        continue;
      }
      expectError(what, ended);
      const isPartly = partly?.test(ended.stderr) === true;
      if (!isPartly) expect(await isDone(), `${what}: done, yet it says ${ended.stderr}`).toBe(false);
      count[isPartly ? 'partly' : 'refused']++;
      const again = await jwtkit(isPartly && rest !== undefined ? rest() : args(), longest);
      expect(again.exitCode, `${what}, again with room: ${again.stderr}`).toBe(0);
      if (!(isPartly && name === 'clients remove')) expect(await isDone(), `${what}, again with room`).toBe(true);
    }
    note(`full disk, ${name}: ${count.done} done, ${count.refused} refused, ${count.partly} partly done and said so`);
    expect(count.refused + count.partly).toBeGreaterThan(0);
  });

  test.each<[string, () => readonly string[], RegExp]>([
    ['issue --batch', () => ['issue', '--batch', join(base, 'claims.txt'), ...ring()], /no space left/],
    ['verify --batch', () => ['verify', '--batch', join(base, 'tokens.txt'), '--claims', ...ring()], /no space left/],
    ['issue', () => ['issue', ...ring()], /no space left/],
    ['revoke --json', () => ['revoke', tokens.access, '--json', ...ring()], /the token is revoked/],
    [
      'refresh --rotate',
      () => ['refresh', tokens.refresh, '--rotate', ...ring()],
      /used up, and the new tokens are lost/,
    ],
    [
      'users add --json',
      () => ['users', 'add', 'bob', '--sub', 'u-3', '--json', ...password(), ...ring()],
      /was added/,
    ],
    [
      'users remove --json',
      () => ['users', 'remove', 'alice', '--json', ...ring()],
      /was removed and its tokens are revoked/,
    ],
    ['clients add', () => ['clients', 'add', 'new', ...ring()], /its secret is lost/],
    ['clients rotate', () => ['clients', 'rotate', 'billing', ...ring()], /the new one is lost/],
    ['keygen', () => ['keygen', '--kid', 'new', '--alg', 'ES256', ...ring()], /the key was made/],
    ['keys rotate', () => ['keys', 'rotate', ...ring()], /the keyring was changed/],
    ['keys list --json', () => ['keys', 'list', '--json', ...ring()], /no space left/],
  ])('%s writes one error if the disk is full', async (name, args, message) => {
    // The output alone is on the full disk.
    const place = temporaryFolder();
    cpSync(base, join(place, 'work'), { recursive: true });
    const [small, folder] = [disk, place];
    disk.fill(0);
    const output = openSync(join(small.folder, 'output'), 'w');
    disk = { ...small, folder };
    try {
      const ended = await runInto(output, args());
      expectError(name, ended);
      expect(ended.stderr).toMatch(message);
    } finally {
      disk = small;
      closeSync(output);
      rmSync(join(small.folder, 'output'));
      disk.free();
    }
  });
});

/** Runs the binary with its standard output in a file. */
function runInto(output: number, args: readonly string[]): Promise<Pick<Ended, 'exitCode' | 'stderr'>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'bin', 'jwtkit.js'), ...args], {
      stdio: ['ignore', output, 'pipe'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), longest);
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, stderr });
    });
  });
}
