/** A master that is killed or hangs under load, and a replica in its place: by sentinels, and in a cluster. What a failover may lose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDenylist } from '../../src/store/denylist/open.js';
import type { Denylist, Revocation } from '../../src/token/denylist.js';
import { alice, aliceForm, asClient, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { startRedisSentinels } from '../store/redis-sentinel.js';
import { describeWithRedis, type RedisServer, startRedisCluster, until } from '../store/redis-server.js';
import { type Answer, type Asking, startLoad } from './load.js';
import { jwtkitOut, note, quantile, temporaryFolder } from './processes.js';

const now = () => Math.floor(Date.now() / 1000);
const entry = (id: string): Revocation => ({ kind: 'token', id, reason: 'revoked', until: now() + 86_400 });
type Signal = 'SIGKILL' | 'SIGSTOP';
const ends = [
  ['is killed', 'SIGKILL'],
  ['hangs', 'SIGSTOP'],
] as const;

async function end(server: RedisServer, signal: Signal): Promise<void> {
  if (signal === 'SIGKILL') return server.stop('SIGKILL');
  process.kill(server.pid, 'SIGSTOP');
  await until('it stands still', () => /^State:\s+T/m.test(readFileSync(`/proc/${server.pid}/status`, 'utf8')));
}

async function bringBack(server: RedisServer, signal: Signal): Promise<void> {
  if (signal === 'SIGKILL') await server.start();
  else process.kill(server.pid, 'SIGCONT');
}

/** Runs two services under load on a store, of whose servers some come to an end meanwhile. */
async function serveThrough(store: string, failover: () => Promise<void>): Promise<void> {
  const keyring = join(temporaryFolder(), 'keyring');
  await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
  writeAccounts(keyring, [alice]);
  const args = ['--keyring', keyring, '--store', store, '--aud', 'api', '--issuer-url', 'https://auth.example'];
  const machines = await Promise.all([1, 2].map(() => serveBinary(args, { cwd: temporaryFolder() })));
  const logIn = async (at: number) => (await sendForm(`${machines[at]?.url}/token`, aliceForm)).body;
  const gone: string[] = [];
  // Enough of them that each node of a cluster has some.
  for (let at = 0; at < 8; at++) {
    const { access_token, refresh_token } = await logIn(at % 2);
    gone.push(String(access_token));
    const { status } = await sendForm(`${machines[at % 2]?.url}/revoke`, { token: String(refresh_token) }, asClient);
    expect(status).toBe(200);
  }
  const good = String((await logIn(0)).access_token);
  const wrong: string[] = [];
  let isGoodRevoked = false;
  const me = (token: string): Asking => ({ path: '/users/me', headers: { authorization: `Bearer ${token}` } });
  const check = ({ status }: Answer, { headers }: Asking) => {
    const due = headers?.authorization === `Bearer ${good}` ? 200 : 401;
    if (status === due || status === 503 || (due === 200 && isGoodRevoked)) return;
    wrong.push(`${status} instead of ${due}`);
  };
  const askings = [...gone, good].map(me);
  const loads = machines.map(({ url }) => {
    let turn = 0;
    const next = () => askings[turn++ % askings.length] as Asking;
    return startLoad(url, next, { clients: 6, onAnswer: check });
  });
  const served = () => loads.map(({ counts }) => counts.get(200) ?? 0);
  const untilBothServe = async () => {
    const before = served();
    await until('both serve', () => served().every((count, at) => count > (before[at] as number) + 50), {
      seconds: 60,
    });
  };
  try {
    await untilBothServe();
    const began = performance.now();
    await failover();
    await untilBothServe();
    note(`  both serve ${((performance.now() - began) / 1000).toFixed(1)} s after the end of the master`);
    isGoodRevoked = true;
    const { status } = await sendForm(`${machines[0]?.url}/revoke`, { token: good }, asClient);
    expect(status).toBe(200);
    const response = await fetch(`${machines[1]?.url}/users/me`, { headers: { authorization: `Bearer ${good}` } });
    expect(response.status).toBe(401);
  } finally {
    for (const load of loads) await load.stop();
    for (const machine of machines) await machine.stop();
  }
  for (const { counts, waits, failures } of loads) {
    const answers = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
    note(`  ${answers}, p99 ${quantile(waits, 0.99).toFixed(0)} ms, ${failures.length} failures`);
    expect(failures).toEqual([]);
  }
  expect(wrong).toEqual([]);
}

describeWithRedis('two services whose master is replaced', () => {
  test.each(ends)(
    'by sentinels, after it %s: 503 meanwhile, never a 200 for a revoked token',
    async (_what, signal) => {
      const redis = await startRedisSentinels();
      try {
        await serveThrough(redis.url, async () => {
          const master = await redis.master();
          await end(master, signal);
          await until('another master', async () => (await redis.master()) !== master, { seconds: 60 });
        });
      } finally {
        await redis.remove();
      }
    },
  );

  test.each(ends)(
    'in a cluster, after it %s: 503 meanwhile, never a 200 for a revoked token',
    async (_what, signal) => {
      const cluster = await startRedisCluster({ hasReplicas: true });
      const [master, , , replica] = cluster.nodes as [RedisServer, RedisServer, RedisServer, RedisServer];
      try {
        await serveThrough(cluster.url, async () => {
          await end(master, signal);
          await until('another master', async () => (await replica.ask('ROLE')).includes('master'), { seconds: 60 });
        });
      } finally {
        await cluster.remove();
      }
    },
  );
});

describeWithRedis('a replica that lags and is promoted', () => {
  /** Lets a replica stand still, makes a change, and promotes the replica. Returns whether the change counted, and is there. */
  async function lagAndFailOver(wait: number): Promise<{ counted: boolean; isThere: boolean }> {
    const redis = await startRedisSentinels();
    let denylist: Denylist | undefined;
    try {
      const [master, replica] = redis.servers;
      denylist = await openDenylist(`${redis.url}?wait=${wait}`, { mode: 'write', now });
      await denylist.add(entry('before'));
      await redis.untilFollowed();
      await end(replica, 'SIGSTOP');
      // More than the system keeps for the replica, so that what comes later stays in the master's memory.
      await master.ask('EVAL', "for at = 1, 60 do redis.call('SET', 'filler' .. at, string.rep('x', 1e6)) end", '0');
      const counted = await denylist.add(entry('late')).then(
        () => true,
        () => false,
      );
      // Killed before the replica goes on, so that what it did last is nowhere else.
      await master.stop('SIGKILL');
      process.kill(replica.pid, 'SIGCONT');
      await until('another master', async () => (await redis.master()) === replica, { seconds: 60 });
      let found: unknown[] = [];
      await until('an answer', async () => {
        const asked = ['before', 'late'].map((jti) => denylist?.find({ jti }));
        const answers = await Promise.all(asked).catch(() => undefined);
        found = answers ?? [];
        return answers !== undefined;
      });
      expect(found[0]).toBeDefined();
      return { counted, isThere: found[1] !== undefined };
    } finally {
      await denylist?.close();
      await redis.remove();
    }
  }

  test('loses what was acknowledged without wait=', async () => {
    expect(await lagAndFailOver(0)).toEqual({ counted: true, isThere: false });
  });

  test('loses nothing that was acknowledged with wait=1', async () => {
    expect(await lagAndFailOver(1)).toEqual({ counted: false, isThere: false });
  });

  test('keeps every change that wait=1 acknowledged, under load, over failovers', async () => {
    const redis = await startRedisSentinels({ replicas: 2 });
    const denylist = await openDenylist(`${redis.url}?wait=1`, { mode: 'write', now }).catch(async (error) => {
      await redis.remove();
      throw error;
    });
    const acknowledged: string[] = [];
    let [refused, isDone] = [0, false];
    const writer = async (own: number) => {
      for (let at = 0; !isDone; at++) {
        const id = `${own}-${at}`;
        await denylist.add(entry(id)).then(
          () => acknowledged.push(id),
          () => refused++,
        );
        await new Promise(setImmediate);
      }
    };
    try {
      const writers = Promise.all(Array.from({ length: 8 }, (_, own) => writer(own)));
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const master = await redis.master();
        const before = acknowledged.length;
        await until('changes', () => acknowledged.length > before + 200);
        await end(master, signal);
        await until('another master', async () => (await redis.master()) !== master, { seconds: 60 });
        // Else the old master, back too early, could take a change with a replica that follows it still.
        await redis.untilFollowed(1);
        await bringBack(master, signal);
        await redis.untilFollowed();
      }
      const before = acknowledged.length;
      await until('changes', () => acknowledged.length > before + 200);
      isDone = true;
      await writers;
      for (const jti of acknowledged) expect(await denylist.find({ jti }), jti).toBeDefined();
      note(`  ${acknowledged.length} changes acknowledged and kept, ${refused} refused`);
    } finally {
      isDone = true;
      await denylist.close();
      await redis.remove();
    }
  });
});
