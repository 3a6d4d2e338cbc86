/** A Redis whose master sentinels name: found at the start, and followed when it changes. Real servers, real sentinels. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRedisDenylist } from '../../../src/store/denylist/redis.js';
import type { StoreWatch } from '../../../src/store/denylist-options.js';
import { openLoginLimits } from '../../../src/store/login-limits/limits.js';
import type { Denylist, Revocation } from '../../../src/token/denylist.js';
import { within } from '../../time-limit.js';
import { type RedisSentinels, startRedisSentinels } from '../redis-sentinel.js';
import { describeWithRedis, freePort, type RedisServer, startRedis, until } from '../redis-server.js';

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

  test('a promoted replica without the entries is noticed', async () => {
    const denylist = await openAt(`${redis.url}&prefix=emptied:`);
    await denylist.add(dead);
    const master = await redis.master();
    const replica = redis.servers.find((server) => server !== master) as RedisServer;
    await replica.ask('CONFIG', 'SET', 'replica-read-only', 'no');
    await replica.ask('FLUSHALL');
    await redis.failOver();
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

/** A sentinel that gives one answer, whoever asks. */
function startAnswering(answer: string, port = 0): Promise<{ port: number; server: Server; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const [, command = ''] of bytes.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        if (command === 'HELLO') socket.write('%1\r\n+proto\r\n:3\r\n');
        else socket.write(command === 'SENTINEL' ? answer : '+OK\r\n');
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

const answer = (fields: object) =>
  Object.entries(fields).reduce(
    (text, [name, value]) => `${text}+${name}\r\n+${value}\r\n`,
    `%${Object.keys(fields).length}\r\n`,
  );

describeWithRedis('what sentinels say', () => {
  const running: Server[] = [];
  afterEach(() => {
    for (const server of running.splice(0)) server.close();
  });
  const locationOf = async (...answers: object[]) => {
    const started = await Promise.all(answers.map((fields) => startAnswering(answer(fields))));
    running.push(...started.map(({ server }) => server));
    return `redis+sentinel://${started.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster`;
  };
  const at = (port: number, epoch: number) => ({ name: 'mymaster', ip: '127.0.0.1', port, 'config-epoch': epoch });

  test('counts by the latest failover, not by who answers first', async () => {
    const [old, fresh] = await Promise.all([startRedis(), startRedis()]);
    try {
      const denylist = await openAt(await locationOf(at(old.port, 3), at(fresh.port, 11), at(old.port, 4)));
      await denylist.add(dead);
      expect(await fresh.ask('DBSIZE')).toEqual(['2']);
      expect(await old.ask('DBSIZE')).toEqual(['0']);
    } finally {
      await Promise.all([old.remove(), fresh.remove()]);
    }
  });

  test('a sentinel that hangs delays nothing for long', async () => {
    const master = await startRedis();
    try {
      const location = await locationOf(at(master.port, 1), at(master.port, 1));
      const silent = createServer((socket) => socket.on('error', () => {}));
      running.push(silent);
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as { port: number };
      await within(1500, async () => openAt(location.replace('//', `//127.0.0.1:${port},`)));
    } finally {
      await master.remove();
    }
  });

  test('a master that no sentinel names any more is not asked after 10 s, until one names it again', {
    tags: 'slow',
  }, async () => {
    const master = await startRedis();
    const sentinel = await startAnswering(answer(at(master.port, 1)));
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
      running.push((await startAnswering(answer(at(master.port, 1)), sentinel.port)).server);
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

  test.each<[string, object]>([
    ['no host', { port: 1 }],
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
