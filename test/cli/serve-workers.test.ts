/** Several processes on one port, of the real binary: what they share, and how they come and go. */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serve as occupy } from '../remote/server.js';
import { describeWithRedis, startRedis, until } from '../store/redis-server.js';
import { fileWith, makeKeyring, temporaryFolder } from './fake-io.js';
import { aliceForm, runBinary, type Served, sendForm, serveBinary, writeAccounts } from './served.js';

async function serveTwo(args: readonly string[] = [], { detached = false } = {}): Promise<Served> {
  const keyring = await makeKeyring();
  writeAccounts(keyring);
  return serveBinary(['--keyring', keyring, '--workers', '2', ...args], { cwd: temporaryFolder(), detached });
}

/** Asks on a connection of its own, so that either process may answer. */
function ask(url: string, form?: Readonly<Record<string, string>>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const options = {
      agent: new Agent({ keepAlive: false }),
      method: form === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    };
    const asked = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.once('error', reject).end(body);
  });
}

const wrong = { ...aliceForm, password: 'wrong' };

/** The processes below another one. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
}

describe('two workers', () => {
  test('share a port, counts of log-ins and metrics, and end together', async () => {
    const ready = join(temporaryFolder(), 'ready.json');
    const served = await serveTwo(['--ready-file', ready, '--login-attempts', '4']);
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
    const both = await Promise.all(Array.from({ length: 4 }, () => ask(`${served.url}/metrics`)));
    for (const { text } of both) expect(text).toContain('jwtkit_refusals_total{code="invalid_grant"} 4');
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    expect(existsSync(ready)).toBe(false);
    expect(served.written.stderr).toBe(`listening on ${served.url}\n`);
    expect(served.logs().filter(({ path }) => path === '/token')).toHaveLength(6 + 6);
    await expect(ask(served.url)).rejects.toThrow();
  });

  test.skipIf(process.platform !== 'linux')('one that is killed is replaced, while the other answers', async () => {
    const served = await serveTwo();
    const before = childrenOf(served.pid);
    expect(before).toHaveLength(2);
    process.kill(before[0] as number, 'SIGKILL');
    await served.until(/note: a process that served has ended \(SIGKILL\) and is replaced/);
    expect((await ask(`${served.url}/healthz`)).status).toBe(200);
    // Once the third has said that it listens, it is the only one left, on the same port.
    await served.until(/(?:Server listening[\s\S]*){3}/);
    process.kill(before[1] as number, 'SIGKILL');
    await served.until(/(?:is replaced[\s\S]*){2}/);
    expect((await ask(`${served.url}/healthz`)).status).toBe(200);
    const after = childrenOf(served.pid);
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    for (const pid of [...before, ...after]) expect(() => process.kill(pid, 0)).toThrow();
  });

  test.skipIf(process.platform !== 'linux')('leave Ctrl-C to the one above them, which reaches them all', async () => {
    const served = await serveTwo();
    const workers = childrenOf(served.pid);
    for (const worker of workers) process.kill(worker, 'SIGINT');
    for (let round = 0; round < 4; round++) {
      expect((await ask(`${served.url}/token`, aliceForm)).status).toBe(200);
    }
    expect(childrenOf(served.pid)).toEqual(workers);
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    expect(served.written.stderr).not.toContain('is replaced');
  });

  test.skipIf(process.platform === 'win32')('Ctrl-C reaches all of them, and what was begun is answered', async () => {
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
    // Each is known to a process before it is told to end: a connection that came later was answered.
    await ask(`${served.url}/healthz`);
    await ask(`${served.url}/healthz`);
    process.kill(-served.pid, 'SIGINT');
    await until('no more connections', () =>
      ask(`${served.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    for (const { asked } of answers) asked.end(body.slice(5));
    expect(await Promise.all(answers.map(({ promise }) => promise))).toEqual([200, 200]);
    expect(await served.ended).toEqual({ exitCode: 0, signal: null });
  });
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

test.each<[string, string, () => Promise<string[]>]>([
  ['a port in use', 'ADDRESS_UNAVAILABLE', async () => ['--port', String((await occupy({})).port)]],
  ['no keyring', 'KEYRING_NOT_FOUND', async () => ['--keyring', join(temporaryFolder(), 'none')]],
  [
    'a ready file that cannot be written',
    'FILE_NOT_WRITABLE',
    async () => ['--ready-file', join(fileWith(''), 'ready')],
  ],
])('%s ends all of them, and is said once', async (_what, code, make) => {
  const keyring = await makeKeyring();
  const args = ['serve', '--json', '--workers', '2', '--port', '0', '--keyring', keyring, ...(await make())];
  const { exitCode, stderr } = await runBinary(args, { cwd: temporaryFolder() });
  expect(stderr.match(/"code":"\w+"/g)).toEqual([`"code":"${code}"`]);
  expect(exitCode).toBe(3);
});

describeWithRedis('two services with one Redis', () => {
  test('share their counts of log-ins and their denylist', async () => {
    const redis = await startRedis();
    try {
      const keyring = await makeKeyring();
      writeAccounts(keyring);
      const args = ['--keyring', keyring, '--store', redis.url, '--login-attempts', '3', '--rotate'];
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
