// @module-tag slow
/** A Redis whose master sentinels name: found at the start, and followed when it changes. Real servers, real sentinels. */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../scripts/free-port.js';
import { openRedisDenylist } from '../../../src/store/denylist/redis.js';
import type { StoreWatch } from '../../../src/store/denylist-options.js';
import { openLoginLimits } from '../../../src/store/login-limits/limits.js';
import type { Denylist, Revocation } from '../../../src/token/denylist.js';
import { answersWithin } from '../../time-limit.js';
import { type RedisSentinels, startRedisSentinels } from '../redis-sentinel.js';
import { describeWithRedis, type RedisServer, startRedis, until } from '../redis-server.js';

const now = () => Math.floor(Date.now() / 1000);
const dead: Revocation = { kind: 'token', id: 'dead', reason: 'revoked', until: now() + 86_400 };

const open: Denylist[] = [];
afterEach(async () => {
  for (const denylist of open.splice(0)) await denylist.close();
});
/** Opens a store. Six servers on a busy machine may need longer than the 2 s that it has for its first answer. */
async function patiently<T>(openStore: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openStore();
    } catch (error) {
      if (attempt === 5 || !String(error).includes('no answer within')) throw error;
    }
  }
}

async function openAt(location: string, watch: StoreWatch = {}): Promise<Denylist> {
  const denylist = await patiently(() => openRedisDenylist(location, { mode: 'write', now }, watch));
  open.push(denylist);
  return denylist;
}

/** Asks until there is an answer, and checks that it is never "not revoked". */
async function untilFound(denylist: Denylist, jti = 'dead'): Promise<void> {
  await until('an answer', async () => {
    const found = await denylist.find({ jti }).catch((error) => {
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      return 'no answer';
    });
    expect(found).toBeDefined();
    return found !== 'no answer';
  });
}

describeWithRedis('Redis with sentinels', { tags: 'slow' }, () => {
  let redis: RedisSentinels;
  beforeAll(async () => {
    redis = await startRedisSentinels({ password: 'hunter2', sentinelPassword: 'guard3' });
  }, 60_000);
  afterAll(() => redis.remove());

  test('a handle follows a failover with all that it knew, and notes it', async () => {
    const notes: string[] = [];
    const denylist = await openAt(redis.url, { note: (text) => notes.push(text) });
    await denylist.add(dead);
    notes.length = 0;
    await redis.failOver();
    const { port } = await redis.master();
    await until('a note', () => notes.length > 0);
    expect(notes).toEqual([expect.stringContaining(`127.0.0.1:${port} is a master now`)]);
    await untilFound(denylist);
    await denylist.add({ ...dead, id: 'after' });
    expect(await denylist.find({ jti: 'after' })).toBeDefined();
    expect(await denylist.consume('once', now() + 60)).toBeUndefined();
    expect(await denylist.consume('once', now() + 60)).toBeDefined();
    await redis.untilFollowed();
  });

  test('lists every entry', async () => {
    const denylist = await openAt(`${redis.url}&prefix=listed:`);
    const ids = Array.from({ length: 100 }, (_, at) => `id-${at}`);
    await Promise.all(ids.map((id) => denylist.add({ ...dead, id })));
    const listed: string[] = [];
    for await (const { id } of denylist.list()) listed.push(id);
    expect(listed.sort()).toEqual(ids.sort());
  });

  test.each([['SIGKILL'], ['SIGSTOP']] as const)('a master that ends or hangs is replaced: %s', async (signal) => {
    const denylist = await openAt(redis.url);
    await denylist.add(dead);
    const before = await redis.master();
    if (signal === 'SIGKILL') await before.stop('SIGKILL');
    else process.kill(before.pid, 'SIGSTOP');
    try {
      await until('another master', async () => (await redis.master()) !== before);
      await untilFound(denylist);
      await denylist.add({ ...dead, id: 'after' });
      await (await openAt(redis.url)).add({ ...dead, id: 'by a new handle' });
    } finally {
      if (signal === 'SIGKILL') await before.start();
      else process.kill(before.pid, 'SIGCONT');
    }
    // The old master comes back as a replica, and is not asked.
    await redis.untilFollowed();
    for (const jti of ['dead', 'after', 'by a new handle']) await untilFound(denylist, jti);
  });

  /** Promotes an empty replica. A sentinel may tell it once more whom to follow, and its master fills it: then all begins anew. */
  async function promoteEmptied(keys: string, attempts = 3): Promise<void> {
    const master = await redis.master();
    const replica = redis.servers.find((server) => server !== master) as RedisServer;
    await replica.ask('CONFIG', 'SET', 'replica-read-only', 'no');
    await replica.ask('FLUSHALL');
    await redis.failOver();
    if ((await replica.ask('KEYS', keys)).join('') === '') return;
    if (attempts === 1) throw new Error('the replica was filled again before it was promoted, each time');
    await redis.untilFollowed();
    await promoteEmptied(keys, attempts - 1);
  }

  test('a promoted replica without the entries is noticed', async () => {
    const denylist = await openAt(`${redis.url}&prefix=emptied:`);
    await denylist.add(dead);
    await promoteEmptied('emptied:*');
    const lost = { code: 'STORE_UNAVAILABLE', details: { reason: 'entries were lost' } };
    await until('the loss is noticed', () =>
      denylist.find({ jti: 'dead' }).then(
        (found) => {
          expect(found).toBeDefined();
          return false;
        },
        (error) => error.details.reason === lost.details.reason,
      ),
    );
    await expect(denylist.find({ jti: 'dead' })).rejects.toMatchObject(lost);
    await expect(denylist.add(dead)).rejects.toMatchObject(lost);
    await redis.untilFollowed();
  });

  test('one living sentinel of those that are named is enough', async () => {
    const port = await freePort();
    const url = redis.url.replace(/@[^/]*,/, `@127.0.0.1:${port},`);
    const denylist = await openAt(url);
    await denylist.add(dead);
    expect(await denylist.find({ jti: 'dead' })).toEqual(dead);
  });

  test('a restricted user needs ROLE beside the commands of entries', async () => {
    const rules = ['+hmget', '+hset', '+expireat', '+eval', '+scan', '+hello', '+info', '~jwtkit:*'];
    for (const server of redis.servers) await server.ask('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules);
    const location = redis.url.replace('//:hunter2@', '//app:secret@');
    await expect(openAt(location)).rejects.toMatchObject({
      message: expect.stringMatching(/as sentinels name it: the user may not run the command \(NOPERM\)/),
    });
    for (const server of redis.servers) await server.ask('ACL', 'SETUSER', 'app', '+role');
    await (await openAt(location)).add(dead);
  });

  test('log-ins are counted at the master', async () => {
    const bounds = { perUserAndAddress: 2, perUser: 20, perAddress: 20 };
    const counts = { in: 'redis', location: redis.url } as const;
    const openLimits = () => patiently(() => openLoginLimits(counts, bounds));
    const [one, other] = [await openLimits(), await openLimits()];
    for (const limits of [one, other]) expect(await limits.attempt('10.0.0.1', 'u', async () => false)).toBe(false);
    expect(await one.attempt('10.0.0.1', 'u', async () => true)).toBeGreaterThan(800);
    for (const limits of [one, other]) await limits.close();
  });

  describe('does not open, and no message has a password', () => {
    const failureOf = async (location: string) => {
      const failure = await openAt(location).catch((error) => error);
      expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(`${failure.message} ${failure.hint}`).not.toMatch(/hunter2|guard3|wrong/);
      return failure.message as string;
    };

    test('with a name that no sentinel knows', async () => {
      expect(await failureOf(redis.url.replace('mymaster', 'other'))).toMatch(
        /\/other cannot be used: no sentinel knows its master: 127\.0\.0\.1:\d+: it watches no master of this name/,
      );
    });

    test('with a wrong password of the servers, or of the sentinels', async () => {
      expect(await failureOf(redis.url.replace('hunter2', 'wrong'))).toMatch(
        /its master 127\.0\.0\.1:\d+, as sentinels name it: it does not accept the user and password/,
      );
      expect(await failureOf(redis.url.replace('guard3', 'wrong'))).toMatch(/no sentinel knows its master.*WRONGPASS/);
    });

    test('with the password of the servers alone: sentinels do not get it', async () => {
      const same = redis.url.replace(/\?.*/, '').replace('hunter2', 'guard3');
      expect(await failureOf(same)).toMatch(/no sentinel knows its master.*NOAUTH/);
    });

    test('with sentinels that do not answer', async () => {
      const port = await freePort();
      expect(await failureOf(`redis+sentinel://u:hunter2@127.0.0.1:${port}/mymaster`)).toMatch(
        /no sentinel knows its master: 127\.0\.0\.1:\d+: connection refused/,
      );
    });
  });
});

interface Fields {
  ip?: string;
  port?: number;
  'config-epoch'?: number;
  /** The port in the answer to SENTINEL MASTER, if it is another one. */
  former?: number;
  /** What it answers to GET-MASTER-ADDR-BY-NAME instead. */
  reply?: string;
  /** Whether it answers as before RESP3, with lists for maps. */
  isOld?: boolean;
}

/** A sentinel that gives everybody the same answers. */
function startAnswering(fields: Fields, port = 0): Promise<{ port: number; server: Server; stop(): void }> {
  const sockets = new Set<Socket>();
  const { former, reply, isOld = false, ip = '', port: named = '' } = fields;
  const members = { name: 'mymaster', ip, port: former ?? named, 'config-epoch': fields['config-epoch'] };
  const pairs = Object.entries(members).map(([name, value]) => `+${name}\r\n+${value}\r\n`);
  const answers: Record<string, string> = {
    HELLO: '%1\r\n+proto\r\n:3\r\n',
    'SENTINEL MASTER': `${isOld ? `*${pairs.length * 2}` : `%${pairs.length}`}\r\n${pairs.join('')}`,
    'SENTINEL GET-MASTER-ADDR-BY-NAME': reply ?? `*2\r\n+${ip}\r\n+${named}\r\n`,
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const asked = bytes.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)(?:\r\n\$\d+\r\n([\w-]+))?/g);
      for (const [, command, more] of asked) {
        socket.write(answers[`${command} ${more}`] ?? answers[`${command}`] ?? '+OK\r\n');
      }
    });
  });
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({ port: (server.address() as { port: number }).port, server, stop });
    });
  });
}

describeWithRedis('sentinels whose failover takes long', { tags: 'slow' }, () => {
  test('a master that is back before its failover is over is not asked', async () => {
    // The last replica refuses to follow another master. So the failover lasts 5 s, and its sentinel shows the old master meanwhile.
    const lastArgs = ['--replica-priority', '0', '--rename-command', 'SLAVEOF', ''];
    const redis = await startRedisSentinels({ replicas: 2, lastArgs });
    try {
      const denylist = await openAt(redis.url);
      await denylist.add(dead);
      const [old, next] = redis.servers;
      await old.stop('SIGKILL');
      await until('a sentinel that names the new master', async () => {
        const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'];
        const all = await Promise.all(redis.sentinels.map((sentinel) => sentinel.ask(...question)));
        return all.some(([, port]) => port === String(next.port));
      });
      await old.start();
      await untilFound(denylist);
      await denylist.add({ ...dead, id: 'after' });
      await (await openAt(redis.url)).add({ ...dead, id: 'by a new handle' });
      // Three entries and the marker.
      expect(await next.ask('DBSIZE')).toEqual(['4']);
    } finally {
      await redis.remove();
    }
  });
});

describeWithRedis('what sentinels say', () => {
  const running: Server[] = [];
  afterEach(() => {
    for (const server of running.splice(0)) server.close();
  });
  const locationOf = async (...answers: Fields[]) => {
    const started = await Promise.all(answers.map((fields) => startAnswering(fields)));
    running.push(...started.map(({ server }) => server));
    return `redis+sentinel://${started.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster`;
  };
  const at = (port: number, epoch: number) => ({ ip: '127.0.0.1', port, 'config-epoch': epoch });

  /** Runs a test with two masters, of which the fresh one must get an entry and the marker, and the old one nothing. */
  async function withTwoMasters(body: (old: RedisServer, fresh: RedisServer) => Promise<void>): Promise<void> {
    const [old, fresh] = await Promise.all([startRedis(), startRedis()]);
    try {
      await body(old, fresh);
      expect(await fresh.ask('DBSIZE')).toEqual(['2']);
      expect(await old.ask('DBSIZE')).toEqual(['0']);
    } finally {
      await Promise.all([old.remove(), fresh.remove()]);
    }
  }

  test('counts by the latest failover, not by who answers first', () =>
    withTwoMasters(async (old, fresh) => {
      await (await openAt(await locationOf(at(old.port, 3), at(fresh.port, 11), at(old.port, 4)))).add(dead);
    }));

  test('takes the new address of a failover that is not over, and lists for maps', () =>
    withTwoMasters(async (old, fresh) => {
      const underWay = { ...at(fresh.port, 5), former: old.port, isOld: true };
      await (await openAt(await locationOf(at(old.port, 4), underWay, at(old.port, 4)))).add(dead);
    }));

  test('of those that have seen the latest failover the most count, and a tie does not', () =>
    withTwoMasters(async (old, fresh) => {
      for (let turn = 0; turn < 3; turn++) {
        const ports = [fresh.port, fresh.port, fresh.port];
        ports[turn] = old.port;
        await (await openAt(await locationOf(...ports.map((port) => at(port, 2))))).add(dead);
      }
      await expect(openAt(await locationOf(at(old.port, 2), at(fresh.port, 2)))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(/its sentinels disagree: they name 127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+$/),
      });
    }));

  test('does not go back to a master from before a failover that was heard of', { tags: 'slow' }, () =>
    withTwoMasters(async (old, fresh) => {
      const behind = await startAnswering(at(old.port, 1));
      const others = await Promise.all([startAnswering(at(fresh.port, 2)), startAnswering(at(fresh.port, 2))]);
      const ports = [behind, ...others].map(({ port }) => `127.0.0.1:${port}`).join(',');
      const denylist = await openAt(`redis+sentinel://${ports}/mymaster`);
      await denylist.add(dead);
      for (const sentinel of others) sentinel.stop();
      const end = performance.now() + 4000;
      while (performance.now() < end) await untilFound(denylist);
      // Sentinels that are set up anew count from the beginning.
      behind.stop();
      for (const { port } of [behind, ...others]) running.push((await startAnswering(at(fresh.port, 0), port)).server);
      await wait(1500);
      await untilFound(denylist);
    }),
  );

  test('a sentinel that does not tell its user the address says what is needed', async () => {
    const forbidden = { ...at(1, 1), reply: '-NOPERM this user has no permissions\r\n' };
    await expect(openAt(await locationOf(forbidden))).rejects.toMatchObject({
      message: expect.stringContaining('the user may not run the command (NOPERM)'),
      hint: 'its user needs SENTINEL MASTER and SENTINEL GET-MASTER-ADDR-BY-NAME',
    });
  });

  test('a sentinel that hangs delays nothing for long', async () => {
    const master = await startRedis();
    try {
      const location = await locationOf(at(master.port, 1), at(master.port, 1));
      const silent = createServer((socket) => socket.on('error', () => {}));
      running.push(silent);
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as { port: number };
      await answersWithin(1500, async () => openAt(location.replace('//', `//127.0.0.1:${port},`)));
    } finally {
      await master.remove();
    }
  });

  test('a master that no sentinel names any more is not asked after 10 s, until one names it again', {
    tags: 'slow',
  }, async () => {
    const master = await startRedis();
    const sentinel = await startAnswering(at(master.port, 1));
    try {
      const denylist = await openAt(`redis+sentinel://127.0.0.1:${sentinel.port}/mymaster`);
      await denylist.add(dead);
      sentinel.stop();
      expect(await denylist.find({ jti: 'dead' })).toEqual(dead);
      const began = performance.now();
      let message = '';
      await until('no answer', () =>
        denylist.find({ jti: 'dead' }).then(
          () => false,
          (error) => {
            message = error.message;
            return true;
          },
        ),
      );
      expect(message).toMatch(/no sentinel has named its master for 10 s/);
      expect(performance.now() - began).toBeGreaterThan(7000);
      running.push((await startAnswering(at(master.port, 1), sentinel.port)).server);
      await untilFound(denylist);
    } finally {
      await master.remove();
    }
  });

  test('does not make a replica a master', async () => {
    const master = await startRedis();
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    try {
      await expect(openAt(await locationOf(at(replica.port, 1)))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining(`its master 127.0.0.1:${replica.port}, as sentinels name it: it is a replica`),
      });
    } finally {
      await Promise.all([master.remove(), replica.remove()]);
    }
  });

  test.each<[string, Fields]>([
    ['no host', { port: 1 }],
    ['no answer', { ip: '127.0.0.1', port: 1, reply: '_\r\n' }],
    ['a host with a line end', { ip: 'a b', port: 1 }],
    ['no port', { ip: '127.0.0.1' }],
    ['a port that is none', { ip: '127.0.0.1', port: 65_536 }],
  ])('is refused with %s', async (_what, fields) => {
    await expect(openAt(await locationOf(fields))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('its answer names no host and port'),
    });
  });
});
