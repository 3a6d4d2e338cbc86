/** `serve` while what it stands on breaks, while keys change, while clients misbehave, and while it is told to end. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alice, aliceForm, asClient, type Served, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithRedis, type RedisServer, startRedis, until } from '../store/redis-server.js';
import { type Answer, type Asking, Connection, type Load, startLoad } from './load.js';
import { jwtkitOut, note, quantile, temporaryFolder } from './processes.js';

const rotations = 30;

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A keyring with Alice and a client, and a service that stands on it. */
async function startServing(...args: string[]): Promise<{ served: Served; keyring: string }> {
  const folder = temporaryFolder();
  const keyring = join(folder, 'keyring');
  await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
  writeAccounts(keyring, [alice]);
  const served = await serveBinary(['--keyring', keyring, ...args], { cwd: folder });
  return { served, keyring };
}

async function logIn(url: string): Promise<Pair> {
  const { status, body } = await sendForm(`${url}/token`, aliceForm);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as unknown as Pair;
}

function me(token: string): Asking {
  return { path: '/users/me', headers: { authorization: `Bearer ${token}` } };
}

function introspect(token: string): Asking {
  return { path: '/introspect', headers: asClient, form: { token } };
}

function refresh({ refresh_token }: Pair): Asking {
  return { path: '/token/refresh', form: { refresh_token } };
}

/** Takes turns through a list. */
function inTurns<T>(list: readonly T[]): () => T {
  let at = 0;
  return () => list[at++ % list.length] as T;
}

function describeLoad({ total, counts, failures, refusals, waits }: Load): string {
  const answers = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
  const p99 = waits.length === 0 ? 0 : quantile(waits, 0.99);
  return `  ${total} answers (${answers}), p99 ${p99.toFixed(0)} ms, ${failures.length} failures, ${refusals.length} refused`;
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString('utf8')).kid;
}

/** How many processes answer together when they are asked for metrics: each adds its limit of open files. */
async function servingProcesses(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, sum] = /^process_max_fds (\d+)$/m.exec(text) ?? [];
  const [, own] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(sum) / Number(own);
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

describeWithRedis('Redis under a service under load', () => {
  /** From when Redis answers nothing, until it may again. */
  interface Dark {
    since: number | undefined;
  }

  /** Asks for good tokens and revoked ones, and holds every answer to what it may be. */
  async function withLoad(broken: (redis: RedisServer, load: Load, dark: Dark) => Promise<void>): Promise<void> {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const { served } = await startServing('--store', redis.url);
    const [good, gone] = [await logIn(served.url), await logIn(served.url)];
    const revoked = await sendForm(`${served.url}/revoke`, { token: gone.refresh_token }, asClient);
    expect(revoked.status).toBe(200);
    const dark: Dark = { since: undefined };
    const wrong: string[] = [];
    const check = (answer: Answer, asking: Asking) => {
      const { status, headers, body } = answer;
      const began = performance.now() - answer.took;
      if (status !== 503 && dark.since !== undefined && began > dark.since) wrong.push(`${status} without Redis`);
      const asked = JSON.stringify(asking);
      const isGone = asked.includes(gone.access_token) || asked.includes(gone.refresh_token);
      const isActive = body.includes('"active":true');
      if (status === 503) {
        if (headers['retry-after'] === undefined) wrong.push('503 without Retry-After');
      } else if (isGone && asking.path === '/introspect') {
        if (status !== 200 || body !== '{"active":false}') wrong.push(`${status} ${body} for a revoked token`);
      } else if (isGone) {
        if (status !== 401) wrong.push(`${status} for a revoked token`);
      } else if (status !== 200 || (asking.path === '/introspect' && !isActive)) {
        wrong.push(`${status} ${body} for a good token`);
      }
    };
    const askings = [good, gone].flatMap((pair) => [
      me(pair.access_token),
      introspect(pair.access_token),
      { path: '/auth', headers: { authorization: `Bearer ${pair.access_token}` } },
      refresh(pair),
    ]);
    const load = startLoad(served.url, inTurns(askings), { clients: 24, onAnswer: check });
    try {
      await until('the load is under way', () => load.total > 500);
      await broken(redis, load, dark);
      const before = load.counts.get(200) ?? 0;
      await until('it serves again', () => (load.counts.get(200) ?? 0) > before + 500);
    } finally {
      await load.stop();
      const { exitCode } = await served.stop();
      await redis.remove();
      note(describeLoad(load));
      expect(exitCode).toBe(0);
    }
    expect(wrong).toEqual([]);
    expect(load.failures).toEqual([]);
    expect(load.refusals).toEqual([]);
    expect(load.counts.get(503) ?? 0).toBeGreaterThan(0);
    expect(load.counts.get(401) ?? 0).toBeGreaterThan(0);
  }

  async function untilRefused(load: Load): Promise<void> {
    const before = load.counts.get(503) ?? 0;
    await until('refusals', () => (load.counts.get(503) ?? 0) > before + 120, { seconds: 60 });
  }

  test('Redis killed and restarted five times: 503 meanwhile, and never a 200 for a revoked token', async () => {
    await withLoad(async (redis, load, dark) => {
      for (let round = 0; round < 5; round++) {
        await redis.stop('SIGKILL');
        dark.since = performance.now();
        await untilRefused(load);
        dark.since = undefined;
        await redis.start(['--appendonly', 'yes', '--appendfsync', 'always']);
        const start = performance.now();
        const before = load.counts.get(200) ?? 0;
        await until('it serves again', () => (load.counts.get(200) ?? 0) > before + 100);
        note(`  served again ${(performance.now() - start).toFixed(0)} ms after Redis did`);
      }
    });
  });

  test('Redis suspended: 503 after 2 s, and service again once it goes on', async () => {
    await withLoad(async (redis, load, dark) => {
      process.kill(redis.pid, 'SIGSTOP');
      try {
        await until('it stands still', () => /^State:\s+T/m.test(readFileSync(`/proc/${redis.pid}/status`, 'utf8')));
        dark.since = performance.now();
        await untilRefused(load);
      } finally {
        dark.since = undefined;
        process.kill(redis.pid, 'SIGCONT');
      }
      expect(Math.max(...load.waits)).toBeLessThan(5000);
    });
  });
});

describe('a keyring that is rotated under load', () => {
  for (const workers of [1, 2]) {
    test(`thirty times, ${workers === 1 ? 'one process' : `${workers} workers`}: no request fails, tokens of old keys hold`, async () => {
      const { served, keyring } = await startServing('--workers', String(workers));
      const old = await logIn(served.url);
      const issued = [old.access_token];
      const kids = new Set<string>();
      const askings: (() => Asking)[] = [
        () => me(old.access_token),
        () => me(issued[Math.floor(Math.random() * issued.length)] as string),
        () => introspect(issued.at(-1) as string),
        () => refresh(old),
        () => ({ path: '/.well-known/jwks.json' }),
      ];
      const turn = inTurns(askings);
      const inactive: string[] = [];
      const load = startLoad(served.url, () => turn()(), {
        clients: 16,
        onAnswer: ({ body }, { path }) => {
          if (path === '/introspect' && !body.startsWith('{"active":true')) inactive.push(body);
          if (path !== '/token/refresh') return;
          const { access_token: token } = JSON.parse(body);
          issued.push(token);
          kids.add(kidOf(token));
        },
      });
      for (let round = 0; round < rotations; round++) {
        await jwtkitOut('keys', 'rotate', '--keyring', keyring, '--alg', 'ES256');
      }
      const { length } = issued;
      await until('tokens of the last key', () => issued.length > length + 20);
      await load.stop();
      const { exitCode } = await served.stop();
      note(`${describeLoad(load)}, ${kids.size} keys of ${rotations + 1} signed`);
      expect(exitCode).toBe(0);
      expect(load.failures).toEqual([]);
      expect(load.refusals).toEqual([]);
      expect([...load.counts.keys()]).toEqual([200]);
      expect(inactive).toEqual([]);
      const [last, ...rest] = new Set(issued.slice(-10).map(kidOf));
      expect(rest).toEqual([]);
      expect(await jwtkitOut('issue', '--keyring', keyring, '--sub', 'u').then(kidOf)).toBe(last);
    });
  }
});

describe('clients that are slow on purpose', () => {
  const count = 1000;
  const kinds: Readonly<Record<string, { begin: string; drip: string; limit: number }>> = {
    // Limits of src/server/app.ts, and a second in which connections are looked at.
    headers: { begin: 'GET /users/me HTTP/1.1\r\nhost: localhost\r\n', drip: 'x-slow: 1\r\n', limit: 10_000 },
    bodies: {
      begin:
        'POST /token/refresh HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 60000\r\n\r\n',
      drip: 'a',
      limit: 15_000,
    },
  };
  for (const [name, { begin, drip, limit }] of Object.entries(kinds)) {
    test(`${count} connections that dribble ${name} are cut off in time, and others are answered as ever`, async () => {
      const { served } = await startServing();
      const { access_token: token } = await logIn(served.url);
      const asking = () => me(token);
      const calm = startLoad(served.url, asking, { clients: 4, pause: 10 });
      await until('answers', () => calm.total > 300);
      await calm.stop();

      const lives: number[] = [];
      const ends: string[] = [];
      const slow = Array.from({ length: count }, async () => {
        const connection = await Connection.open(served.url);
        const start = performance.now();
        const dripping = setInterval(() => connection.socket.write(drip), 1000);
        const end = await connection.ask(begin).then(
          ({ status }) => String(status),
          (error: Error) => error.message,
        );
        clearInterval(dripping);
        ends.push(end);
        lives.push(performance.now() - start);
        connection.close();
      });
      const busy = startLoad(served.url, asking, { clients: 4, pause: 10 });
      const fresh = startLoad(served.url, asking, { clients: 1, pause: 50, isFresh: true });
      await Promise.all(slow);
      await Promise.all([busy.stop(), fresh.stop()]);
      await served.stop();
      const [before, during] = [calm, busy].map(({ waits }) => quantile(waits, 0.99)) as [number, number];
      note(
        `  p99 of the others ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile, ${quantile(fresh.waits, 0.99).toFixed(1)} ms on new connections`,
      );
      note(`  cut off after ${(quantile(lives, 0) / 1000).toFixed(1)} to ${(quantile(lives, 1) / 1000).toFixed(1)} s`);
      for (const load of [busy, fresh]) {
        expect(load.failures).toEqual([]);
        expect(load.refusals).toEqual([]);
        expect([...load.counts.keys()]).toEqual([200]);
        expect(quantile(load.waits, 0.99)).toBeLessThan(500);
      }
      expect(new Set(ends)).toEqual(new Set(['408']));
      expect(Math.min(...lives)).toBeGreaterThan(limit * 0.9);
      expect(Math.max(...lives)).toBeLessThan(limit + 4000);
    });
  }
});

describe('SIGTERM under load', () => {
  for (const workers of [1, 2]) {
    for (const isFresh of [false, true]) {
      const how = isFresh ? 'a connection for each request' : 'connections that stay open';
      test(`${workers === 1 ? 'one process' : `${workers} workers`}, ${how}: whatever was accepted is answered, exit code 0`, async () => {
        for (let round = 0; round < 3; round++) {
          const { served } = await startServing('--workers', String(workers));
          const pair = await logIn(served.url);
          const turn = inTurns([me(pair.access_token), refresh(pair), introspect(pair.access_token)]);
          const load = startLoad(served.url, turn, { clients: 24, isFresh });
          await until('the load is under way', () => load.total > 300);
          const start = performance.now();
          const { exitCode, signal } = await served.stop('SIGTERM');
          const took = performance.now() - start;
          await load.stop();
          note(`${describeLoad(load)}; ended after ${took.toFixed(0)} ms`);
          expect({ exitCode, signal }).toEqual({ exitCode: 0, signal: null });
          expect(took).toBeLessThan(10_000);
          expect([...load.counts.keys()]).toEqual([200]);
          expect(load.failures).toEqual([]);
          expect(new Set(load.refusals)).toEqual(new Set(['ECONNREFUSED']));
        }
      });
    }
  }
});

describe('a worker that is killed under load', () => {
  for (const isFresh of [false, true]) {
    const how = isFresh ? 'a connection for each request' : 'connections that stay open';
    test(`is replaced while the other one serves on; ${how}`, async () => {
      const { served } = await startServing('--workers', '2');
      const { access_token: token } = await logIn(served.url);
      const clients = 8;
      const load = startLoad(served.url, () => me(token), { clients, isFresh });
      for (let round = 0; round < 3; round++) {
        await until('both serve', async () => (await servingProcesses(served.url)) === 2);
        const [victim] = childrenOf(served.pid) as [number];
        const [failed, before] = [load.failures.length, load.total];
        process.kill(victim, 'SIGKILL');
        await until('it is served on', () => load.total > before + 100);
        await until('it is replaced', () => childrenOf(served.pid).length === 2);
        // A client of the killed worker loses its connection, once.
        expect(load.failures.length - failed).toBeLessThanOrEqual(clients);
      }
      await load.stop();
      const { exitCode } = await served.stop();
      note(describeLoad(load));
      expect(exitCode).toBe(0);
      expect(load.refusals).toEqual([]);
      expect([...load.counts.keys()]).toEqual([200]);
      expect(served.written.stderr.match(/has ended \(SIGKILL\) and is replaced/g)).toHaveLength(3);
    });
  }
});
