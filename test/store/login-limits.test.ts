/** Counts of failed log-ins. Those that processes share through the one above them are a matter of test/cli/serve-workers.test.ts. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type LoginBounds,
  type LoginCounts,
  type OpenLoginLimits,
  openLoginLimits,
} from '../../src/store/login-limits.js';
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

function countsLogins(fresh: () => LoginCounts): void {
  let limits: OpenLoginLimits;
  beforeEach(async () => {
    limits = await openAt(fresh());
  });
  const fail = async (times: number, address: string, user: string) => {
    for (let round = 0; round < times; round++) expect(await limits.attempt(address, user)).toBeUndefined();
  };
  const expectWait = (seconds: number | undefined) => {
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
    expect(Number.isInteger(seconds)).toBe(true);
  };

  test('a user is stopped after as many as are allowed, from whatever address, and no other is', async () => {
    await fail(2, '10.0.0.1', 'alice');
    await fail(1, '10.0.0.2', 'alice');
    expectWait(await limits.attempt('10.0.0.1', 'alice'));
    expectWait(await limits.attempt('10.0.0.3', 'alice'));
    await fail(1, '10.0.0.3', 'bob');
    await fail(1, '10.0.0.3', 'Alice');
  });

  test('an address is stopped after as many as are allowed, whoever is tried, and no other is', async () => {
    for (const user of ['a', 'b', 'c', 'd', 'e']) await fail(1, '10.0.0.1', user);
    expectWait(await limits.attempt('10.0.0.1', 'f'));
    await fail(1, '10.0.0.2', 'f');
  });

  test('what is stopped by its address does not count against the user', async () => {
    for (const user of ['a', 'b', 'c', 'd', 'e']) await fail(1, '10.0.0.1', user);
    for (let round = 0; round < 10; round++) expectWait(await limits.attempt('10.0.0.1', 'alice'));
    await fail(3, '10.0.0.2', 'alice');
  });

  test('who succeeds is forgiven: the user all, the address that one', async () => {
    for (let round = 0; round < 3; round++) {
      await fail(1, '10.0.0.1', 'alice');
      await limits.forgive('10.0.0.1', 'alice');
    }
    await fail(3, '10.0.0.1', 'alice');
    expectWait(await limits.attempt('10.0.0.9', 'alice'));
    await limits.forgive('10.0.0.9', 'alice');
    await fail(2, '10.0.0.1', 'alice');
    expectWait(await limits.attempt('10.0.0.1', 'bob'));
  });

  test('of simultaneous attempts no more pass than are allowed', async () => {
    const waits = await Promise.all(Array.from({ length: 30 }, (_, at) => limits.attempt(`10.0.1.${at}`, 'alice')));
    expect(waits.filter((wait) => wait === undefined)).toHaveLength(3);
  });

  test.each(['', '__proto__', 'a b:c', 'ü'.repeat(10_000), '\0\r\n'])('a name may be any text: %j', async (name) => {
    await fail(3, '10.0.0.1', name);
    expectWait(await limits.attempt('10.0.0.1', name));
    await limits.forgive('::1', name);
    await fail(1, '::1', name);
  });
}

describe('in this process', () => {
  countsLogins(() => ({ in: 'process' }));

  test('each has its own', async () => {
    const [one, other] = [await openAt({ in: 'process' }), await openAt({ in: 'process' })];
    for (let round = 0; round < 4; round++) await one.attempt('10.0.0.1', 'alice');
    expect(await other.attempt('10.0.0.1', 'alice')).toBeUndefined();
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
    for (const limits of [one, other, one]) expect(await limits.attempt('10.0.0.1', 'alice')).toBeUndefined();
    expect(await other.attempt('10.0.0.2', 'alice')).toBeGreaterThan(800);
    await one.forgive('10.0.0.1', 'alice');
    expect(await other.attempt('10.0.0.2', 'alice')).toBeUndefined();
  });

  test('they are under the prefix, end by themselves, and say of nobody who it is', async () => {
    const counts = fresh();
    const limits = await openAt(counts);
    await limits.attempt('10.0.0.1', 'alice@example.com');
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
      for (let round = 0; round < 3; round++) expect(await one.attempt('10.0.0.1', 'alice')).toBeUndefined();
      expect(await one.attempt('10.0.0.1', 'alice')).toBeGreaterThan(800);
      expect(await other.attempt('10.0.0.1', 'alice')).toBeUndefined();
      await one.forgive('10.0.0.1', 'alice');
      expect(await one.attempt('10.0.0.1', 'alice')).toBeUndefined();
    } finally {
      await passing.remove();
    }
  });

  test('a server that hangs does so, too, within a time limit', async () => {
    const hanging = await startRedis();
    try {
      const limits = await openAt({ in: 'redis', location: hanging.url }, { perUser: 1, perAddress: 1 });
      process.kill(hanging.pid, 'SIGSTOP');
      expect(await limits.attempt('10.0.0.1', 'alice')).toBeUndefined();
      expect(await limits.attempt('10.0.0.1', 'bob')).toBeGreaterThan(800);
    } finally {
      await hanging.remove();
    }
  });
});
