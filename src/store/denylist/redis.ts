/**
 * The denylist on a Redis server, a cluster or a master that sentinels name, for several machines. Every entry expires by itself. Every change is one script on one
 * key, so it is atomic on a cluster too. Every command has a time limit, and no answer is an error.
 */
import { JwtkitError } from '../../errors.js';
import {
  applies,
  consumedUntil,
  type Denylist,
  type Revocation,
  storedUntil,
  type TokenUse,
} from '../../token/denylist.js';
import type { OpenDenylistOptions, StoreWatch } from '../denylist-options.js';
import { type Connection, type Evaluate, ShownReason, withinTimeLimit } from '../redis/connection.js';
import { storeError } from '../redis/failures.js';
import { type RedisGuard, redisGuard } from '../redis/guard.js';
import { type Address, parseLocation } from '../redis/location.js';
import { makeConnection } from '../redis/open-connection.js';
import { keyOf, keysFor } from './keys.js';

/** A connection, and what says whether its answers count. */
interface Side {
  readonly connection: Connection;
  readonly guard: RedisGuard;
}

/**
 * Opens a Redis denylist: `redis://[user:password@]host[:port][/database]`, `redis+cluster://host[:port],…`,
 * `redis+sentinel://host[:port],…/master[/database]`, each with `?prefix=…&wait=N`, with TLS as `rediss…`. A reader makes no marker in
 * the store.
 * @throws {JwtkitError} USAGE_INVALID for another location; STORE_UNAVAILABLE within 2 seconds.
 */
export async function openRedisDenylist(
  location: string,
  { mode, now }: OpenDenylistOptions,
  watch: StoreWatch = {},
): Promise<Denylist> {
  const address = parseLocation(location);
  const isWriter = mode !== 'read';
  const markers = new Map(watch.markers);
  const onMarker = (key: string, value: string) => {
    markers.set(key, value);
    watch.onMarker?.(key, value);
  };
  const reads = await openSide(address, isWriter, { ...watch, onMarker });
  if (address.replicas === 0 || !isWriter) return redisDenylist({ reads, changes: reads }, address, now);
  try {
    // A change blocks its connection until the replicas have it. Questions must not wait for that.
    const changes = await openSide(address, isWriter, { ...watch, markers, note: undefined });
    return redisDenylist({ reads, changes }, address, now);
  } catch (error) {
    reads.connection.destroy();
    throw error;
  }
}

async function openSide(address: Address, isWriter: boolean, watch: StoreWatch): Promise<Side> {
  const connection = await makeConnection(address);
  const { name, prefix } = address;
  const guard = redisGuard(connection, { name, prefix, isWriter }, watch);
  try {
    await withinTimeLimit(() => connection.connect());
    await withinTimeLimit(() => guard.open());
  } catch (cause) {
    connection.destroy();
    throw unusable(name, cause);
  }
  return { connection, guard };
}

function unusable(name: string, cause: unknown): JwtkitError {
  return storeError(`the Redis store ${name} cannot be used`, cause);
}

const fields = ['kind', 'id', 'reason', 'until', 'issuedUpTo', 'next', 'use'];

/** Merges with an entry that exists: the later moments count. A consumed token stays consumed and gives no successor any more. */
const addScript = `
local old = redis.call('HMGET', KEYS[1], 'reason', 'until', 'issuedUpTo', 'use')
local reason, til, upto = ARGV[3], ARGV[4], ARGV[5]
if old[1] == 'consumed' then reason = old[1] end
if old[2] and tonumber(old[2]) > tonumber(til) then til = old[2] end
if old[4] then redis.call('HSET', KEYS[1], 'use', '') end
if old[3] and old[3] ~= '' and tonumber(old[3]) > tonumber(upto) then upto = old[3] end
redis.call('HSET', KEYS[1], 'kind', ARGV[1], 'id', ARGV[2], 'reason', reason, 'until', til, 'issuedUpTo', upto)
redis.call('EXPIREAT', KEYS[1], til)
return 1`;

const consumeScript = `
local old = redis.call('HMGET', KEYS[1], 'kind', 'id', 'reason', 'until', 'issuedUpTo', 'next', 'use')
if old[1] then
  -- A change like any other, for which this connection can wait: the first one may not have reached the replicas.
  if ARGV[5] ~= '0' then redis.call('EXPIREAT', KEYS[1], old[4]) end
  return old
end
redis.call('HSET', KEYS[1], 'kind', 'token', 'id', ARGV[1], 'reason', 'consumed', 'until', ARGV[2], 'issuedUpTo', '')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'next', ARGV[4], 'use', ARGV[3]) end
redis.call('EXPIREAT', KEYS[1], ARGV[2])
return false`;

function redisDenylist(
  { reads, changes }: { readonly reads: Side; readonly changes: Side },
  { name, prefix, replicas }: Address,
  now: () => number,
): Denylist {
  let isClosed = false;

  async function run<T>(command: () => Promise<T>): Promise<T> {
    if (isClosed) throw new JwtkitError('STORE_UNAVAILABLE', `the Redis store ${name} was closed`);
    try {
      return await withinTimeLimit(command);
    } catch (cause) {
      throw unusable(name, cause);
    }
  }

  /** Asks Redis, and returns the answer only if the servers of these keys lost nothing. */
  async function ask<T>({ guard }: Side, keys: readonly string[], question: () => Promise<T>): Promise<T> {
    guard.refuseIfLost();
    const [answer] = await Promise.all([question(), guard.check(keys)]);
    return answer;
  }

  function evaluate(script: string, key: string, values: string[]): Promise<unknown> {
    const keys = [prefix + key];
    const { connection } = changes;
    const change = (by: Evaluate) => ask(changes, keys, () => by(script, { keys, arguments: values }));
    return run(() => (replicas === 0 ? change(connection.eval) : connection.acknowledged(prefix + key, change)));
  }

  function readEntries(keys: readonly string[]): Promise<(Revocation | undefined)[]> {
    const read = async (key: string) => toRevocation(await reads.connection.hmGet(key, fields));
    return run(() => ask(reads, keys, () => Promise.all(keys.map(read))));
  }

  return {
    async find(token) {
      const entries = await readEntries(keysFor(token).map((key) => prefix + key));
      return entries.find((entry) => entry !== undefined && applies(entry, token));
    },
    async add(revocation) {
      const { kind, id, until } = revocation;
      const reason = kind === 'token' ? revocation.reason : '';
      const issuedUpTo = kind === 'subject' ? String(revocation.issuedUpTo) : '';
      await evaluate(addScript, keyOf(kind, id), [kind, id, reason, String(storedUntil(until)), issuedUpTo]);
    },
    async consume(jti, until, use) {
      const kept = storedUntil(consumedUntil(until, now()));
      const present = await evaluate(consumeScript, keyOf('token', jti), [
        jti,
        String(kept),
        ...writeUse(use),
        String(replicas),
      ]);
      return Array.isArray(present) ? toRevocation(present) : undefined;
    },
    async *list() {
      const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
      // The pattern also matches the keys of a longer prefix.
      const isOwn = (key: string) => /^(?:token|family|subject):[\w-]{43}$/.test(key.slice(prefix.length));
      const portions = reads.connection.scan(pattern)[Symbol.asyncIterator]();
      for (;;) {
        const portion = await run(() => portions.next());
        // An emptied store must not look like an empty list.
        if (portion.done === true) return run(() => ask(reads, [], () => reads.guard.checkAll()));
        for (const entry of await readEntries(portion.value.filter(isOwn))) {
          if (entry !== undefined) yield entry;
        }
      }
    },
    // Redis removes expired entries by itself.
    prune: async () => 0,
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const { connection } of new Set([reads, changes])) connection.destroy();
    },
  };
}

/** Reads an entry; undefined if there is none. One that cannot be read may stand for a revocation. */
function toRevocation(values: readonly unknown[]): Revocation | undefined {
  if (values.every((value) => typeof value !== 'string')) return undefined;
  const [kind, id = '', reason, until, issuedUpTo, next = '', use = ''] = values.map((value) =>
    typeof value === 'string' ? value : '',
  );
  switch (kind) {
    case 'token':
      return {
        ...{ kind, id, reason: reason === 'consumed' ? 'consumed' : 'revoked', until: readNumber(until) },
        ...(use === '' ? {} : { use: readUse(use, next) }),
      };
    case 'family':
      return { kind, id, until: readNumber(until) };
    case 'subject':
      return { kind, id, until: readNumber(until), issuedUpTo: readNumber(issuedUpTo) };
    default:
      throw unreadable();
  }
}

function readNumber(text = ''): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw unreadable();
  return value;
}

function unreadable(): ShownReason {
  return new ShownReason(
    'it has an entry that cannot be read',
    'another program may have written it, or a newer jwtkit',
  );
}

/** Writes a use as two short texts, the times and the `jti`: Redis keeps a hash with a text of more than 64 bytes in thrice the room. */
function writeUse(use: TokenUse | undefined): [times: string, jti: string] {
  if (use === undefined) return ['', ''];
  const { jti, iat, exp } = use.successor;
  return [`${use.at} ${iat} ${exp}`, jti];
}

function readUse(times: string, jti: string): TokenUse {
  const [at = 0, iat = 0, exp = 0] = times.split(' ').map(Number);
  return { at, successor: { jti, iat, exp } };
}
