/** A token may come from a pipe long after the command began: the clock and the keys are those of its arrival. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FakeWorld, makeKeyring, now, runCli, segmentOf, stdoutOf } from './fake-io.js';

let keyring = '';
beforeAll(async () => {
  keyring = await makeKeyring();
});

/** A world whose stdin arrives ten seconds after the start of a command. */
function slowWorld(stdin: string): FakeWorld {
  const world: FakeWorld = { stdin, now };
  world.whileReading = () => {
    world.now = now + 10;
  };
  return world;
}

const runSlowly = (args: readonly string[], stdin: string) => runCli([...args, '--keyring', keyring], slowWorld(stdin));

const issueAt = (moment: number, ...args: string[]) =>
  stdoutOf(['issue', '--sub', 'a', '--keyring', keyring, ...args], { now: moment });

describe('a token that was issued while its pipe was waited for', () => {
  test.each([
    ['verify', []],
    ['refresh', ['--type', 'refresh']],
  ])('is accepted by %s', async (command, kind) => {
    expect(await runSlowly([command], await issueAt(now + 10, ...kind))).toMatchObject({ exitCode: 0 });
  });

  test('inspect calls it active', async () => {
    const token = await issueAt(now + 10);
    expect(await runCli(['inspect'], slowWorld(token))).toMatchObject({ exitCode: 0 });
  });

  test('revoke accepts it', async () => {
    const token = await issueAt(now + 10, '--jti', 'to-revoke');
    expect(await runSlowly(['revoke'], token)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^revoked/),
    });
  });
});

describe('a token that expired while its pipe was waited for', () => {
  test.each([
    ['verify', []],
    ['refresh', ['--type', 'refresh']],
  ])('is expired for %s', async (command, kind) => {
    expect(await runSlowly([command], await issueAt(now, '--ttl', '5s', ...kind))).toMatchObject({ exitCode: 14 });
  });

  test('inspect calls it expired', async () => {
    expect(await runCli(['inspect'], slowWorld(await issueAt(now, '--ttl', '5s')))).toMatchObject({ exitCode: 14 });
  });
});

test('a key that was removed while the token was waited for does not verify it', async () => {
  const own = await makeKeyring();
  const token = await stdoutOf(['issue', '--keyring', own]);
  const other = await makeKeyring('ES256', 'k2');
  const world: FakeWorld = {
    stdin: token,
    whileReading: () => copyFileSync(join(other, 'jwks.json'), join(own, 'jwks.json')),
  };
  expect(await runCli(['verify', '--keyring', own], world)).toMatchObject({ exitCode: 13 });
});

test('a keyring removed before the token arrives is an error', async () => {
  const own = await makeKeyring();
  const world: FakeWorld = {
    stdin: await stdoutOf(['issue', '--keyring', own]),
    whileReading: () => rmSync(own, { recursive: true }),
  };
  expect(await runCli(['verify', '--keyring', own], world)).toMatchObject({ exitCode: 3 });
});

test('claims that come from a slow pipe are signed at the time of their arrival', async () => {
  const { stdout } = await runSlowly(['issue', '--claims', '-', '--nbf', '+5s'], '{"sub":"a"}');
  expect(segmentOf(stdout, 1)).toMatchObject({ iat: now + 10, nbf: now + 15 });
});

describe('a passphrase that takes ten seconds to type', () => {
  /** A keyring whose key is encrypted, and a world in which typing takes ten seconds. */
  async function typing(stdin = ''): Promise<{ own: string; world: FakeWorld }> {
    const own = join(await makeKeyring(), '..', 'sealed');
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', own, '--passphrase-env', 'P'], { env: { P: 'open' } });
    const world: FakeWorld = { stdin, now, terminals: ['stderr', 'stdin'], answers: ['open'] };
    world.whileTyping = () => {
      world.now = now + 10;
    };
    return { own, world };
  }

  test('a slow passphrase does not change the iat of a token', async () => {
    const { own, world } = await typing();
    expect(segmentOf(await stdoutOf(['issue', '--keyring', own], world), 1)).toMatchObject({ iat: now + 10 });
  });

  test('a slow passphrase does not keep an expiring refresh token alive', async () => {
    const { own, world } = await typing();
    const env = { P: 'open' };
    const args = ['issue', '--type', 'refresh', '--ttl', '5s', '--keyring', own, '--passphrase-env', 'P'];
    const token = await stdoutOf(args, { env });
    expect(await runCli(['refresh', token, '--keyring', own], world)).toMatchObject({ exitCode: 14 });
  });
});
