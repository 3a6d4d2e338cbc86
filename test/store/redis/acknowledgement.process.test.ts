// @module-tag slow
/** `?wait=N`: a change counts once as many replicas have it, and questions do not wait for that. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openRedisDenylist } from '../../../src/store/denylist/redis.js';
import { slotOf } from '../../../src/store/redis/slots.js';
import type { Denylist, Revocation } from '../../../src/token/denylist.js';
import { makeKeyring, temporaryFolder } from '../../cli/fake-io.js';
import { aliceForm, asClient, runBinary, sendForm, serveBinary, writeAccounts } from '../../cli/served.js';
import { answersWithin } from '../../time-limit.js';
import {
  describeWithRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
  until,
} from '../redis-server.js';

const now = () => Math.floor(Date.now() / 1000);
const entry = (id: string): Revocation => ({ kind: 'token', id, reason: 'revoked', until: now() + 86_400 });
const tooFew = {
  code: 'STORE_UNAVAILABLE',
  message: expect.stringMatching(
    /cannot be used: \d of the \d replicas that wait= asks for had the change within 0\.8 s/,
  ),
};

const open: Denylist[] = [];
afterEach(async () => {
  for (const denylist of open.splice(0)) await denylist.close();
});
async function openAt(location: string, mode: 'read' | 'write' = 'write'): Promise<Denylist> {
  const denylist = await openRedisDenylist(location, { mode, now });
  open.push(denylist);
  return denylist;
}

async function suspend({ pid }: RedisServer): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until('it stands still', () => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

describeWithRedis('changes that wait for a replica', () => {
  let master: RedisServer;
  let replica: RedisServer;
  let denylist: Denylist;
  beforeAll(async () => {
    master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  });
  afterAll(() => Promise.all([master.remove(), replica.remove()]));
  beforeEach(async () => {
    process.kill(replica.pid, 'SIGCONT');
    await until('the replica follows', async () =>
      (await master.ask('INFO', 'replication')).some((line) => /^slave0:.*state=online/.test(line)),
    );
    await master.ask('FLUSHALL');
    denylist = await openAt(`${master.url}?wait=1`);
  });

  test('are at the replica when they count', async () => {
    const copy = await openAt(replica.url, 'read');
    for (let at = 0; at < 30; at++) {
      await denylist.add(entry(`added-${at}`));
      expect(await copy.find({ jti: `added-${at}` })).toBeDefined();
      expect(await denylist.consume(`used-${at}`, now() + 60)).toBeUndefined();
      expect(await copy.find({ jti: `used-${at}` })).toBeDefined();
    }
  });

  test('fail within the time limit while the replica hangs, and count again once it goes on', async () => {
    await denylist.add(entry('before'));
    await suspend(replica);
    await answersWithin(2500, () => expect(denylist.add(entry('late'))).rejects.toMatchObject(tooFew));
    await answersWithin(2500, () => expect(denylist.consume('used', now() + 60)).rejects.toMatchObject(tooFew));
    process.kill(replica.pid, 'SIGCONT');
    await until('it follows', () =>
      denylist.add(entry('after')).then(
        () => true,
        () => false,
      ),
    );
  });

  test('do not hold up questions', async () => {
    await denylist.add(entry('before'));
    await suspend(replica);
    const adding = expect(denylist.add(entry('late'))).rejects.toMatchObject(tooFew);
    for (let round = 0; round < 20; round++) {
      await answersWithin(400, async () => expect(await denylist.find({ jti: 'before' })).toBeDefined());
    }
    await adding;
  });

  test('give a successor again only once the replica has the first use', async () => {
    const use = { at: now(), successor: { jti: 'next', iat: now(), exp: now() + 60 } };
    await suspend(replica);
    await expect(denylist.consume('used', now() + 60, use)).rejects.toMatchObject(tooFew);
    // On another connection: Redis would not wait for a change that this one has not made.
    const other = await openAt(`${master.url}?wait=1`);
    await expect(other.consume('used', now() + 60, use)).rejects.toMatchObject(tooFew);
    process.kill(replica.pid, 'SIGCONT');
    await until('the successor', () =>
      other.consume('used', now() + 60, use).then(
        (found) => {
          expect(found).toMatchObject({ reason: 'consumed', use });
          return true;
        },
        () => false,
      ),
    );
  });

  test('share a WAIT', async () => {
    await master.ask('CONFIG', 'RESETSTAT');
    await Promise.all(Array.from({ length: 1000 }, (_, at) => denylist.add(entry(`many-${at}`))));
    const [, calls] = /cmdstat_wait:calls=(\d+)/.exec((await master.ask('INFO', 'commandstats')).join('\n')) ?? [];
    expect(Number(calls)).toBeLessThan(20);
  });

  test('fail if more replicas are asked for than there are', { tags: 'slow' }, async () => {
    await expect((await openAt(`${master.url}?wait=2`)).add(entry('two'))).rejects.toMatchObject(tooFew);
    await (await openAt(`${master.url}?wait=0`)).add(entry('none'));
  });

  test('a service and the command line claim nothing, and the client that repeats its request gets its tokens', {
    tags: 'slow',
  }, async () => {
    const keyring = await makeKeyring();
    writeAccounts(keyring);
    const store = `${master.url}?wait=1`;
    // On a busy machine the usual five seconds may be over before the replica goes on.
    const args = ['--keyring', keyring, '--store', store, '--rotate', '--rotate-grace', '60s'];
    const served = await serveBinary(args, { cwd: temporaryFolder() });
    const { body: tokens } = await sendForm(`${served.url}/token`, aliceForm);
    const [access, refresh] = [String(tokens.access_token), String(tokens.refresh_token)];
    await suspend(replica);
    const renew = () => sendForm(`${served.url}/token/refresh`, { refresh_token: refresh });
    const refused = await renew();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(refused.body).not.toHaveProperty('refresh_token');
    expect((await sendForm(`${served.url}/revoke`, { token: access }, asClient)).status).toBe(503);
    const revoke = ['revoke', access, '--keyring', keyring, '--store', store];
    const { exitCode, stdout, stderr } = await runBinary(revoke, { cwd: temporaryFolder() });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(
      /^error: the Redis store .* 0 of the 1 replicas that wait= asks for had the change within 0\.8 s\nhint: /,
    );
    process.kill(replica.pid, 'SIGCONT');
    await until('its tokens', async () => (await renew()).status === 200);
    await until('the revocation', async () => (await runBinary(revoke, { cwd: temporaryFolder() })).exitCode === 0);
    await served.stop();
  });

  test('are refused by a user who may not wait', async () => {
    const rules = ['+hmget', '+hset', '+expireat', '+eval', '+scan', '+hello', '+info', '~jwtkit:*'];
    await master.ask('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules);
    const location = `${master.url.replace('//', '//app:secret@')}?wait=1`;
    await expect((await openAt(location)).add(entry('forbidden'))).rejects.toMatchObject({
      message: expect.stringContaining('the user may not run the command (NOPERM)'),
    });
    await master.ask('ACL', 'SETUSER', 'app', '+wait');
    await (await openAt(location)).add(entry('allowed'));
  });
});

describeWithRedis('a cluster whose changes wait for replicas', { tags: 'slow' }, () => {
  let cluster: RedisCluster;
  const ids = Array.from({ length: 30 }, (_, at) => `id-${at}`);
  beforeAll(async () => {
    cluster = await startRedisCluster({ hasReplicas: true });
  }, 60_000);
  afterAll(() => cluster.remove());

  test('waits at the node of each key', async () => {
    const denylist = await openAt(`${cluster.url}?wait=1`);
    await Promise.all(ids.map((id) => denylist.add(entry(id))));
    const stuck = cluster.nodes[3] as RedisServer;
    await suspend(stuck);
    try {
      const ends = await Promise.allSettled(ids.map((id) => denylist.add(entry(id))));
      const failed = ends.filter(({ status }) => status === 'rejected').length;
      expect(failed).toBeGreaterThan(0);
      expect(failed).toBeLessThan(ids.length);
    } finally {
      process.kill(stuck.pid, 'SIGCONT');
    }
  });

  test('follows a slot that moves to another node', async () => {
    const denylist = await openAt(`${cluster.url}?wait=1`);
    await denylist.add(entry('moving'));
    const keys = await Promise.all(cluster.nodes.slice(0, 3).map((node) => node.ask('KEYS', 'jwtkit:token:*')));
    const from = keys.findIndex((names) => names.length > 0 && names[0] !== '');
    const [source, target] = [cluster.nodes[from], cluster.nodes[(from + 1) % 3]] as [RedisServer, RedisServer];
    const slot = String(slotOf(keys[from]?.[0] as string));
    const [sourceId = ''] = await source.ask('CLUSTER', 'MYID');
    const [targetId = ''] = await target.ask('CLUSTER', 'MYID');
    await target.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
    await source.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
    const moving = await source.ask('CLUSTER', 'GETKEYSINSLOT', slot, '100');
    for (const key of moving) await source.ask('MIGRATE', '127.0.0.1', String(target.port), key, '0', '1000');
    for (const node of [target, source]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    await Promise.all(ids.map((id) => denylist.add(entry(id))));
    for (const id of ids) expect(await denylist.find({ jti: id })).toBeDefined();
  });
});
