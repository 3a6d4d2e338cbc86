// @module-tag slow
/** A Redis that may have forgotten a revocation answers nothing: it evicts, it came back empty, somebody flushed it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRedisDenylist } from '../../../src/store/denylist/redis.js';
import type { StoreWatch } from '../../../src/store/denylist-options.js';
import { slotOf } from '../../../src/store/redis/slots.js';
import type { Denylist, Revocation } from '../../../src/token/denylist.js';
import {
  describeWithRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
  until,
} from '../redis-server.js';

const now = () => Math.floor(Date.now() / 1000);
const dead: Revocation = { kind: 'token', id: 'dead', reason: 'revoked', until: now() + 86_400 };
const ofDead = { jti: 'dead', sub: 'u', family: 'f', iat: now() };

const open: Denylist[] = [];
async function openAt(
  location: string,
  { mode = 'write', interval = 0, ...watch }: StoreWatch & { mode?: 'read' | 'update' | 'write' } = {},
): Promise<Denylist> {
  const denylist = await openRedisDenylist(location, { mode, now }, { interval, ...watch });
  open.push(denylist);
  return denylist;
}

const evicting = { code: 'STORE_UNAVAILABLE', details: { reason: 'entries are evicted' } };
const lost = { code: 'STORE_UNAVAILABLE', details: { reason: 'entries were lost' } };

async function listOf(denylist: Denylist): Promise<Revocation[]> {
  const entries: Revocation[] = [];
  for await (const entry of denylist.list()) entries.push(entry);
  return entries;
}

/** Every question and every change fails with an error like this one. */
async function expectNothing(denylist: Denylist, error: object): Promise<void> {
  const questions = [
    () => denylist.find(ofDead),
    () => denylist.find({ jti: 'readyz' }),
    () => listOf(denylist),
    () => denylist.add(dead),
    () => denylist.consume('once', now() + 60),
  ];
  for (const question of questions) await expect(question()).rejects.toMatchObject(error);
}

/** Asks until the connection is back; resolves to what is wrong then. */
async function failureAfterReconnect(denylist: Denylist): Promise<unknown> {
  let failure: { message: string } | undefined;
  await until('the connection is back', async () => {
    const found = await denylist.find(ofDead).catch((error) => {
      failure = error;
    });
    if (failure === undefined) expect(found).toEqual(dead);
    return failure !== undefined && !/connection refused|cannot be reached/.test(failure.message);
  });
  return failure;
}

describeWithRedis('a Redis server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ args: ['--enable-debug-command', 'yes'] });
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    await server.ask('FLUSHALL');
    await setPolicy('noeviction', '0');
  });
  afterEach(async () => {
    for (const denylist of open.splice(0)) await denylist.close();
  });
  const setPolicy = async (policy: string, limit = '100mb') => {
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', policy);
    await server.ask('CONFIG', 'SET', 'maxmemory', limit);
  };
  /** The names of all keys under the usual prefix. */
  const keys = async () => (await server.ask('KEYS', 'jwtkit:*')).filter((key) => key !== '').sort();

  describe('that evicts entries', () => {
    test.each(['allkeys-random', 'allkeys-lru', 'volatile-lru', 'volatile-ttl'])(
      '%s set between questions: no answer until it is set back',
      async (policy) => {
        const denylist = await openAt(server.url);
        await denylist.add(dead);
        await setPolicy(policy);
        await expectNothing(denylist, evicting);
        await setPolicy('noeviction');
        await until('it answers again', () =>
          denylist.find(ofDead).then(
            (found) => found !== undefined,
            () => false,
          ),
        );
      },
    );

    test('is accepted without a memory limit', async () => {
      const denylist = await openAt(server.url);
      await denylist.add(dead);
      await setPolicy('allkeys-random', '0');
      expect(await denylist.find(ofDead)).toEqual(dead);
    });

    test('is checked for once an interval, and on each connection', async () => {
      const denylist = await openAt(server.url, { interval: 3_600_000 });
      await denylist.add(dead);
      await setPolicy('allkeys-random');
      expect(await denylist.find(ofDead)).toEqual(dead);
      await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
      expect(await failureAfterReconnect(denylist)).toMatchObject(evicting);
    });

    /** Lets the server drop so many bytes of other entries. */
    async function evict(bytes: number): Promise<void> {
      await server.ask('DEBUG', 'POPULATE', '2000', `filler-${bytes}`, '1000');
      const used = /used_memory:(\d+)/.exec((await server.ask('INFO', 'memory')).join('\n'))?.[1];
      await setPolicy('allkeys-random', String(Number(used) - bytes));
      await setPolicy('noeviction', '0');
    }

    test('is noticed by its counter even if the policy is fine again', async () => {
      const denylist = await openAt(server.url);
      await denylist.add(dead);
      await evict(500_000);
      await expectNothing(denylist, lost);
    });

    test('is noticed by a counter that began at zero again, as after a restart, and is still below its old number', async () => {
      await evict(1_500_000);
      const denylist = await openAt(server.url);
      await denylist.add(dead);
      await server.ask('CONFIG', 'RESETSTAT');
      await evict(500_000);
      await expectNothing(denylist, lost);
    });
  });

  test('answers nothing as a replica that has lost its master, and again once it follows one', async () => {
    const former = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    const isLinked = async () => (await former.ask('INFO', 'replication')).includes('master_link_status:up');
    await until('the replica follows', isLinked);
    const denylist = await openAt(former.url, { mode: 'read' });
    expect(await denylist.find(ofDead)).toBeUndefined();
    await former.ask('REPLICAOF', '127.0.0.1', '1');
    await (await openAt(server.url)).add(dead);
    const cutOff = {
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('a replica that has lost its master'),
    };
    await expect(denylist.find(ofDead)).rejects.toMatchObject(cutOff);
    await expect(openAt(former.url)).rejects.toMatchObject(cutOff);
    await former.ask('REPLICAOF', '127.0.0.1', String(server.port));
    await until('it follows again', isLinked);
    expect(await denylist.find(ofDead)).toEqual(dead);
    await former.remove();
  });

  describe('that lost its entries', () => {
    test('fails every question of a process that knew them, even after new writes', async () => {
      const notes: string[] = [];
      const denylist = await openAt(server.url, { note: (text) => notes.push(text) });
      notes.length = 0;
      await denylist.add(dead);
      await server.ask('FLUSHALL');
      await expectNothing(denylist, lost);
      const later = await openAt(server.url);
      await later.add(dead);
      expect(await later.find(ofDead)).toEqual(dead);
      await expectNothing(denylist, lost);
      expect(notes).toEqual([expect.stringMatching(/lost entries \(its marker is gone\).*restart this process/)]);
    });

    test('is noticed even after another process wrote a new marker', async () => {
      const denylist = await openAt(server.url);
      await denylist.add(dead);
      await server.ask('FLUSHALL');
      await (await openAt(server.url)).add({ ...dead, id: 'another' });
      await expectNothing(denylist, lost);
    });

    test('a list fails instead of coming back empty', async () => {
      const denylist = await openAt(server.url);
      await denylist.add(dead);
      await server.ask('FLUSHALL');
      await expect(listOf(denylist)).rejects.toMatchObject(lost);
    });

    test('never answers "not revoked" to a simultaneous question', async () => {
      const denylist = await openAt(server.url, { interval: 10_000 });
      await denylist.add(dead);
      const answers = new Set<string>();
      let isFlushed = false;
      const flush = server.ask('FLUSHALL').then(() => {
        isFlushed = true;
      });
      for (let afterwards = 0; afterwards < 3; afterwards += isFlushed ? 1 : 0) {
        const found = await Promise.all(
          Array.from({ length: 20 }, () =>
            denylist.find(ofDead).then(
              (entry) => (entry === undefined ? 'not revoked' : 'revoked'),
              (error) => error.details.reason,
            ),
          ),
        );
        await new Promise(setImmediate);
        for (const answer of found) answers.add(answer);
      }
      await flush;
      expect(answers).not.toContain('not revoked');
      expect(answers).toContain('entries were lost');
    });

    test('a restart is noticed with the new connection', { tags: 'slow' }, async () => {
      const passing = await startRedis();
      try {
        const denylist = await openAt(passing.url, { interval: 10_000 });
        await denylist.add(dead);
        await passing.stop('SIGKILL');
        await passing.start();
        expect(await failureAfterReconnect(denylist)).toMatchObject(lost);
        await expectNothing(denylist, lost);
      } finally {
        await passing.remove();
      }
    });

    test.each<[string, string[], object | undefined]>([
      ['another policy', ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-random'], evicting],
      ['the same', [], undefined],
    ])('a restart that keeps the entries is accepted, with %s', async (_what, args, failure) => {
      const passing = await startRedis();
      try {
        const denylist = await openAt(passing.url, { interval: 3_600_000 });
        await denylist.add(dead);
        await passing.ask('SAVE');
        await passing.stop();
        await passing.start(args);
        if (failure !== undefined) return expect(await failureAfterReconnect(denylist)).toMatchObject(failure);
        await until('it answers again', () =>
          denylist.find(ofDead).then(
            (found) => found !== undefined,
            () => false,
          ),
        );
        expect(await denylist.find(ofDead)).toEqual(dead);
      } finally {
        await passing.remove();
      }
    });

    test('is noticed by a later process of the same service', async () => {
      const known = new Map<string, string>();
      const first = await openAt(server.url, { onMarker: (key, value) => known.set(key, value) });
      await first.add(dead);
      await server.ask('FLUSHALL');
      await expectNothing(await openAt(server.url, { markers: known }), lost);
    });
  });

  describe('the marker', () => {
    test('is made by the first writer, has the prefix, never expires, and is not listed', async () => {
      const denylist = await openAt(`${server.url}?prefix=${encodeURIComponent('jwtkit:{a}:')}`);
      await denylist.add(dead);
      const [marker = '', entry = ''] = await keys();
      expect(marker).toBe('jwtkit:{a}:marker:0');
      expect(entry).toMatch(/^jwtkit:\{a\}:token:/);
      expect(await server.ask('TTL', marker)).toEqual(['-1']);
      expect(await listOf(denylist)).toEqual([dead]);
      expect(await denylist.prune(now() + 1e6)).toBe(0);
      expect(await keys()).toEqual([marker, entry]);
    });

    test('is read once for all questions of one turn', async () => {
      const denylist = await openAt(server.url, { interval: 3_600_000 });
      await denylist.add(dead);
      await server.ask('CONFIG', 'RESETSTAT');
      await Promise.all(Array.from({ length: 100 }, () => denylist.find({ jti: 'dead' })));
      expect((await server.ask('INFO', 'commandstats')).join('\n')).toMatch(/^cmdstat_hmget:calls=101,/m);
    });

    test('is one for each store', async () => {
      const known = new Set<string>();
      const onMarker = (_key: string, value: string) => known.add(value);
      await Promise.all(Array.from({ length: 10 }, () => openAt(server.url, { onMarker })));
      expect(known.size).toBe(1);
      await openAt(`${server.url}?prefix=other:`, { onMarker });
      await openAt(`${server.url}/1`, { onMarker });
      expect(known.size).toBe(3);
    });

    test('is not made by a reader, which relies on it once it exists', async () => {
      const reader = await openAt(server.url, { mode: 'read' });
      expect(await reader.find(ofDead)).toBeUndefined();
      expect(await listOf(reader)).toEqual([]);
      expect(await keys()).toEqual([]);
      await (await openAt(server.url)).add(dead);
      expect(await reader.find(ofDead)).toEqual(dead);
      await server.ask('FLUSHALL');
      await expect(reader.find(ofDead)).rejects.toMatchObject(lost);
    });

    test('may be missing on an empty server', async () => {
      for (const mode of ['read', 'update', 'write'] as const) {
        await server.ask('FLUSHALL');
        const denylist = await openAt(server.url, { mode });
        expect(await denylist.find(ofDead)).toBeUndefined();
        await denylist.add(dead);
        expect(await denylist.find(ofDead)).toEqual(dead);
      }
    });

    test('is made later if the server takes no writes at first', async () => {
      await setPolicy('noeviction', '1');
      const denylist = await openAt(server.url);
      expect(await denylist.find(ofDead)).toBeUndefined();
      expect(await keys()).toEqual([]);
      await setPolicy('noeviction', '0');
      await denylist.add(dead);
      await server.ask('FLUSHALL');
      await expectNothing(denylist, lost);
    });
  });

  describe('a restricted Redis user', () => {
    const denylistCommands = ['+hmget', '+hset', '+expireat', '+eval', '+scan', '+hello'];
    test.each<[string, string[], RegExp[], { finds: boolean; notices: boolean }]>([
      [
        'the commands that entries need, and INFO',
        [...denylistCommands, '+info', '~jwtkit:*'],
        [],
        { finds: true, notices: true },
      ],
      [
        'no INFO',
        [...denylistCommands, '~jwtkit:*'],
        [/may not run INFO: jwtkit cannot check that maxmemory-policy/],
        { finds: true, notices: true },
      ],
      [
        'no writes',
        ['+@read', '+@connection', '+info', '~jwtkit:*'],
        [/may not write jwtkit:marker:0: jwtkit cannot notice/],
        { finds: true, notices: true },
      ],
      [
        'the keys of entries alone',
        ['+@all', '~jwtkit:token:*', '~jwtkit:family:*', '~jwtkit:subject:*'],
        [/may not write jwtkit:marker:0/, /may not read jwtkit:marker:0/, /in memory only/],
        { finds: true, notices: false },
      ],
    ])('with %s', async (_what, rules, expected, { notices }) => {
      await server.ask('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules);
      await (await openAt(server.url)).add(dead);
      const notes: string[] = [];
      const denylist = await openAt(server.url.replace('//', '//app:secret@'), { note: (text) => notes.push(text) });
      expect(await denylist.find(ofDead)).toEqual(dead);
      const canWrite = !rules.includes('+@read');
      if (canWrite) await denylist.add({ ...dead, id: 'another' });
      expect(
        notes.map((note) => expected.some((pattern) => pattern.test(note))),
        notes.join('\n'),
      ).toEqual(expected.map(() => true));
      await server.ask('FLUSHALL');
      const answer = await denylist.find(ofDead).catch((error) => error.details.reason);
      expect(answer).toBe(notices ? 'entries were lost' : undefined);
    });
  });

  test.each<[string, string[], number]>([
    ['neither', [], 1],
    ['save', ['--save', '3600 1'], 0],
    ['appendonly', ['--appendonly', 'yes'], 0],
    ['a hidden CONFIG', ['--rename-command', 'CONFIG', ''], 0],
  ])('notes a server that forgets everything at a restart: %s', async (_what, args, count) => {
    const passing = await startRedis({ args });
    try {
      const notes: string[] = [];
      await openAt(passing.url, { note: (text) => notes.push(text) });
      expect(notes).toHaveLength(count);
      for (const note of notes)
        expect(note).toMatch(/^the Redis store 127\.0\.0\.1:\d+: it keeps entries in memory only/);
    } finally {
      await passing.remove();
    }
  });
});

describeWithRedis('a Redis cluster', { tags: 'slow' }, () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 60_000);
  afterAll(() => cluster.remove());
  afterEach(async () => {
    for (const denylist of open.splice(0)) await denylist.close();
  });
  const ids = Array.from({ length: 60 }, (_, at) => `id-${at}`);

  test('computes the same slot as Redis', async () => {
    const [node] = cluster.nodes as [RedisServer];
    const names = ['', 'a', 'jwtkit:marker:0', 'jwtkit:{a}:x', '{a}', '{}a{b}', 'a{b', 'a}b{c}d', '{{a}}', 'jürgen 李'];
    for (const key of names)
      expect([key, String(slotOf(key))]).toEqual([key, ...(await node.ask('CLUSTER', 'KEYSLOT', key))]);
  });

  test.each(['', '?prefix=%7Bone-slot%7D:'])(
    'every node has a marker, and the loss of any is noticed: prefix %j',
    async (end) => {
      for (const [at, node] of cluster.nodes.entries()) {
        for (const each of cluster.nodes) await each.ask('FLUSHALL');
        const denylist = await openAt(cluster.url + end, { interval: 10_000 });
        for (const id of ids) await denylist.add({ ...dead, id });
        const markers = (await Promise.all(cluster.nodes.map((each) => each.ask('KEYS', '*:marker:*')))).map(
          (found) => found.filter((key) => key !== '').length,
        );
        const isSpread = end === '';
        expect(markers.reduce((sum, count) => sum + count)).toBe(isSpread ? 3 : 1);
        if (isSpread) expect(markers).toEqual([1, 1, 1]);
        else if (markers[at] === 0) continue;
        await node.ask('FLUSHALL');
        const answers: string[] = [];
        for (const jti of ids) {
          answers.push(
            await denylist.find({ jti }).then(
              (found) => (found === undefined ? 'not revoked' : 'revoked'),
              (error) => error.details.reason,
            ),
          );
        }
        expect(answers).not.toContain('not revoked');
        expect(answers).toContain('entries were lost');
        await expectNothing(denylist, lost);
      }
    },
  );

  test('notices a node that evicts, whichever is asked', async () => {
    const [, , last] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
    const denylist = await openAt(cluster.url);
    await last.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await last.ask('CONFIG', 'SET', 'maxmemory', '100mb');
    try {
      await until('no question is answered, whichever node it is for', async () => {
        const answers = await Promise.allSettled(ids.map((jti) => denylist.find({ jti })));
        return answers.every(({ status }) => status === 'rejected');
      });
      await expectNothing(denylist, evicting);
      await expect(openAt(cluster.url)).rejects.toMatchObject(evicting);
    } finally {
      await last.ask('CONFIG', 'SET', 'maxmemory', '0');
      await last.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    }
  });
});
