/**
 * The denylist on a Redis server or cluster, for several machines. Every entry expires by itself. Every change is one script on one
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
import { type Connection, makeConnection, withinTimeLimit } from '../redis/connection.js';
import { storeError } from '../redis/failures.js';
import { type RedisGuard, redisGuard } from '../redis/guard.js';
import { parseLocation } from '../redis/location.js';
import { keyOf, keysFor } from './keys.js';

/**
 * Opens a Redis denylist: `redis://[user:password@]host[:port][/database][?prefix=…]`, `rediss://` with TLS, and
 * `redis+cluster://host[:port],host[:port]…`, `rediss+cluster://`. A reader makes no marker in the store.
 * @throws {JwtkitError} USAGE_INVALID for another location; STORE_UNAVAILABLE within 2 seconds.
 */
export async function openRedisDenylist(
  location: string,
  { mode, now }: OpenDenylistOptions,
  watch: StoreWatch = {},
): Promise<Denylist> {
  const address = parseLocation(location);
  const { prefix } = address;
  const connection = await makeConnection(address);
  const name = address.hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  const guard = redisGuard(connection, { name, prefix, isWriter: mode !== 'read' }, watch);
  try {
    await withinTimeLimit(() => connection.connect());
    await withinTimeLimit(() => guard.open());
  } catch (cause) {
    connection.destroy();
    throw unusable(name, cause);
  }
  return redisDenylist(connection, guard, { name, prefix, now });
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
if old[1] then return old end
redis.call('HSET', KEYS[1], 'kind', 'token', 'id', ARGV[1], 'reason', 'consumed', 'until', ARGV[2], 'issuedUpTo', '')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'next', ARGV[4], 'use', ARGV[3]) end
redis.call('EXPIREAT', KEYS[1], ARGV[2])
return false`;

function redisDenylist(
  connection: Connection,
  guard: RedisGuard,
  { name, prefix, now }: { readonly name: string; readonly prefix: string; readonly now: () => number },
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
  function ask<T>(keys: readonly string[], question: () => Promise<T>): Promise<T> {
    return run(async () => {
      guard.refuseIfLost();
      const [answer] = await Promise.all([question(), guard.check(keys)]);
      return answer;
    });
  }

  function evaluate(script: string, key: string, values: string[]): Promise<unknown> {
    const keys = [prefix + key];
    return ask(keys, () => connection.eval(script, { keys, arguments: values }));
  }

  function readEntries(keys: readonly string[]): Promise<(Revocation | undefined)[]> {
    return ask(keys, () => Promise.all(keys.map(async (key) => toRevocation(await connection.hmGet(key, fields)))));
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
      const present = await evaluate(consumeScript, keyOf('token', jti), [jti, String(kept), ...writeUse(use)]);
      return Array.isArray(present) ? toRevocation(present) : undefined;
    },
    async *list() {
      const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
      // The pattern also matches the keys of a longer prefix.
      const isOwn = (key: string) => /^(?:token|family|subject):[\w-]{43}$/.test(key.slice(prefix.length));
      const portions = connection.scan(pattern)[Symbol.asyncIterator]();
      for (;;) {
        const portion = await run(() => portions.next());
        // An emptied store must not look like an empty list.
        if (portion.done === true) return ask([], () => guard.checkAll());
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
      connection.destroy();
    },
  };
}

function toRevocation(values: readonly unknown[]): Revocation | undefined {
  const [kind, id, reason, until, issuedUpTo, next = '', use = ''] = values.map((value) =>
    typeof value === 'string' ? value : '',
  );
  if (id === undefined) return undefined;
  switch (kind) {
    case 'token':
      return {
        ...{ kind, id, reason: reason === 'consumed' ? 'consumed' : 'revoked', until: Number(until) },
        ...(use === '' ? {} : { use: readUse(use, next) }),
      };
    case 'family':
      return { kind, id, until: Number(until) };
    case 'subject':
      return { kind, id, until: Number(until), issuedUpTo: Number(issuedUpTo) };
    default:
      return undefined;
  }
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
