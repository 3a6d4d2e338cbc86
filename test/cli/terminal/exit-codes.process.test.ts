// @module-tag slow
/** Every row of the exit-code table that exists so far, and what a shell does to a command, through the real binary. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/terminal/exit-codes.js';
import { errorCodes } from '../../../src/errors.js';
import { runCli, secret, stdoutOf, temporaryFolder, textOf, unsigned, withClaims } from '../fake-io.js';

const binary = resolve('bin/jwtkit.js');
/** An environment without the variables of the user who runs the tests. */
const bareEnv = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot };

interface World {
  input?: string | Buffer;
  env?: Record<string, string>;
  nodeArgs?: string[];
}

function jwtkit(args: string[], { input = '', env = {}, nodeArgs = [] }: World = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [...nodeArgs, binary, ...args], {
    input,
    encoding: 'utf8',
    env: { ...bareEnv, ...env },
  });
}

let keyring: string;
let token: string;
const seconds = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  keyring = join(temporaryFolder(), 'keyring');
  expect(jwtkit(['keygen', '--alg', 'ES256', '--kid', 'k1', '--keyring', keyring]).status).toBe(0);
  token = await issue('--sub', 'user-1');
});

/** In process: the binary is for the command that a row is about. */
function issue(...args: string[]): Promise<string> {
  return stdoutOf(['issue', '--keyring', keyring, ...args], { now: seconds() });
}

/** How a command ended. */
type Ended = Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>;

/** Runs a command in process: for a code that another row shows by the real binary. */
async function here(...args: string[]): Promise<Ended> {
  const { exitCode: status, stdout, stderr } = await runCli(args, { now: seconds() });
  return { status, stdout, stderr };
}

async function revoked(): Promise<string> {
  const text = await issue('--jti', 'revoked');
  await stdoutOf(['revoke', text, '--keyring', keyring], { now: seconds() });
  return text;
}

function batch(input: string) {
  return jwtkit(['verify', '--keyring', keyring, '--batch'], { input });
}

function verify(text: string, ...args: string[]) {
  return jwtkit(['verify', text, '--keyring', keyring, ...args]);
}

describe('the table', () => {
  test('0: done, accepted', () => {
    expect(verify(token)).toMatchObject({ status: 0, stderr: '' });
    expect(jwtkit(['issue', '--keyring', keyring])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/),
      stderr: '',
    });
  });

  test('1: a bug, with its stack', () => {
    const fault = `import crypto from 'node:crypto';
      crypto.createHmac = () => { throw new TypeError('injected fault'); };`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(fault)}`];
    const hs256 = unsigned({ exp: 9_999_999_999 }).replace(/[^.]*$/, Buffer.alloc(32).toString('base64url'));
    const world = { nodeArgs, env: { S: secret } };
    const { status, stdout, stderr } = jwtkit(['verify', hs256, '--secret-env', 'S'], world);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: this is a bug in jwtkit: injected fault\nhint: please report it/);
    expect(stderr).toMatch(/TypeError: injected fault\n {4}at /);
    expect(stderr).not.toContain(secret);
    const asJson = jwtkit(['verify', hs256, '--secret-env', 'S', '--json'], world);
    expect(asJson.status).toBe(1);
    expect(JSON.parse(asJson.stderr.split('\n')[0] ?? '').error.code).toBe('INTERNAL');
  });

  test.each<[number, string, () => Ended | Promise<Ended>]>([
    [2, "unknown option '--nope'", () => jwtkit(['verify', '--nope'])],
    [2, "unknown command 'sign'", () => here('sign')],
    [3, 'there is no keyring at', () => jwtkit(['verify', token, '--keyring', join(keyring, 'no')])],
    [3, 'no such file or folder', () => here('verify', token, '--key', join(keyring, 'no'))],
    [3, 'this is a private key', () => here('verify', token, '--key', join(keyring, 'k1.pem'))],
    [10, '1 of 2 tokens refused', () => batch(`${token}\nnonsense\n`)],
    [11, 'token has 1 segment', () => verify('nonsense')],
    [11, 'token has 2 segments', () => here('decode', 'x.y')],
    [12, 'signature does not hold', () => verify(withClaims(token, { sub: 'admin' }))],
    [12, 'not among the allowed', () => here('verify', token, '--keyring', keyring, '--alg', 'RS256')],
    [13, 'no trusted key has the kid', () => verify(unsigned({}, { alg: 'ES256', kid: 'k9' }))],
    [14, 'token expired', () => verify(token, '--at', '+31m')],
    [14, 'sooner than 1h from now', () => here('inspect', token, '--min-ttl', '1h')],
    [15, 'token is not valid before', async () => verify(await issue('--nbf', '+5m'))],
    [15, 'token is not valid before', async () => here('inspect', await issue('--nbf', '+5m'))],
    [17, 'token was revoked', async () => verify(await revoked())],
    [16, 'token aud is "api", and no audience was named', async () => verify(await issue('--aud', 'api'))],
    [16, 'token type is "refresh"', async () => here('verify', await issue('--type', 'refresh'), '--keyring', keyring)],
    [18, '2 errors at level error or above', () => jwtkit(['lint', unsigned({}, { alg: 'none' })])],
    [19, 'wrong answers at level must', () => jwtkit(['probe', 'jose', '--keyring', keyring])],
  ])('%i: %s', async (code, message, produce) => {
    const { status, stderr } = await produce();
    expect(stderr).toContain(message);
    expect(stderr).toMatch(code === 10 ? /^1 valid, 1 [A-Z_]+\nerror: / : /^error: [^\n]*\n(hint: [^\n]*\n)?$/);
    expect(status).toBe(code);
  });

  test('covers every exit code of an error', () => {
    expect([...new Set(Object.values(exitCodes))].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
    expect(Object.keys(exitCodes).sort()).toEqual([...errorCodes].sort());
  });
});

describe('help and usage', () => {
  test('help is on stdout, exit 0', () => {
    for (const args of [[], ['--help'], ['keys']])
      expect(jwtkit(args)).toMatchObject({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(/^Usage: jwtkit/),
      });
  });

  test.each([[['--nope']], [['nope']], [['verify', '--nope']]])('%j: exit 2, nothing on stdout', (args) => {
    expect(jwtkit(args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^error: /) });
  });
});

describe('streams', () => {
  test('reads a token from a pipe', () => {
    const { status, stdout } = jwtkit(['verify', '--keyring', keyring, '--claim', 'sub'], { input: `${token}\n` });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'user-1\n' });
  });

  test('reads a token from a slow pipe, in pieces', async () => {
    const child = spawn(process.execPath, [binary, 'decode', '--claim', 'sub'], { env: bareEnv });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    // Each piece is written once the one before has been taken.
    for (const piece of ['Bearer ', token.slice(0, 10), token.slice(10), '\n']) {
      await new Promise((taken) => child.stdin.write(piece, taken));
    }
    child.stdin.end();
    expect(await new Promise((close) => child.on('close', close))).toBe(0);
    expect(stdout).toBe('user-1\n');
  });

  test('an empty stdin is an empty token', () => {
    const { status, stderr } = spawnSync(process.execPath, [binary, 'decode'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: bareEnv,
    });
    expect(status).toBe(11);
    const hint = 'standard input is empty: the program before the pipe printed nothing';
    expect(stderr).toBe(`error: token is empty\nhint: ${hint}\n`);
  });

  test.skipIf(process.platform === 'win32')('a folder as standard input is exit 3', () => {
    const folder = openSync(keyring, 'r');
    const { status, stderr } = spawnSync(process.execPath, [binary, 'decode'], {
      stdio: [folder, 'pipe', 'pipe'],
      encoding: 'utf8',
      env: bareEnv,
    });
    expect(status).toBe(3);
    expect(stderr).toContain('cannot read standard input');
  });

  test.each([
    ['without a dot', Buffer.alloc(14 * 1024 * 1024, 'x')],
    ['of dots', Buffer.alloc(14 * 1024 * 1024, '.')],
    ['of zeroes', Buffer.alloc(14 * 1024 * 1024)],
    ['of white space', Buffer.alloc(14 * 1024 * 1024, ' ')],
  ])('refuses 14 MB of nonsense %s without reading it', { tags: 'slow' }, (_name, input) => {
    const { status, stdout, stderr } = jwtkit(['decode'], { input });
    expect({ status, stdout }).toEqual({ status: 11, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]{1,200}\n(?:hint: [^\n]{1,200}\n)?$/);
  });

  test('refuses 14 MB of claims', () => {
    const input = `{"a":"${'x'.repeat(14 * 1024 * 1024)}"}`;
    const { status, stdout } = jwtkit(['issue', '--keyring', keyring, '--claims', '-'], { input });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('a reader that leaves early (| head -c1) is not an error', async () => {
    const big = unsigned({ text: 'x'.repeat(40_000) });
    const child = spawn(process.execPath, [binary, 'decode', '-'], { env: bareEnv });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => {});
    // The reader is gone before the command has anything to write.
    child.stdout.destroy();
    child.stdin.end(big);
    const status = await new Promise((close) => child.on('close', close));
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'note: signature not verified\n' });
  });

  const hasFullDevice = existsSync('/dev/full');
  describe.skipIf(!hasFullDevice)(`a full device${hasFullDevice ? '' : ' (skipped: there is no /dev/full)'}`, () => {
    const withFull = (stdout: 'pipe' | number, stderr: 'pipe' | number, args: string[]) =>
      spawnSync(process.execPath, [binary, ...args], {
        stdio: ['ignore', stdout, stderr],
        encoding: 'utf8',
        env: bareEnv,
      });
    const full = () => openSync('/dev/full', 'w');

    test('a full device for stdout is exit 3', () => {
      for (const args of [['issue', '--keyring', keyring], ['decode', token], ['--help']]) {
        const { status, stderr } = withFull(full(), 'pipe', args);
        expect(stderr).toMatch(/^error: cannot write to standard output: [^\n]*\n$/);
        expect(status).toBe(3);
      }
    });

    test('a full device for stderr does not change the verdict', () => {
      expect(withFull('pipe', full(), ['verify', 'x', '--keyring', keyring]).status).toBe(11);
      expect(withFull('pipe', full(), ['verify', token, '--keyring', keyring, '--at', '+31m']).status).toBe(14);
      expect(withFull('pipe', full(), ['verify', '--nope']).status).toBe(2);
      const { status, stdout } = withFull('pipe', full(), ['decode', token, '--claim', 'sub']);
      expect(stdout).toBe('user-1\n');
      expect([0, 3]).toContain(status);
    });

    test('a full device for the private key leaves no public key', () => {
      const publicPath = join(temporaryFolder(), 'verify.pem');
      const args = ['keygen', '--alg', 'ES256', '--private', '-', '--public', publicPath];
      expect(withFull(full(), 'pipe', args).status).toBe(3);
      expect(existsSync(publicPath)).toBe(false);
    });

    test('stdout and stderr on a full device: exit 3', () => {
      expect(withFull(full(), full(), ['decode', token]).status).toBe(3);
    });
  });
});

test('$(jwtkit issue) holds only the token', () => {
  const out = jwtkit(['issue', '--keyring', keyring, '--claim', `exp:=1`]);
  expect(out.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(out.stderr).toMatch(/^note: /);
  expect(textOf(binary)).toMatch(/^#!\/usr\/bin\/env node\n/);
});
