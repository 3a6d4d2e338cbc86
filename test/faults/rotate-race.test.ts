import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  describeWithRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../store/redis-server.js';
import { jwtkit, jwtkitOut, note, temporaryFolder } from './processes.js';

const attempts = 50;

/** Fifty processes rotate one token at once: one succeeds, and as nobody knows whether it is the thief, its pair is dead. */
async function race(store: string, family: readonly string[]): Promise<void> {
  const keyring = join(temporaryFolder(), 'keyring');
  await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring);
  const where = ['--keyring', keyring, '--store', store];
  const token = await jwtkitOut('issue', '--keyring', keyring, '--sub', 'u', '--type', 'refresh', ...family);
  const start = performance.now();
  const ends = await Promise.all(
    Array.from({ length: attempts }, () => jwtkit(['refresh', token, '--rotate', ...where])),
  );
  note(`${attempts} rotations on ${store.split(':')[0]}: ${(performance.now() - start).toFixed(0)} ms`);
  const winners = ends.filter(({ exitCode }) => exitCode === 0);
  expect(winners).toHaveLength(1);
  for (const { exitCode, stdout, stderr } of ends.filter((end) => end.exitCode !== 0)) {
    expect({ exitCode, stdout }).toEqual({ exitCode: 17, stdout: '' });
    expect(stderr).toContain('reuse');
  }
  const pair = JSON.parse(winners[0]?.stdout ?? '');
  expect((await jwtkit(['verify', pair.access_token, ...where])).exitCode).toBe(17);
  expect((await jwtkit(['refresh', pair.refresh_token, ...where])).exitCode).toBe(17);
  expect((await jwtkit(['refresh', pair.refresh_token, '--rotate', ...where])).exitCode).toBe(17);
}

const families = [
  ['of a session with a name', ['--claim', 'family=f']],
  ['of a session that gets its name now', []],
] as const;

test.each(families)('50 processes rotate one token %s, on LMDB', async (_what, family) => {
  await race(`lmdb:${join(temporaryFolder(), 'denylist')}`, family);
});

let server: RedisServer;
let cluster: RedisCluster;

describeWithRedis('50 processes rotate one token', () => {
  beforeAll(async () => {
    [server, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
  });
  afterAll(() => Promise.all([server.remove(), cluster.remove()]));

  test.each(families)('%s, on Redis', (_what, family) => race(`${server.url}?prefix=r${family.length}:`, family));
  test.each(families)('%s, on a cluster', (_what, family) => race(`${cluster.url}?prefix=r${family.length}:`, family));
});
