/**
 * Redis in every state but a good one: each question is answered with STORE_UNAVAILABLE in time, never with "not revoked",
 * and an open handle works again once the server does.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { openDenylist } from '../../src/store/denylist/open.js';
import type { Denylist, Revocation } from '../../src/token/denylist.js';
import { serveBinary } from '../cli/served.js';
import {
  describeWithRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
  until,
  untilClusterIsWhole,
} from '../store/redis-server.js';
import { jwtkit, jwtkitOut, note, temporaryFolder } from './processes.js';

/** Milliseconds: 2 s for a command of an open handle, as much to connect, and the start of a process. */
const limits = { command: 2500, process: 6000 };
const now = () => Math.floor(Date.now() / 1000);
const dead: Revocation = { kind: 'token', id: 'dead', reason: 'revoked', until: now() + 86_400 };

let keyring: string;
let token: string;
beforeAll(async () => {
  keyring = join(temporaryFolder(), 'keyring');
  await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
  token = await jwtkitOut('issue', '--keyring', keyring, '--sub', 'u', '--jti', 'dead', '--ttl', '1h');
});

async function openAt(location: string): Promise<Denylist> {
  return (await openDenylist(location, { mode: 'write', now })) as Denylist;
}

type Asking = 'find' | 'list' | 'add' | 'consume';
const reading = ['find', 'list'] as const;
const writing = ['add', 'consume'] as const;

async function ask(denylist: Denylist, what: Asking): Promise<unknown> {
  switch (what) {
    case 'find':
      return denylist.find({ jti: 'dead', sub: 'u', family: 'f', iat: now() });
    case 'list': {
      const entries: Revocation[] = [];
      for await (const entry of denylist.list()) entries.push(entry);
      return entries;
    }
    case 'add':
      return denylist.add({ ...dead, id: 'another' });
    case 'consume':
      return denylist.consume(`consumed-${Math.random()}`, now() + 60);
  }
}

/** All of these fail, each within its limit. */
async function expectUnavailable(denylist: Denylist, what: readonly Asking[]): Promise<void> {
  for (const asking of what) {
    const start = performance.now();
    const answer = await ask(denylist, asking).then(
      (value) => ({ value }),
      (error: { code?: string; message: string }) => ({ code: error.code, message: error.message }),
    );
    const took = performance.now() - start;
    expect(answer, asking).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((answer as { message: string }).message).not.toMatch(/hunter2|admin/);
    expect(took, asking).toBeLessThan(limits.command);
  }
}

/** The command line exits 3 in time and prints no verdict. */
async function expectExit3(store: string, commands: readonly ('verify' | 'revoke')[]): Promise<void> {
  for (const command of commands) {
    const { exitCode, stdout, stderr, took } = await jwtkit([command, token, '--keyring', keyring, '--store', store]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^error: the Redis store /);
    expect(stderr).not.toMatch(/hunter2|admin/);
    expect(took).toBeLessThan(limits.process);
  }
}

/** The handle that saw it all works again, with everything that it knew. */
async function expectRecovery(denylist: Denylist): Promise<void> {
  const start = performance.now();
  await until('the open handle works again', async () => {
    const found = await ask(denylist, 'find').catch(() => 'unavailable');
    // Between broken and whole there is no "not revoked".
    expect(found).toBeDefined();
    return found !== 'unavailable';
  });
  note(`  recovered in ${(performance.now() - start).toFixed(0)} ms`);
  expect(await ask(denylist, 'find')).toEqual(dead);
  await ask(denylist, 'add');
  expect(await ask(denylist, 'consume')).toBeUndefined();
}

describeWithRedis('Redis', () => {
  let server: RedisServer;
  let denylist: Denylist;
  beforeEach(async () => {
    server = await startRedis({ args: ['--enable-debug-command', 'yes'], password: 'hunter2' });
    denylist = await openAt(server.url);
    await denylist.add(dead);
  });
  afterEach(async () => {
    await denylist.close();
    await server.remove();
  });

  test('answers again after a restart', async () => {
    await server.ask('SAVE');
    await server.stop();
    await expectUnavailable(denylist, [...reading, ...writing]);
    await expectExit3(server.url, ['verify', 'revoke']);
    await server.start();
    await expectRecovery(denylist);
  });

  test('answers again after SIGKILL, also with questions in flight', async () => {
    await server.ask('SAVE');
    const asked = Array.from({ length: 50 }, () => ask(denylist, 'find').catch((error) => error.code));
    await server.stop('SIGKILL');
    for (const answer of await Promise.all(asked)) {
      if (answer !== 'STORE_UNAVAILABLE') expect(answer).toEqual(dead);
    }
    await expectUnavailable(denylist, [...reading, ...writing]);
    await server.start();
    await expectRecovery(denylist);
  });

  test('after all connections are cut, a question never gets "not revoked"', async () => {
    for (let round = 0; round < 10; round++) {
      await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
      await expectRecovery(denylist);
    }
  });

  test.each([
    ['a paused one', (ms: number) => server.ask('CLIENT', 'PAUSE', String(ms), 'ALL')],
    [
      'a sleeping one',
      async (ms: number) => {
        // The answer comes when it wakes. A paused one has no such moment: it still asks strangers for a password.
        server.ask('DEBUG', 'SLEEP', String(ms / 1000)).catch(() => {});
        await until('it is silent', async () => !(await server.isAnswering()));
      },
    ],
  ])('%s', async (_what, pause) => {
    await pause(9000);
    await Promise.all([
      ...[...reading, ...writing].map((asking) => expectUnavailable(denylist, [asking])),
      expectExit3(server.url, ['verify']),
    ]);
    await expectRecovery(denylist);
  });

  test('fails while the Redis process is suspended', async () => {
    process.kill(server.pid, 'SIGSTOP');
    await Promise.all([
      ...[...reading, ...writing].map((asking) => expectUnavailable(denylist, [asking])),
      expectExit3(server.url, ['verify', 'revoke']),
    ]);
    process.kill(server.pid, 'SIGCONT');
    await expectRecovery(denylist);
  });

  test('refuses a flood of questions at once while the Redis process is suspended', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const reasons = await Promise.all(
      Array.from({ length: 20_000 }, () => ask(denylist, 'find').catch((error: Error) => error.message.split(': ')[1])),
    );
    const refused = reasons.filter((reason) => reason === 'it has 10000 questions to answer');
    const unanswered = reasons.filter((reason) => reason === 'no answer within 2 s');
    // Each asks for a token, a family and a subject.
    expect(unanswered.length).toBeLessThanOrEqual(Math.ceil(10_000 / 3));
    expect(refused.length + unanswered.length).toBe(reasons.length);
    process.kill(server.pid, 'SIGCONT');
    await expectRecovery(denylist);
  });

  test('a replica of a dead master takes no writes', async () => {
    await server.ask('REPLICAOF', '127.0.0.1', String(await freePort()));
    await expectUnavailable(denylist, writing);
    await expectExit3(server.url, ['revoke']);
    await server.ask('REPLICAOF', 'NO', 'ONE');
    await expectRecovery(denylist);
  });

  test('a replica that serves no stale entries answers nothing', async () => {
    await server.ask('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    await server.ask('REPLICAOF', '127.0.0.1', String(await freePort()));
    await expectUnavailable(denylist, [...reading, ...writing]);
    await expectExit3(server.url, ['verify', 'revoke']);
    await server.ask('REPLICAOF', 'NO', 'ONE');
    await expectRecovery(denylist);
  });

  test('a master with too few replicas takes no writes', async () => {
    await server.ask('CONFIG', 'SET', 'min-replicas-to-write', '1');
    await expectUnavailable(denylist, writing);
    await expectExit3(server.url, ['revoke']);
    await server.ask('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await expectRecovery(denylist);
  });

  test('a full Redis takes no writes and still knows what is revoked', async () => {
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await server.ask('CONFIG', 'SET', 'maxmemory', '1');
    await expectUnavailable(denylist, writing);
    expect(await ask(denylist, 'find')).toEqual(dead);
    await expectExit3(server.url, ['revoke']);
    expect((await jwtkit(['verify', token, '--keyring', keyring, '--store', server.url])).exitCode).toBe(17);
    await server.ask('CONFIG', 'SET', 'maxmemory', '0');
    await expectRecovery(denylist);
  });

  test('a Redis that fills up under load keeps what it acknowledged', async () => {
    const used = Number(/used_memory:(\d+)/.exec((await server.ask('INFO', 'memory')).join('\n'))?.[1]);
    await server.ask('CONFIG', 'SET', 'maxmemory', String(used + 1_000_000));
    const acknowledged: string[] = [];
    let refused = 0;
    for (let at = 0; at < 20_000 && refused === 0; at += 100) {
      const jtis = Array.from({ length: 100 }, (_, offset) => `fill-${at + offset}`);
      const outcomes = await Promise.allSettled(jtis.map((id) => denylist.add({ ...dead, id })));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'fulfilled') acknowledged.push(jtis[index] as string);
        else {
          refused++;
          expect(outcome.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' });
        }
      }
    }
    expect(refused).toBeGreaterThan(0);
    for (const jti of acknowledged) expect(await denylist.find({ jti })).toBeDefined();
    note(`  ${acknowledged.length} entries in the last megabyte`);
  });

  test('a Redis that cannot save refuses writes', async () => {
    await server.ask('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
    await server.ask('CONFIG', 'SET', 'save', '3600 1');
    // A folder in the place of the dump makes the rename at the end of saving fail.
    const [, folder = ''] = await server.ask('CONFIG', 'GET', 'dir');
    mkdirSync(join(folder, 'dump.rdb', 'x'), { recursive: true });
    await server.ask('BGSAVE');
    await until('saving fails', async () =>
      (await server.ask('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    await expectUnavailable(denylist, writing);
    await expectExit3(server.url, ['revoke']);
    rmSync(join(folder, 'dump.rdb'), { recursive: true });
    await server.ask('BGSAVE');
    await until('saving works', async () =>
      (await server.ask('INFO', 'persistence')).includes('rdb_last_bgsave_status:ok'),
    );
    await expectRecovery(denylist);
  });

  test('fails while Redis loads its data', async () => {
    await server.ask('DEBUG', 'POPULATE', '20000', 'filler', '1000');
    await server.ask('SAVE');
    await server.stop('SIGKILL');
    await server.start(['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']);
    await expectUnavailable(denylist, [...reading, ...writing]);
    await expectExit3(server.url, ['verify', 'revoke']);
    await server.ask('CONFIG', 'SET', 'key-load-delay', '0');
    await expectRecovery(denylist);
  });

  test('fails while Redis is busy with a script', async () => {
    await server.ask('CONFIG', 'SET', 'busy-reply-threshold', '100');
    const script = server.ask('EVAL', 'while true do end', '0').catch(() => {});
    const isBusy = () =>
      server.ask('PING').then(
        () => false,
        () => true,
      );
    await until('it is busy', isBusy);
    await expectUnavailable(denylist, [...reading, ...writing]);
    await expectExit3(server.url, ['verify']);
    await server.ask('SCRIPT', 'KILL');
    await script;
    await expectRecovery(denylist);
  });

  test('fails with a wrong password, or none', async () => {
    for (const credentials of ['', ':wrong-hunter2@', 'admin:hunter2@']) {
      const location = `redis://${credentials}127.0.0.1:${server.port}`;
      const start = performance.now();
      const failure = await openAt(location).catch((error) => error);
      expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(failure.message).not.toMatch(/hunter2|admin/);
      expect(performance.now() - start).toBeLessThan(limits.command);
      await expectExit3(location, ['verify', 'revoke']);
    }
  });

  test('fails after the password changed under an open handle', async () => {
    await server.ask('CONFIG', 'SET', 'requirepass', 'changed');
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
    await expectExit3(server.url, ['verify']);
  });

  test('fails for a database that does not exist', async () => {
    await expectExit3(`${server.url}/99`, ['verify', 'revoke']);
  });

  test('thousands of questions during restarts never get "not revoked"', async () => {
    await server.ask('SAVE');
    let answers = 0;
    let failures = 0;
    let isDone = false;
    const askers = Array.from({ length: 10 }, async () => {
      while (!isDone) {
        const found = await ask(denylist, 'find').catch((error) => error.code);
        if (found === 'STORE_UNAVAILABLE') {
          failures++;
          await new Promise(setImmediate);
        } else {
          expect(found).toEqual(dead);
          answers++;
        }
      }
    });
    for (let round = 0; round < 5; round++) {
      await server.stop('SIGKILL');
      await server.start();
      const before = answers;
      await until('answers again', () => answers > before + 100);
    }
    isDone = true;
    await Promise.all(askers);
    note(`  ${answers} answers, ${failures} failures`);
    expect(failures).toBeGreaterThan(0);
  });
});

/** Asks without a pause until told to stop; resolves to how often each answer came. */
function askAllTheTime(question: () => Promise<string>): { stop(): Promise<Record<string, number>> } {
  const counts: Record<string, number> = {};
  let isDone = false;
  const askers = Promise.all(
    Array.from({ length: 5 }, async () => {
      while (!isDone) {
        const answer = await question();
        counts[answer] = (counts[answer] ?? 0) + 1;
        await new Promise(setImmediate);
      }
    }),
  );
  return {
    async stop() {
      isDone = true;
      await askers;
      return counts;
    },
  };
}

describeWithRedis('a Redis that forgot', () => {
  test.each<[string, (server: RedisServer) => Promise<unknown>]>([
    [
      'killed, back without its entries',
      async (server) => {
        await server.stop('SIGKILL');
        await server.start();
      },
    ],
    ['flushed', (server) => server.ask('FLUSHALL')],
    [
      'flushed in the middle of a new connection',
      async (server) => {
        await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
        await server.ask('FLUSHALL');
      },
    ],
  ])('%s: twenty times, no question gets "not revoked"', async (_what, forget) => {
    const total: Record<string, number> = {};
    for (let round = 0; round < 20; round++) {
      const server = await startRedis();
      const denylist = await openAt(server.url);
      try {
        await denylist.add(dead);
        const asking = askAllTheTime(() =>
          ask(denylist, 'find').then(
            (found) => (found === undefined ? 'not revoked' : 'revoked'),
            (error) => error.details.reason ?? 'unavailable',
          ),
        );
        await forget(server);
        await until('the loss is noticed', () =>
          ask(denylist, 'find').then(
            () => false,
            (error) => error.details.reason === 'entries were lost',
          ),
        );
        for (const [answer, count] of Object.entries(await asking.stop())) total[answer] = (total[answer] ?? 0) + count;
      } finally {
        await denylist.close();
        await server.remove();
      }
    }
    note(`  ${JSON.stringify(total)}`);
    expect(total).not.toHaveProperty('not revoked');
    expect(total['entries were lost']).toBeGreaterThan(0);
  });

  test('a service notices within seconds that Redis evicts, and answers again once Redis stops', async () => {
    const server = await startRedis();
    try {
      const served = await serveBinary(['--keyring', keyring, '--store', server.url], { cwd: temporaryFolder() });
      const ready = async () => {
        const response = await fetch(`${served.url}/readyz`);
        return { status: response.status, body: await response.json() };
      };
      expect(await ready()).toMatchObject({ status: 200 });
      await server.ask('CONFIG', 'SET', 'maxmemory', '100mb');
      await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
      const start = performance.now();
      await until('it is not ready', async () => (await ready()).status === 503);
      note(`  noticed after ${((performance.now() - start) / 1000).toFixed(1)} s`);
      expect((await ready()).body).toMatchObject({ store: 'failed', reason: 'entries are evicted' });
      await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await until('it is ready', async () => (await ready()).status === 200);
      await served.stop();
    } finally {
      await server.remove();
    }
  });
});

describeWithRedis('a Redis cluster', () => {
  let cluster: RedisCluster;
  let denylist: Denylist;
  /** One identifier on each node, so that the loss of any is noticed. */
  const ids = Array.from({ length: 60 }, (_, at) => `id-${at}`);
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.remove());
  beforeEach(async () => {
    denylist = await openAt(cluster.url);
    for (const id of ids) await denylist.add({ ...dead, id });
    await denylist.add(dead);
  });
  afterEach(() => denylist.close());

  const findAll = () =>
    Promise.all(
      ids.map((jti) =>
        denylist.find({ jti }).then(
          (found) => (found === undefined ? 'not revoked' : 'revoked'),
          (error) => error.code,
        ),
      ),
    );

  test('answers again after a node restarted', async () => {
    const node = cluster.nodes[1] as RedisServer;
    await node.ask('SAVE');
    await node.stop();
    const start = performance.now();
    const answers = await findAll();
    expect(performance.now() - start).toBeLessThan(limits.command);
    expect(new Set(answers)).toContain('STORE_UNAVAILABLE');
    expect(answers).not.toContain('not revoked');
    await node.start();
    await untilClusterIsWhole(cluster.nodes);
    await until('all are found again', async () => {
      const found = await findAll();
      expect(found).not.toContain('not revoked');
      return found.every((answer) => answer === 'revoked');
    });
    await expectRecovery(denylist);
  });

  test('fails while a node is suspended', async () => {
    const node = cluster.nodes[2] as RedisServer;
    process.kill(node.pid, 'SIGSTOP');
    const start = performance.now();
    const answers = await findAll();
    expect(performance.now() - start).toBeLessThan(limits.command);
    expect(new Set(answers)).toContain('STORE_UNAVAILABLE');
    expect(answers).not.toContain('not revoked');
    process.kill(node.pid, 'SIGCONT');
    await untilClusterIsWhole(cluster.nodes);
    await until('all are found again', async () => (await findAll()).every((answer) => answer === 'revoked'));
  });

  test('a location that names one dead node of three still opens', async () => {
    const port = await freePort();
    const [, living = ''] = cluster.url.split('//');
    const opened = await openAt(`redis+cluster://127.0.0.1:${port},${living}`);
    expect(await opened.find({ jti: 'dead' })).toEqual(dead);
    await opened.close();
  });

  test('a slot that moves to another node is followed', async () => {
    const [from, to] = cluster.nodes as [RedisServer, RedisServer];
    const [key = ''] = await from.ask('RANDOMKEY');
    const [slot = ''] = await from.ask('CLUSTER', 'KEYSLOT', key);
    const [fromId = ''] = await from.ask('CLUSTER', 'MYID');
    const [toId = ''] = await to.ask('CLUSTER', 'MYID');
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    expect(new Set(await findAll())).toEqual(new Set(['revoked']));
    for (let keys = await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, '100'); keys[0]; keys = []) {
      for (const moving of keys) await from.ask('MIGRATE', '127.0.0.1', String(to.port), moving, '0', '1000');
    }
    expect(new Set(await findAll())).toEqual(new Set(['revoked']));
    for (const node of cluster.nodes) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    expect(new Set(await findAll())).toEqual(new Set(['revoked']));
    await expectRecovery(denylist);
  });

  test('fails after all nodes are killed', async () => {
    await Promise.all(cluster.nodes.map((node) => node.stop('SIGKILL')));
    await expectUnavailable(denylist, [...reading, ...writing]);
    await expectExit3(cluster.url, ['verify']);
  });
});
