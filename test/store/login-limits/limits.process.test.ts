// @module-tag slow
/** Counts of failed log-ins. Those that processes share through the one above them are a matter of test/server/processes/workers.process.test.ts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../scripts/free-port.js';
import {
  type LoginBounds,
  type LoginCounts,
  type OpenLoginLimits,
  openLoginLimits,
} from '../../../src/store/login-limits/limits.js';
import { answersWithin } from '../../time-limit.js';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.js';

/** Bounds of which the user's is met first, from whatever address. */
const threeOfEach: LoginBounds = { perUserAndAddress: 3, perUser: 3, perAddress: 5 };
/** Bounds in the proportions of `serve`. */
const usual: LoginBounds = { perUserAndAddress: 2, perUser: 20, perAddress: 20 };

const open: OpenLoginLimits[] = [];
afterEach(async () => {
  for (const limits of open.splice(0)) await limits.close();
});
async function openAt(counts: LoginCounts, bounds: LoginBounds = threeOfEach) {
  const limits = await openLoginLimits(counts, bounds);
  open.push(limits);
  return limits;
}

/** An attempt with a wrong password, or with the right one. */
const fail = (limits: OpenLoginLimits, address: string, user: string) =>
  limits.attempt(address, user, async () => false);
const succeed = (limits: OpenLoginLimits, address: string, user: string) => {
  return limits.attempt(address, user, async () => true);
};
/** Lets time pass for points: each ends so many milliseconds sooner. */
const moveScript = `for _, key in ipairs(KEYS) do
  for _, point in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ARGV[1], point) end
end`;
const expectWait = (outcome: boolean | number) => {
  expect(outcome).toBeGreaterThan(800);
  expect(outcome).toBeLessThanOrEqual(900);
  expect(Number.isInteger(outcome)).toBe(true);
};

function countsLogins(fresh: () => LoginCounts): void {
  let limits: OpenLoginLimits;
  beforeEach(async () => {
    limits = await openAt(fresh());
  });
  const failed = async (times: number, address: string, user: string) => {
    for (let round = 0; round < times; round++) expect(await fail(limits, address, user)).toBe(false);
  };

  test('blocks a user after the allowed failures from any addresses, and no other user', async () => {
    await failed(2, '10.0.0.1', 'alice');
    await failed(1, '10.0.0.2', 'alice');
    expectWait(await fail(limits, '10.0.0.1', 'alice'));
    expectWait(await fail(limits, '10.0.0.3', 'alice'));
    await failed(1, '10.0.0.3', 'bob');
    await failed(1, '10.0.0.3', 'Alice');
  });

  test('checks no password of a blocked user, even the right one', async () => {
    await failed(3, '10.0.0.1', 'alice');
    const look = vi.fn(async () => true);
    expectWait(await limits.attempt('10.0.0.2', 'alice', look));
    expect(look).not.toHaveBeenCalled();
  });

  test('blocks an address after the allowed failures for any users, and no other address', async () => {
    for (const user of ['a', 'b', 'c', 'd', 'e']) await failed(1, '10.0.0.1', user);
    expectWait(await fail(limits, '10.0.0.1', 'f'));
    await failed(1, '10.0.0.2', 'f');
  });

  test.each([
    ['2001:db8:0:1::1', '2001:db8::1:ffff:0:0:2', '2001:db8:0:2::1'],
    ['2001:DB8:0:1::', '2001:db8:0:0001:1:2:3:4', '2001:db8::1'],
    ['::1', '::2', '1::'],
    ['fe80::1%eth0', 'fe80::2', 'fe80:1::1'],
    ['::ffff:10.0.0.1', '10.0.0.1', '::ffff:10.0.0.2'],
  ])('%s counts as %s, and %s does not', async (one, same, other) => {
    for (const user of ['a', 'b', 'c']) await failed(1, one, user);
    for (const user of ['d', 'e']) await failed(1, same, user);
    expectWait(await fail(limits, one, 'f'));
    await failed(1, other, 'f');
  });

  test('an attempt from a blocked address does not count against the user', async () => {
    for (const user of ['a', 'b', 'c', 'd', 'e']) await failed(1, '10.0.0.1', user);
    for (let round = 0; round < 10; round++) expectWait(await fail(limits, '10.0.0.1', 'alice'));
    await failed(3, '10.0.0.2', 'alice');
  });

  describe('with more for a user at all addresses than at one', () => {
    beforeEach(async () => {
      limits = await openAt(fresh(), usual);
    });

    test('blocks a user at the address that failed, and at no other', async () => {
      await failed(2, '10.0.0.1', 'alice');
      const look = vi.fn(async () => true);
      expectWait(await limits.attempt('10.0.0.1', 'alice', look));
      expect(look).not.toHaveBeenCalled();
      expect(await succeed(limits, '10.0.0.2', 'alice')).toBe(true);
      expectWait(await fail(limits, '10.0.0.1', 'alice'));
      expect(await succeed(limits, '10.0.0.1', 'bob')).toBe(true);
    });

    test('blocks a user at all addresses after ten times as many failures', async () => {
      for (let from = 1; from <= 10; from++) await failed(2, `10.0.0.${from}`, 'alice');
      const look = vi.fn(async () => true);
      expectWait(await limits.attempt('10.0.0.99', 'alice', look));
      expect(look).not.toHaveBeenCalled();
      await failed(1, '10.0.0.99', 'bob');
    });

    test('an attempt of a blocked user at an address does not count against the user at others', async () => {
      await failed(2, '10.0.0.1', 'alice');
      for (let round = 0; round < 40; round++) expectWait(await fail(limits, '10.0.0.1', 'alice'));
      for (let from = 2; from <= 10; from++) await failed(2, `10.0.0.${from}`, 'alice');
    });

    test('a success clears the count of the user at its address, and not those of the user and of the address', async () => {
      for (let round = 0; round < 9; round++) {
        await failed(1, '10.0.0.1', 'alice');
        expect(await succeed(limits, '10.0.0.1', 'alice')).toBe(true);
        await failed(1, '10.0.0.2', `somebody-${round}`);
        await failed(1, '10.0.1.1', `somebody-${round}`);
      }
      await failed(2, '10.0.0.1', 'alice');
      for (let from = 3; from <= 11; from++) await failed(1, `10.0.0.${from}`, 'alice');
      expectWait(await succeed(limits, '10.0.0.99', 'alice'));
      for (let round = 0; round < 9; round++) await failed(1, '10.0.0.1', `other-${round}`);
      expectWait(await fail(limits, '10.0.0.1', 'bob'));
    });

    test('checks no more simultaneous wrong passwords of a user than allowed, from one address and from many', async () => {
      const look = vi.fn(async () => false);
      const at = (address: string) => limits.attempt(address, 'alice', look);
      await Promise.all(Array.from({ length: 30 }, () => at('10.0.0.1')));
      expect(look).toHaveBeenCalledTimes(2);
      await Promise.all(Array.from({ length: 60 }, (_, from) => at(`10.0.1.${from}`)));
      expect(look).toHaveBeenCalledTimes(20);
    });
  });

  test('checks no more simultaneous wrong passwords than allowed', async () => {
    const look = vi.fn(async () => false);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, at) => limits.attempt(`10.0.1.${at}`, 'alice', look)),
    );
    expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(3);
    expect(look).toHaveBeenCalledTimes(3);
    for (const outcome of outcomes) if (outcome !== false) expectWait(outcome);
    await failed(1, '10.0.1.0', 'bob');
  });

  test('40 simultaneous right passwords all succeed', async () => {
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => succeed(limits, '10.0.0.1', 'alice')));
    expect(outcomes).toEqual(Array.from({ length: 40 }, () => true));
  });

  test('a failed check does not count, and blocks nobody', async () => {
    const broken = async () => {
      throw new Error('no memory');
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 9 }, () => limits.attempt('10.0.0.1', 'alice', broken)),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(9);
    await failed(3, '10.0.0.1', 'alice');
    expectWait(await fail(limits, '10.0.0.1', 'alice'));
  });

  test.each(['', '__proto__', 'a b:c', 'ü'.repeat(10_000), '\0\r\n'])(
    'accepts any text as a name: %j',
    async (name) => {
      await failed(2, '10.0.0.1', name);
      expect(await succeed(limits, '::1', name)).toBe(true);
      await failed(1, '10.0.0.1', name);
      expectWait(await fail(limits, '::1', name));
    },
  );
}

describe('in this process', () => {
  countsLogins(() => ({ in: 'process' }));

  test('two limiters count separately', async () => {
    const [one, other] = [await openAt({ in: 'process' }), await openAt({ in: 'process' })];
    for (let round = 0; round < 4; round++) await fail(one, '10.0.0.1', 'alice');
    expect(await fail(other, '10.0.0.1', 'alice')).toBe(false);
  });
});

describeWithRedis('in Redis', () => {
  let server: RedisServer;
  let prefixes = 0;
  beforeAll(async () => {
    server = await startRedis({ password: 'p@ss' });
  });
  afterAll(() => server.remove());
  const fresh = () => ({ in: 'redis', location: `${server.url}?prefix=limits-${++prefixes}:` }) as const;

  countsLogins(fresh);

  test('processes with the same Redis share the counts', async () => {
    const counts = fresh();
    const [one, other] = [await openAt(counts), await openAt(counts)];
    for (const limits of [one, other]) expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
    expect(await succeed(one, '10.0.0.1', 'alice')).toBe(true);
    expect(await fail(other, '10.0.0.1', 'alice')).toBe(false);
    expectWait(await fail(one, '10.0.0.2', 'alice'));
  });

  test('two processes check no more simultaneous wrong passwords than allowed', async () => {
    const counts = fresh();
    const [one, other] = [await openAt(counts), await openAt(counts)];
    const look = vi.fn(async () => {
      await new Promise(setImmediate);
      return false;
    });
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? one : other).attempt(`10.0.1.${at}`, 'alice', look)),
    );
    expect(look).toHaveBeenCalledTimes(3);
    for (const outcome of outcomes) if (outcome !== false) expectWait(outcome);
    expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(3);
  });

  test('40 simultaneous right passwords in two processes all succeed', async () => {
    const counts = fresh();
    const [one, other] = [await openAt(counts), await openAt(counts)];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, at) => succeed(at % 2 === 0 ? one : other, '10.0.0.1', 'alice')),
    );
    expect(outcomes).toEqual(Array.from({ length: 40 }, () => true));
  });

  test('a process that ends during a check costs its user and address one point', async () => {
    const counts = fresh();
    const [killed, other] = [await openAt(counts), await openAt(counts)];
    await new Promise<void>((resolve) => {
      killed.attempt('10.0.0.1', 'alice', () => {
        resolve();
        return new Promise(() => {});
      });
    });
    for (let round = 0; round < 2; round++) expect(await fail(other, '10.0.0.1', 'alice')).toBe(false);
    // The time is that for which others wait for the one that was killed.
    const keys = await server.ask('KEYS', `limits-${prefixes}:*`);
    await server.ask('EVAL', moveScript, String(keys.length), ...keys, '10000');
    const outcome = await fail(other, '10.0.0.1', 'alice');
    expect(outcome).toBeGreaterThan(800);
    expect(outcome).toBeLessThanOrEqual(890);
  });

  test('if the Redis user may not count, a note says so and each process counts', async () => {
    await server.ask('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '+@all', '-zadd');
    const notes: string[] = [];
    const location = server.url.replace(/\/\/.*@/, '//app:secret@');
    const limits = await openLoginLimits(
      { in: 'redis', location },
      { perUserAndAddress: 1, perUser: 10, perAddress: 5 },
      (text) => notes.push(text),
    );
    open.push(limits);
    expect(notes).toEqual([expect.stringMatching(/may not count log-ins there: each process counts for itself/)]);
    expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
    expectWait(await fail(limits, '10.0.0.1', 'alice'));
  });

  test('keys have the prefix, expire, and show no user name', async () => {
    const counts = fresh();
    const limits = await openAt(counts);
    await fail(limits, '10.0.0.1', 'alice@example.com');
    const keys = await server.ask('KEYS', `limits-${prefixes}:*`);
    expect(keys).toHaveLength(3);
    expect(keys.join(' ')).not.toContain('alice');
    for (const key of keys) {
      expect(Number((await server.ask('TTL', key))[0])).toBeGreaterThan(800);
      expect(Number((await server.ask('TTL', key))[0])).toBeLessThanOrEqual(900);
    }
  });

  test('an unreachable server at the start is an error', async () => {
    const location = `redis://127.0.0.1:${await freePort()}`;
    await expect(
      openLoginLimits({ in: 'redis', location }, { perUserAndAddress: 1, perUser: 1, perAddress: 1 }),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    const wrong = server.url.replace('p%40ss', 'wrong');
    await expect(
      openLoginLimits({ in: 'redis', location: wrong }, { perUserAndAddress: 1, perUser: 1, perAddress: 1 }),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('counts in each process after the server is lost', async () => {
    const passing = await startRedis();
    try {
      const counts = { in: 'redis', location: passing.url } as const;
      const [one, other] = [await openAt(counts), await openAt(counts)];
      await passing.stop();
      expect(await fail(one, '10.0.0.1', 'alice')).toBe(false);
      expect(await succeed(one, '10.0.0.1', 'alice')).toBe(true);
      for (let round = 0; round < 2; round++) expect(await fail(one, '10.0.0.1', 'alice')).toBe(false);
      expectWait(await fail(one, '10.0.0.1', 'alice'));
      expect(await fail(other, '10.0.0.1', 'alice')).toBe(false);
    } finally {
      await passing.remove();
    }
  });

  test('counts in each process while the server hangs, within a time limit', async () => {
    const hanging = await startRedis();
    try {
      const limits = await openAt(
        { in: 'redis', location: hanging.url },
        { perUserAndAddress: 1, perUser: 1, perAddress: 1 },
      );
      process.kill(hanging.pid, 'SIGSTOP');
      // Of its questions one waits.
      await answersWithin(3500, async () => {
        expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
        expectWait(await fail(limits, '10.0.0.1', 'bob'));
      });
    } finally {
      await hanging.remove();
    }
  });
});
