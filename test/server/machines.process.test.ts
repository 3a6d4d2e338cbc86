// @module-tag slow
/**
 * Two services as on two machines: they share one Redis, and a keyring that is a folder of both or read-only copies of one. Real
 * processes; the claims of docs/scaling.md about many machines.
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { segmentOf, stdoutOf, temporaryFolder } from '../cli/fake-io.js';
import { aliceForm, asClient, type Served, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithRedis, type RedisServer, startRedis, until } from '../store/redis-server.js';

const aud = 'https://api.example';
const world = () => ({ now: Date.now() / 1000 });
type Tokens = Record<'access_token' | 'refresh_token', string>;
type Machine = Pick<Served, 'url'>;

async function tokensOf(answer: ReturnType<typeof sendForm>): Promise<Tokens> {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Tokens;
}

const logIn = ({ url }: Machine, form: object = aliceForm) => tokensOf(sendForm(`${url}/token`, { ...form }));
const renew = ({ url }: Machine, refresh_token: string) => sendForm(`${url}/token/refresh`, { refresh_token });
const isTaken = async ({ url }: Machine, token: string) => {
  const response = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
};

/** How the machines have the keyring. Both folders are one, or the second is a copy that `send` brings up to date. */
const keyrings = [
  ['a shared folder', (source: string) => ({ folders: [source, source], send: () => {}, sendToFirst: () => {} })],
  [
    'read-only files',
    (source: string) => {
      const folders = [`${source}-one`, `${source}-two`] as const;
      const send = () => {
        for (const folder of folders) replaceFolder(source, folder);
      };
      send();
      return { folders, send, sendToFirst: () => replaceFolder(source, folders[0]) };
    },
  ],
] as const;

/** Puts a copy of a folder's files, which nobody may write, in the place of an earlier copy. */
function replaceFolder(source: string, target: string): void {
  mkdirSync(`${target}.new`);
  for (const { name } of readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    copyFileSync(join(source, name), join(`${target}.new`, name));
    chmodSync(join(`${target}.new`, name), 0o400);
  }
  chmodSync(`${target}.new`, 0o500);
  rmSync(target, { recursive: true, force: true });
  renameSync(`${target}.new`, target);
}

/** The files of a folder by name. The lock of the folder that commands write is not sent. */
function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(entries.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]));
}

for (const [kind, share] of keyrings) {
  // What is asked of a shared folder is asked of copies, too.
  const options = kind === 'a shared folder' ? { tags: 'slow' } : {};
  describeWithRedis(`two services on one Redis, with ${kind}`, options, () => {
    let redis: RedisServer;
    let keyring: ReturnType<typeof share>;
    let one: Served;
    let other: Served;
    const source = join(temporaryFolder(), 'keyring');
    const issuer = 'https://auth.example';
    beforeAll(async () => {
      redis = await startRedis();
      await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', source], world());
      writeAccounts(source);
      keyring = share(source);
      const start = (folder: string) =>
        serveBinary(
          [
            '--keyring',
            folder,
            '--store',
            redis.url,
            '--issuer-url',
            issuer,
            '--aud',
            aud,
            '--rotate',
            '--login-attempts',
            '4',
          ],
          { cwd: temporaryFolder() },
        );
      [one, other] = (await Promise.all(keyring.folders.map(start))) as [Served, Served];
    });
    afterAll(async () => {
      expect(await Promise.all([one.stop(), other.stop()])).toEqual([
        { exitCode: 0, signal: null },
        { exitCode: 0, signal: null },
      ]);
      await redis.remove();
    });

    test('a log-in at one is good at the other, refreshed there, and its successor is good at both', async () => {
      const first = await logIn(one);
      expect(await isTaken(other, first.access_token)).toBe(200);
      const second = await tokensOf(renew(other, first.refresh_token));
      expect(await isTaken(one, second.access_token)).toBe(200);
      const third = await tokensOf(renew(one, second.refresh_token));
      expect(await isTaken(other, third.access_token)).toBe(200);
    });

    test('50 refreshes of one token at both at once get one successor', async () => {
      const { refresh_token: token } = await logIn(one);
      const machines = Array.from({ length: 50 }, (_, turn) => (turn % 2 === 0 ? one : other));
      const all = await Promise.all(machines.map((machine) => tokensOf(renew(machine, token))));
      const successors = new Set(all.map(({ refresh_token }) => segmentOf(refresh_token, 1).jti));
      expect(successors.size).toBe(1);
    });

    test('a log-out at one ends the session at the other, with the next request', async () => {
      for (const [here, there] of [
        [one, other],
        [other, one],
      ] as const) {
        const tokens = await logIn(here);
        expect(await isTaken(there, tokens.access_token)).toBe(200);
        expect((await sendForm(`${here.url}/revoke`, { token: tokens.refresh_token }, asClient)).status).toBe(200);
        expect(await isTaken(there, tokens.access_token)).toBe(401);
        expect((await renew(there, tokens.refresh_token)).status).toBe(401);
      }
    });

    test('`jwtkit revoke` by the same store ends sessions at both', async () => {
      const [here, there] = [await logIn(one), await logIn(other)];
      await stdoutOf(['revoke', here.access_token, '--keyring', source, '--store', redis.url], world());
      for (const machine of [one, other]) {
        expect(await isTaken(machine, here.access_token)).toBe(401);
        expect(await isTaken(machine, there.access_token)).toBe(200);
      }
    });

    test('a rotated key signs at each once its files are there, and tokens of both keys are good at both', {
      tags: 'slow',
    }, async () => {
      const kidAt = async (machine: Machine) => {
        const { access_token: token } = await logIn(machine);
        return { token, kid: segmentOf(token, 0).kid };
      };
      const before = await kidAt(one);
      // A moment that both read from the file, so that both change at once.
      const rotated = await stdoutOf(['keys', 'rotate', '--keyring', source, '--activate-in', '2s'], world());
      keyring.send();
      const during = await Promise.all([kidAt(one), kidAt(other)]);
      const sets = await Promise.all(
        [one, other].map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
      );
      expect(sets[0]).toBe(sets[1]);
      expect(sets[0]).toContain(rotated);
      await until('both sign with the new key', async () => {
        const kids = await Promise.all([kidAt(one), kidAt(other)]);
        return kids.every(({ kid }) => kid === rotated);
      });
      for (const { token } of [before, ...during, await kidAt(one), await kidAt(other)]) {
        for (const machine of [one, other]) expect(await isTaken(machine, token)).toBe(200);
      }
    });

    test('a user who is added or removed is known at both with the next request after the files arrive', async () => {
      const options = ['--keyring', source, '--password-env', 'PASSWORD', '--sub', 'user-bob'];
      await stdoutOf(['users', 'add', 'bob', ...options], { ...world(), env: { PASSWORD: 'wonderland' } });
      keyring.send();
      const form = { ...aliceForm, username: 'bob' };
      const sessions = [await logIn(one, form), await logIn(other, form)];
      await stdoutOf(['users', 'remove', 'bob', '--keyring', source, '--store', redis.url], world());
      keyring.send();
      for (const machine of [one, other]) {
        expect((await sendForm(`${machine.url}/token`, form)).status).toBe(401);
        for (const { access_token: token } of sessions) expect(await isTaken(machine, token)).toBe(401);
      }
    });

    test('wrong passwords at both count together, and block at both', async () => {
      const form = { username: 'mallory', password: 'wrong' };
      const statuses: number[] = [];
      for (let turn = 0; turn < 6; turn++) {
        const { url } = turn % 2 === 0 ? one : other;
        statuses.push((await sendForm(`${url}/token`, form)).status);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    });

    if (kind === 'a shared folder') return;

    test('a token by a key that only one machine has is refused at the other until the files arrive', async () => {
      await stdoutOf(['keys', 'rotate', '--keyring', source], world());
      keyring.sendToFirst();
      const { access_token: early } = await logIn(one);
      const { access_token: old } = await logIn(other);
      expect([await isTaken(one, early), await isTaken(one, old)]).toEqual([200, 200]);
      expect([await isTaken(other, early), await isTaken(other, old)]).toEqual([401, 200]);
      keyring.send();
      expect(await isTaken(other, early)).toBe(200);
    });

    test('the services write no file of the keyring', () => {
      for (const folder of keyring.folders) expect(filesOf(folder)).toEqual(filesOf(source));
    });
  });
}

describeWithRedis('two services whose Redis is gone', () => {
  test('both answer 503 within seconds, a verifier by jwks.json goes on, and both serve again with Redis', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    try {
      const keyring = join(temporaryFolder(), 'keyring');
      await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring], world());
      writeAccounts(keyring);
      const args = ['--keyring', keyring, '--store', redis.url, '--aud', aud, '--issuer-url', 'https://auth.example'];
      const machines = await Promise.all([1, 2].map(() => serveBinary(args, { cwd: temporaryFolder() })));
      const [one, other] = machines as [Served, Served];
      const [good, gone] = [await logIn(one), await logIn(other)];
      await sendForm(`${one.url}/revoke`, { token: gone.refresh_token }, asClient);
      await redis.stop('SIGKILL');
      const readiness = ({ url }: Machine) => fetch(`${url}/readyz`).then(({ status }) => status);
      for (const machine of machines) {
        const began = performance.now();
        expect(await isTaken(machine, good.access_token)).toBe(503);
        expect(await readiness(machine)).toBe(503);
        expect(performance.now() - began).toBeLessThan(5000);
      }
      const jwks = `${one.url}/.well-known/jwks.json`;
      const verify = ['verify', good.access_token, '--jwks', jwks, '--aud', aud, '--no-store'];
      expect(JSON.parse(await stdoutOf([...verify, '--json'], world()))).toMatchObject({ code: null });
      await redis.start(['--appendonly', 'yes', '--appendfsync', 'always']);
      for (const machine of machines) {
        await until('it serves again', async () => (await readiness(machine)) === 200);
        expect(await isTaken(machine, good.access_token)).toBe(200);
        expect(await isTaken(machine, gone.access_token)).toBe(401);
      }
      await Promise.all(machines.map((machine) => machine.stop()));
    } finally {
      await redis.remove();
    }
  });
});
