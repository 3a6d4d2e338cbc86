// @module-tag slow
/** Several processes on one port, of the real binary: what they share, and how they come and go. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openDenylist } from '../../../src/store/denylist/open.js';
import { fileWith, makeKeyring, stdoutOf, temporaryFolder } from '../../cli/fake-io.js';
import {
  aliceForm,
  asClient,
  childrenOf,
  runBinary,
  type Served,
  sendForm,
  serveBinary,
  writeAccounts,
} from '../../cli/served.js';
import { serve as occupy } from '../../remote/server.js';
import { describeWithRedis, startRedis, until } from '../../store/redis-server.js';

async function serveTwo(args: readonly string[] = [], { detached = false } = {}): Promise<Served> {
  const keyring = await makeKeyring();
  writeAccounts(keyring);
  return serveBinary(['--keyring', keyring, '--workers', '2', ...args], { cwd: temporaryFolder(), detached });
}

/** Asks on a connection of its own, so that either process may answer. */
function ask(
  url: string,
  form?: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const options = {
      agent: new Agent({ keepAlive: false }),
      method: form === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    };
    const asked = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    asked.once('error', reject).end(body);
  });
}

const wrong = { ...aliceForm, password: 'wrong' };

// Each test has services of its own, and mostly waits for them.
describe.concurrent('two workers', () => {
  test('share a port, log-in counts and metrics, and end together', async () => {
    const ready = join(temporaryFolder(), 'ready.json');
    const served = await serveTwo(['--aud', 'api', '--ready-file', ready, '--login-attempts', '4']);
    expect(JSON.parse(readFileSync(ready, 'utf8'))).toEqual({ url: served.url, pid: served.pid });
    const statuses: number[] = [];
    for (let round = 0; round < 6; round++) statuses.push((await ask(`${served.url}/token`, wrong)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    // Whichever answers, it knows what both have counted.
    for (let round = 0; round < 4; round++) {
      const { status, text } = await ask(`${served.url}/metrics`);
      expect(status).toBe(200);
      expect(text).toContain('jwtkit_refusals_total{code="invalid_grant"} 4');
      expect(text).toContain('jwtkit_refusals_total{code="temporarily_unavailable"} 2');
    }
    // Each waits for both, so one process has many questions under way. stderr must not tell of them.
    const many = await Promise.all(Array.from({ length: 40 }, () => ask(`${served.url}/metrics`)));
    for (const { text } of many) expect(text).toContain('jwtkit_refusals_total{code="invalid_grant"} 4');
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    expect(existsSync(ready)).toBe(false);
    expect(served.written.stderr).toBe(`listening on ${served.url}\n`);
    expect(served.logs().filter(({ path }) => path === '/token')).toHaveLength(6 + 6);
    await expect(ask(served.url)).rejects.toThrow();
  });

  test.skipIf(process.platform !== 'linux')(
    'replace a killed worker while the other answers',
    { tags: 'slow' },
    async () => {
      const served = await serveTwo();
      const before = childrenOf(served.pid);
      expect(before).toHaveLength(2);
      process.kill(before[0] as number, 'SIGKILL');
      await served.until(/note: a worker process has ended \(SIGKILL\) and is replaced/);
      expect((await ask(`${served.url}/healthz`)).status).toBe(200);
      // Once the third has said that it listens, it is the only one left, on the same port.
      await served.until(/(?:Server listening[\s\S]*){3}/);
      process.kill(before[1] as number, 'SIGKILL');
      await served.until(/(?:is replaced[\s\S]*){2}/);
      expect((await ask(`${served.url}/healthz`)).status).toBe(200);
      const after = childrenOf(served.pid);
      expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
      for (const pid of [...before, ...after]) expect(() => process.kill(pid, 0)).toThrow();
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'replacements refuse refreshes if the file of users is lost; so does the next service',
    { tags: 'slow' },
    async () => {
      const keyring = await makeKeyring();
      writeAccounts(keyring);
      // Named, so that the file would have to be there when a service begins.
      const users = ['--users', join(keyring, 'users.json')];
      const workers = ['--workers', '2'];
      const served = await serveBinary(['--keyring', keyring, ...users, ...workers], { cwd: temporaryFolder() });
      const { refresh_token: session } = (await sendForm(`${served.url}/token`, aliceForm)).body;
      const issue = ['issue', '--keyring', keyring, '--type', 'refresh', '--sub', 'user-123'];
      const tokens = [String(session), await stdoutOf(issue, { now: Date.now() / 1000 })];
      const refresh = async (url: string) => {
        const asked = tokens.map((token) => sendForm(`${url}/token/refresh`, { refresh_token: token.trim() }));
        return (await Promise.all(asked)).map(({ status }) => status);
      };
      expect(await refresh(served.url)).toEqual([200, 200]);
      rmSync(join(keyring, 'users.json'));
      expect(await refresh(served.url)).toEqual([401, 401]);
      for (const worker of childrenOf(served.pid)) process.kill(worker, 'SIGKILL');
      await served.until(/(?:Server listening[\s\S]*){4}/);
      for (let round = 0; round < 4; round++) expect(await refresh(served.url)).toEqual([401, 401]);
      expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
      // A service that begins without the file takes subjects for known elsewhere, but not those who logged in here.
      const next = await serveBinary(['--keyring', keyring], { cwd: temporaryFolder() });
      expect(await refresh(next.url)).toEqual([401, 200]);
      await next.stop();
    },
  );

  test('all know of users that one of them saw, even if the file is lost before the others look', async () => {
    const keyring = await makeKeyring();
    const served = await serveBinary(['--keyring', keyring, '--workers', '2'], { cwd: temporaryFolder() });
    const issue = ['issue', '--keyring', keyring, '--type', 'refresh', '--sub', 'user-of-another-program'];
    const refresh_token = (await stdoutOf(issue, { now: Date.now() / 1000 })).trim();
    const refresh = async () => (await ask(`${served.url}/token/refresh`, { refresh_token })).status;
    expect([await refresh(), await refresh()]).toEqual([200, 200]);
    writeAccounts(keyring);
    expect(await refresh()).toBe(401);
    rmSync(join(keyring, 'users.json'));
    // Connections go to the two in turn. The message to the other one takes a moment.
    await until('a refusal by both', async () => {
      const statuses = [await refresh(), await refresh(), await refresh(), await refresh()];
      return statuses.every((status) => status === 401);
    });
    await served.stop();
  });

  test.skipIf(process.platform !== 'linux')(
    'replacements make no denylist in the place of a lost one',
    { tags: 'slow' },
    async () => {
      const folder = temporaryFolder();
      const store = join(folder, 'denylist');
      const served = await serveTwo(['--store', `lmdb:${store}`]);
      const { body: tokens } = await sendForm(`${served.url}/token`, aliceForm);
      await sendForm(`${served.url}/revoke`, { token: String(tokens.refresh_token) }, asClient);
      const authorization = `Bearer ${tokens.access_token}`;
      const statuses = async () => {
        const asked = Array.from({ length: 8 }, () => ask(`${served.url}/users/me`, undefined, { authorization }));
        return [...new Set((await Promise.all(asked)).map(({ status }) => status))];
      };
      expect(await statuses()).toEqual([401]);
      renameSync(store, `${store}.away`);
      expect(await statuses()).toEqual([503]);
      for (const worker of childrenOf(served.pid)) process.kill(worker, 'SIGKILL');
      await served.until(/(?:Server listening[\s\S]*){4}/);
      expect(await statuses()).toEqual([503]);
      expect((await ask(`${served.url}/readyz`)).status).toBe(503);
      expect(existsSync(store)).toBe(false);
      await (await openDenylist(`lmdb:${store}`, { mode: 'write', now: () => 0 })).close();
      expect(await statuses()).toEqual([503]);
      // The one that they had, back in its place, is believed.
      rmSync(store, { recursive: true });
      renameSync(`${store}.away`, store);
      expect(await statuses()).toEqual([401]);
      expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'leave the signals of a terminal to their parent',
    { tags: 'slow' },
    async () => {
      const served = await serveTwo();
      const workers = childrenOf(served.pid);
      for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP']) for (const worker of workers) process.kill(worker, signal);
      for (let round = 0; round < 4; round++) {
        expect((await ask(`${served.url}/token`, aliceForm)).status).toBe(200);
      }
      expect(childrenOf(served.pid)).toEqual(workers);
      expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
      expect(served.written.stderr).not.toContain('is replaced');
    },
  );

  test.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const)(
    'answer open requests after %s to all of them, which npm and the like send twice',
    { tags: 'slow' },
    async (signal) => {
      const served = await serveTwo([], { detached: true });
      const body = new URLSearchParams(aliceForm).toString();
      const answers = [0, 1].map(() => {
        const { promise, resolve, reject } = promiseWithResolvers<number>();
        const asked = request(`${served.url}/token`, {
          agent: new Agent({ keepAlive: false }),
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length },
        });
        asked.once('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        asked.once('error', reject);
        asked.write(body.slice(0, 5));
        return { asked, promise };
      });
      // The processes know both requests before they are told to end: they have answered connections that came later.
      await ask(`${served.url}/healthz`);
      await ask(`${served.url}/healthz`);
      process.kill(-served.pid, signal);
      // From the first signal on: a connection that arrives in the millisecond in which the last process leaves is handed to nobody.
      const refusing = until('no more connections', () =>
        ask(`${served.url}/healthz`).then(
          () => false,
          () => true,
        ),
      );
      await setTimeout(100);
      process.kill(-served.pid, signal);
      await refusing;
      for (const { asked } of answers) asked.end(body.slice(5));
      expect(await Promise.all(answers.map(({ promise }) => promise))).toEqual([200, 200]);
      expect(await served.ended).toEqual({ exitCode: 0, signal: null });
    },
  );
});

function promiseWithResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((one, other) => {
    resolve = one;
    reject = other;
  });
  return { promise, resolve, reject };
}

test.concurrent.each<[string, string, () => Promise<string[]>]>([
  ['a port in use', 'ADDRESS_UNAVAILABLE', async () => ['--port', String((await occupy({})).port)]],
  ['no keyring', 'KEYRING_NOT_FOUND', async () => ['--keyring', join(temporaryFolder(), 'none')]],
  ['no file of users', 'FILE_NOT_READABLE', async () => ['--users', join(temporaryFolder(), 'none.json')]],
  ['no file of clients', 'FILE_NOT_READABLE', async () => ['--clients', join(temporaryFolder(), 'none.json')]],
  ['damaged users', 'ACCOUNTS_INVALID', async () => ['--users', fileWith('{')]],
  [
    'a ready file that cannot be written',
    'FILE_NOT_WRITABLE',
    async () => ['--ready-file', join(fileWith(''), 'ready')],
  ],
])('%s ends all workers, with one message', { tags: 'slow' }, async (_what, code, make) => {
  const keyring = await makeKeyring();
  const args = ['serve', '--json', '--workers', '2', '--port', '0', '--keyring', keyring, ...(await make())];
  const { exitCode, stderr } = await runBinary(args, { cwd: temporaryFolder() });
  expect(stderr.match(/"code":"\w+"/g)).toEqual([`"code":"${code}"`]);
  expect(exitCode).toBe(3);
});

/** Sixty log-ins with a wrong password at the same moment, to each of the services in turn. */
async function guessAtOnce(urls: readonly string[]): Promise<{ looked: number; waits: number[] }> {
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) => ask(`${urls[at % urls.length]}/token`, wrong)),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
  return {
    looked: answers.filter(({ status }) => status === 401).length,
    waits: answers.filter(({ status }) => status === 429).map(({ headers }) => Number(headers['retry-after'])),
  };
}

function expectTenLooks({ looked, waits }: { looked: number; waits: number[] }): void {
  expect(looked).toBe(10);
  for (const wait of waits) expect(wait).toBeGreaterThan(840);
  for (const wait of waits) expect(wait).toBeLessThanOrEqual(900);
}

test('four workers check ten of sixty simultaneous wrong passwords', { tags: 'slow' }, async () => {
  const keyring = await makeKeyring();
  writeAccounts(keyring);
  const served = await serveBinary(['--keyring', keyring, '--workers', '4'], { cwd: temporaryFolder() });
  expectTenLooks(await guessAtOnce([served.url]));
  await served.stop();
});

describeWithRedis('workers with one Redis', () => {
  test.skipIf(process.platform !== 'linux')(
    'fail every question once Redis lost its entries; so does a replacement',
    { tags: 'slow' },
    async () => {
      const redis = await startRedis();
      try {
        const keyring = await makeKeyring();
        writeAccounts(keyring);
        const args = ['--keyring', keyring, '--store', redis.url];
        const served = await serveBinary([...args, '--workers', '2'], { cwd: temporaryFolder() });
        const { body: tokens } = await sendForm(`${served.url}/token`, aliceForm);
        const authorization = `Bearer ${tokens.access_token}`;
        const statuses = async (url = served.url) => {
          const answers = await Promise.all(
            Array.from({ length: 8 }, () => ask(`${url}/users/me`, undefined, { authorization })),
          );
          return [...new Set(answers.map(({ status }) => status))];
        };
        expect(await statuses()).toEqual([200]);
        await sendForm(`${served.url}/revoke`, { token: String(tokens.refresh_token) }, asClient);
        expect(await statuses()).toEqual([401]);
        await redis.ask('FLUSHALL');
        expect(await statuses()).toEqual([503]);
        const [first = 0] = childrenOf(served.pid);
        process.kill(first, 'SIGKILL');
        await served.until(/(?:Server listening[\s\S]*){3}/);
        expect(await statuses()).toEqual([503]);
        const ready = await ask(`${served.url}/readyz`);
        expect({ status: ready.status, body: JSON.parse(ready.text) }).toEqual({
          status: 503,
          body: { status: 'unavailable', keys: 'ok', store: 'failed', accounts: 'ok', reason: 'entries were lost' },
        });
        await served.stop();
        const { stderr, stdout } = served.written;
        expect(stderr.match(/note: the Redis store .*in memory only/g)).toHaveLength(1);
        expect(stdout).toMatch(/"msg":"failed"/);
        expect(stdout).toMatch(/lost entries \(its marker is gone\)/);
        // A new beginning, as its operator wanted.
        const anew = await serveBinary(args, { cwd: temporaryFolder() });
        expect((await ask(`${anew.url}/readyz`)).status).toBe(200);
        await anew.stop();
      } finally {
        await redis.remove();
      }
    },
  );
});

describeWithRedis('two services with one Redis', () => {
  test('two services with one Redis check ten of sixty simultaneous wrong passwords', { tags: 'slow' }, async () => {
    const redis = await startRedis();
    try {
      const keyring = await makeKeyring();
      writeAccounts(keyring);
      const args = ['--keyring', keyring, '--store', redis.url];
      const cwd = temporaryFolder();
      const services = await Promise.all([
        serveBinary([...args, '--workers', '2'], { cwd }),
        serveBinary(args, { cwd }),
      ]);
      expectTenLooks(await guessAtOnce(services.map(({ url }) => url)));
      await Promise.all(services.map((service) => service.stop()));
    } finally {
      await redis.remove();
    }
  });

  test('share their log-in counts and their denylist', { tags: 'slow' }, async () => {
    const redis = await startRedis();
    try {
      const keyring = await makeKeyring();
      writeAccounts(keyring);
      const args = [
        '--keyring',
        keyring,
        '--store',
        redis.url,
        '--login-attempts',
        '3',
        '--rotate',
        '--rotate-grace',
        '0',
      ];
      const [one, other] = await Promise.all([
        serveBinary(args, { cwd: temporaryFolder() }),
        serveBinary(args, { cwd: temporaryFolder() }),
      ]);
      const { body: tokens } = await sendForm(`${one.url}/token`, aliceForm);
      const form = { refresh_token: String(tokens.refresh_token) };
      expect((await sendForm(`${one.url}/token/refresh`, form)).status).toBe(200);
      expect((await sendForm(`${other.url}/token/refresh`, form)).status).toBe(401);
      const statuses: number[] = [];
      for (let round = 0; round < 2; round++) {
        for (const { url } of [one, other]) statuses.push((await sendForm(`${url}/token`, wrong)).status);
      }
      expect(statuses).toEqual([401, 401, 401, 429]);
      // Without its store, nobody can say that a token was not revoked.
      await redis.stop();
      const me = await fetch(`${one.url}/users/me`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      });
      expect(me.status).toBe(503);
      expect(me.headers.get('retry-after')).toBe('1');
      expect((await fetch(`${one.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${one.url}/healthz`)).status).toBe(200);
      expect((await one.stop()).exitCode).toBe(0);
    } finally {
      await redis.remove();
    }
  });
});
