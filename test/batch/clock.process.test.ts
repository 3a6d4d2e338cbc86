// @module-tag slow
/** A batch over a pipe that stays open: the clock and the keyring count as they are when a line comes in. */
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  type FakeWorld,
  fileWith,
  makeKeyring,
  now,
  type RunResult,
  runCli,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
  unsigned,
} from '../cli/fake-io.js';
import { serve } from '../remote/server.js';

const dist = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Lines that go into the pipe, and what happens before the next ones do. */
type Step = readonly string[] | ((world: FakeWorld) => Promise<unknown> | unknown);

/** Runs a batch over a pipe that stays open from step to step. */
function runSteps(args: readonly string[], steps: readonly Step[], world: FakeWorld = {}): Promise<RunResult> {
  async function* chunks() {
    for (const step of steps) {
      if (typeof step === 'function') await step(world);
      else yield Buffer.from(step.map((line) => `${line}\n`).join(''));
    }
  }
  return runCli(args, Object.assign(world, { chunks }));
}

const passTime = (seconds: number) => (world: FakeWorld) => {
  world.now = (world.now ?? now) + seconds;
};
/** Encrypts a private key as openssl does by default: with few iterations, so that a test need not wait for its own. */
function lock(path: string, passphrase: string): void {
  const key = createPrivateKey(textOf(path));
  writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }));
}

const keys = (...args: string[]) => stdoutOf(['keys', ...args], { now });
const jsonOf = ({ stdout }: RunResult) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const codesOf = (ended: RunResult) => jsonOf(ended).map(({ code, error }) => code ?? error?.code ?? 'ok');

describe.each([
  ['in one thread', [], {}],
  ['on two threads', ['--workers', '2'], { workerFile: dist('dist/cli/batch-worker.cjs') }],
] as [string, string[], FakeWorld][])('%s', (_, threads, shared) => {
  const verify = (keyring: string, steps: readonly Step[], ...args: string[]) =>
    runSteps(['verify', '--batch', '--keyring', keyring, ...threads, ...args], steps, { ...shared });
  const issue = (keyring: string, steps: readonly Step[], ...args: string[]) =>
    runSteps(['issue', '--batch', '--keyring', keyring, ...threads, ...args], steps, { ...shared });
  const tokensOf = ({ stdout }: RunResult) => stdout.trim().split('\n');

  test('verify refuses a token that expires while it waits, and accepts one issued meanwhile', async () => {
    const keyring = await makeKeyring();
    const old = await stdoutOf(['issue', '--keyring', keyring, '--ttl', '1h']);
    const young = await stdoutOf(['issue', '--keyring', keyring, '--ttl', '1h'], { now: now + 3600 });
    const ended = await verify(keyring, [[old, young], passTime(3600), [old, young]]);
    expect(codesOf(ended)).toEqual(['ok', 'TOKEN_NOT_YET_VALID', 'TOKEN_EXPIRED', 'ok']);
  });

  test('verify --at ignores the clock', async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring, '--ttl', '1h']);
    const ended = await verify(keyring, [[token], passTime(7200), [token]], '--at', String(now));
    expect(codesOf(ended)).toEqual(['ok', 'ok']);
  });

  test('verify no longer trusts a key that is removed or has ended, and trusts one that is added', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const spare = await makeKeyring('ES256', 'k2');
    const [first, second] = await Promise.all(
      [keyring, spare].map((path) => stdoutOf(['issue', '--keyring', path, '--ttl', '7d'])),
    );
    const both = [first ?? '', second ?? ''];
    const ended = await verify(keyring, [
      both,
      () => keys('import', join(spare, 'k2.pem'), '--kid', 'k2', '--keyring', keyring),
      both,
      () => keys('retire', 'k1', '--at', '+1h', '--keyring', keyring),
      both,
      passTime(3600),
      both,
      () => keys('remove', 'k2', '--force', '--keyring', keyring),
      both,
    ]);
    expect(codesOf(ended)).toEqual(
      [
        ['ok', 'KEY_NOT_FOUND'],
        ['ok', 'ok'],
        ['ok', 'ok'],
        ['KEY_NOT_FOUND', 'ok'],
        ['KEY_NOT_FOUND', 'KEY_NOT_FOUND'],
      ].flat(),
    );
  });

  test('verify ends with 3 after the answers so far if the keyring is removed', async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    const ended = await verify(keyring, [[token], () => rmSync(keyring, { recursive: true }), [token]]);
    expect(ended).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('there is no keyring at') });
    expect(ended.stderr).toMatch(/^stopped after 1 line: 1 valid\nerror: /);
    expect(codesOf(ended)).toEqual(['ok']);
  });

  test('verify keeps the keys of --key, even if the file is removed', async () => {
    const [key, keyring] = [join(temporaryFolder(), 'key.pem'), await makeKeyring()];
    await stdoutOf(['keys', 'export', 'k1', '--out', key, '--keyring', keyring]);
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    const args = ['verify', '--batch', '--key', key, ...threads];
    const ended = await runSteps(args, [[token], () => rmSync(key), [token]], { ...shared });
    expect(codesOf(ended)).toEqual(['ok', 'ok']);
  });

  test('inspect counts the life left from the arrival of the line', async () => {
    const token = unsigned({ iat: now, exp: now + 60 });
    const steps = [[token], passTime(60), [token]];
    const ended = await runSteps(['inspect', '--batch', ...threads], steps, { ...shared });
    expect(jsonOf(ended)).toMatchObject([
      { state: 'active', remaining: 60 },
      { state: 'expired', error: { code: 'TOKEN_EXPIRED' } },
    ]);
    const fixed = await runSteps(['inspect', '--batch', '--at', String(now), ...threads], steps, { ...shared });
    expect(jsonOf(fixed)).toMatchObject([{ remaining: 60 }, { remaining: 60 }]);
  });

  test('issue dates each token by the arrival of its line', async () => {
    const keyring = await makeKeyring();
    const steps = [['{}'], passTime(3600), ['{}']];
    const args = ['--ttl', '10m', '--nbf', '+5m'];
    const dates = tokensOf(await issue(keyring, steps, ...args)).map((token) => segmentOf(token, 1));
    const dated = (at: number) => ({ iat: at, nbf: at + 300, exp: at + 900 });
    expect(dates).toMatchObject([dated(now), dated(now + 3600)]);
    const fixed = tokensOf(await issue(keyring, steps, ...args, '--at', String(now))).map((token) =>
      segmentOf(token, 1),
    );
    expect(fixed).toMatchObject([dated(now), dated(now)]);
  });

  test('issue dates each pair by the arrival of its line', async () => {
    const ended = await issue(await makeKeyring(), [['{}'], passTime(3600), ['{}']], '--pair');
    expect(jsonOf(ended).map((pair) => segmentOf(pair.access_token, 1).iat)).toEqual([now, now + 3600]);
  });

  test('issue signs with a rotated key and its algorithm, and with an announced key from its start', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const ended = await issue(keyring, [
      ['{}'],
      () => keys('rotate', '--alg', 'EdDSA', '--kid', 'k2', '--keyring', keyring),
      ['{}'],
      () => keys('rotate', '--alg', 'ES256', '--kid', 'k3', '--activate-in', '1h', '--keyring', keyring),
      ['{}'],
      passTime(3600),
      ['{}'],
    ]);
    expect(tokensOf(ended).map((token) => segmentOf(token, 0))).toMatchObject([
      { kid: 'k1', alg: 'ES256' },
      { kid: 'k2', alg: 'EdDSA' },
      { kid: 'k2', alg: 'EdDSA' },
      { kid: 'k3', alg: 'ES256' },
    ]);
  });

  test('issue --kid goes on with its key through a rotation, and ends with 3 once it is retired', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const steps = [
      ['{}'],
      () => keys('rotate', '--kid', 'k2', '--activate-in', '1h', '--keyring', keyring),
      ['{}'],
      () => keys('retire', 'k1', '--keyring', keyring, '--force'),
      ['{}'],
    ];
    const ended = await issue(keyring, steps, '--kid', 'k1');
    expect(ended).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('does not sign') });
    expect(ended.stderr).toMatch(/^stopped after 2 lines: 2 issued\nerror: /);
    expect(tokensOf(ended).map((token) => segmentOf(token, 0).kid)).toEqual(['k1', 'k1']);
  });

  test('issue opens the next key with the passphrase that opened the first', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    lock(join(keyring, 'k1.pem'), 'open sesame');
    const rotate = async () => {
      await keys('rotate', '--kid', 'k2', '--keyring', keyring);
      lock(join(keyring, 'k2.pem'), 'open sesame');
    };
    const named = ['--passphrase-file', fileWith('open sesame')];
    const ended = await issue(keyring, [['{}'], rotate, ['{}']], ...named);
    expect(tokensOf(ended).map((token) => segmentOf(token, 0).kid)).toEqual(['k1', 'k2']);
  });
});

test('verify fetches a stale set again, and drops a withdrawn key', async () => {
  const keyring = await makeKeyring('ES256', 'k1');
  const token = await stdoutOf(['issue', '--keyring', keyring, '--ttl', '7d']);
  const set = (path: string) => ({
    body: textOf(join(path, 'jwks.json')),
    headers: { 'cache-control': 'max-age=3600' },
  });
  const server = await serve({ '/jwks': set(keyring) });
  const other = await makeKeyring('ES256', 'k2');
  const ended = await runSteps(
    ['verify', '--batch', '--no-cache', '--jwks', `${server.origin}/jwks`],
    [[token], () => server.route({ '/jwks': set(other) }), [token], passTime(3600), [token]],
  );
  expect(codesOf(ended)).toEqual(['ok', 'ok', 'KEY_NOT_FOUND']);
});

test('issue refuses a policy under which nothing can be issued before it reads a line', async () => {
  const ended = await runCli(['issue', '--batch', '--keyring', await makeKeyring(), '--alg', 'RS256'], { stdin: '' });
  expect(ended).toMatchObject({ exitCode: 2, stdout: '' });
});

test.each(['verify', 'issue'])(
  'the real %s sees a rotation while its pipe stays open',
  { tags: 'slow' },
  async (command) => {
    const keyring = await makeKeyring('ES256', 'k1');
    const seconds = () => ({ now: Math.floor(Date.now() / 1000) });
    const issued = () => stdoutOf(['issue', '--keyring', keyring], seconds());
    const child = spawn(process.execPath, [dist('bin/jwtkit.js'), command, '--batch', '--keyring', keyring]);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (line: string) => {
      child.stdin.write(`${line}\n`);
      return (await lines.next()).value as string;
    };
    const kidOf = (answer: string) => (command === 'issue' ? segmentOf(answer, 0) : JSON.parse(answer)).kid;
    const old = await issued();
    expect(kidOf(await ask(command === 'issue' ? '{}' : old))).toBe('k1');
    await stdoutOf(['keys', 'rotate', '--kid', 'k2', '--keyring', keyring], seconds());
    expect(kidOf(await ask(command === 'issue' ? '{}' : await issued()))).toBe('k2');
    if (command === 'verify') {
      await stdoutOf(['keys', 'remove', 'k1', '--force', '--keyring', keyring], seconds());
      expect(JSON.parse(await ask(old))).toMatchObject({ valid: false, code: 'KEY_NOT_FOUND' });
    }
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([command === 'issue' ? 0 : 10, null]);
  },
);
