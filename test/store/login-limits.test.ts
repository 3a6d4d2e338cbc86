/** Counts of failed log-ins. Those that processes share through the one above them are a matter of test/cli/serve-workers.test.ts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type LoginBounds,
  type LoginCounts,
  type OpenLoginLimits,
  openLoginLimits,
} from '../../src/store/login-limits.js';
import { within } from '../time-limit.js';
import { describeWithRedis, freePort, type RedisServer, startRedis } from './redis-server.js';

const open: OpenLoginLimits[] = [];
afterEach(async () => {
  for (const limits of open.splice(0)) await limits.close();
});
async function openAt(counts: LoginCounts, bounds: LoginBounds = { perUser: 3, perAddress: 5 }) {
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

  test('a user is stopped after as many as are allowed, from whatever address, and no other is', async () => {
    await failed(2, '10.0.0.1', 'alice');
    await failed(1, '10.0.0.2', 'alice');
    expectWait(await fail(limits, '10.0.0.1', 'alice'));
    expectWait(await fail(limits, '10.0.0.3', 'alice'));
    await failed(1, '10.0.0.3', 'bob');
    await failed(1, '10.0.0.3', 'Alice');
  });

  test('whoever is stopped is not looked at, be the password right', async () => {
    await failed(3, '10.0.0.1', 'alice');
    const look = vi.fn(async () => true);
    expectWait(await limits.attempt('10.0.0.2', 'alice', look));
    expect(look).not.toHaveBeenCalled();
  });

  test('an address is stopped after as many as are allowed, whoever is tried, and no other is', async () => {
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

  test('what is stopped by its address does not count against the user', async () => {
    for (const user of ['a', 'b', 'c', 'd', 'e']) await failed(1, '10.0.0.1', user);
    for (let round = 0; round < 10; round++) expectWait(await fail(limits, '10.0.0.1', 'alice'));
    await failed(3, '10.0.0.2', 'alice');
  });

  test('who succeeds is forgiven: the user all, the address that one', async () => {
    for (let round = 0; round < 3; round++) {
      await failed(1, '10.0.0.1', 'alice');
      expect(await succeed(limits, '10.0.0.9', 'alice')).toBe(true);
    }
    await failed(2, '10.0.0.1', 'alice');
    for (let round = 0; round < 20; round++) expect(await succeed(limits, '10.0.0.9', 'alice')).toBe(true);
    expectWait(await fail(limits, '10.0.0.1', 'bob'));
  });

  test('of simultaneous wrong ones no more are looked at than are allowed', async () => {
    const look = vi.fn(async () => false);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, at) => limits.attempt(`10.0.1.${at}`, 'alice', look)),
    );
    expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(3);
    expect(look).toHaveBeenCalledTimes(3);
    for (const outcome of outcomes) if (outcome !== false) expectWait(outcome);
    await failed(1, '10.0.1.0', 'bob');
  });

  test('of simultaneous right ones none is stopped', async () => {
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => succeed(limits, '10.0.0.1', 'alice')));
    expect(outcomes).toEqual(Array.from({ length: 40 }, () => true));
  });

  test('one that cannot be looked at is no wrong one, and keeps nobody waiting', async () => {
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

  test.each(['', '__proto__', 'a b:c', 'ü'.repeat(10_000), '\0\r\n'])('a name may be any text: %j', async (name) => {
    await failed(2, '10.0.0.1', name);
    expect(await succeed(limits, '::1', name)).toBe(true);
    await failed(3, '10.0.0.1', name);
    expectWait(await fail(limits, '::1', name));
  });
}

describe('in this process', () => {
  countsLogins(() => ({ in: 'process' }));

  test('each has its own', async () => {
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

  test('all that name it share them', async () => {
    const counts = fresh();
    const [one, other] = [await openAt(counts), await openAt(counts)];
    for (const limits of [one, other]) expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
    expect(await succeed(one, '10.0.0.1', 'alice')).toBe(true);
    for (const limits of [one, other, one]) expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
    expectWait(await fail(other, '10.0.0.2', 'alice'));
  });

  test('they are under the prefix, end by themselves, and say of nobody who it is', async () => {
    const counts = fresh();
    const limits = await openAt(counts);
    await fail(limits, '10.0.0.1', 'alice@example.com');
    const keys = await server.ask('KEYS', `limits-${prefixes}:*`);
    expect(keys).toHaveLength(2);
    expect(keys.join(' ')).not.toContain('alice');
    for (const key of keys) {
      expect(Number((await server.ask('TTL', key))[0])).toBeGreaterThan(800);
      expect(Number((await server.ask('TTL', key))[0])).toBeLessThanOrEqual(900);
    }
  });

  test('a server that is not there at the beginning is an error', async () => {
    const location = `redis://127.0.0.1:${await freePort()}`;
    await expect(openLoginLimits({ in: 'redis', location }, { perUser: 1, perAddress: 1 })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    const wrong = server.url.replace('p%40ss', 'wrong');
    await expect(
      openLoginLimits({ in: 'redis', location: wrong }, { perUser: 1, perAddress: 1 }),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a server that goes away later leaves each process with its own counts', async () => {
    const passing = await startRedis();
    try {
      const counts = { in: 'redis', location: passing.url } as const;
      const [one, other] = [await openAt(counts), await openAt(counts)];
      await passing.stop();
      expect(await fail(one, '10.0.0.1', 'alice')).toBe(false);
      expect(await succeed(one, '10.0.0.1', 'alice')).toBe(true);
      for (let round = 0; round < 3; round++) expect(await fail(one, '10.0.0.1', 'alice')).toBe(false);
      expectWait(await fail(one, '10.0.0.1', 'alice'));
      expect(await fail(other, '10.0.0.1', 'alice')).toBe(false);
    } finally {
      await passing.remove();
    }
  });

  test('a server that hangs does so, too, within a time limit', async () => {
    const hanging = await startRedis();
    try {
      const limits = await openAt({ in: 'redis', location: hanging.url }, { perUser: 1, perAddress: 1 });
      process.kill(hanging.pid, 'SIGSTOP');
      // Of its three questions one waits.
      await within(3500, async () => {
        expect(await fail(limits, '10.0.0.1', 'alice')).toBe(false);
        expectWait(await fail(limits, '10.0.0.1', 'bob'));
      });
    } finally {
      await hanging.remove();
    }
  });
});
