/**
 * The denylist for more than one machine: a Redis server or cluster. Every entry carries its expiry, every change is one
 * script on one key, so that it is atomic on a cluster too, and every command has a time limit: no answer is an error.
 */
import { createHash } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import {
  applies,
  consumedUntil,
  type Denylist,
  type Revocation,
  storedUntil,
  type TokenIdentity,
} from '../token/denylist.js';
import {
  type Address,
  type Connection,
  clusterConnection,
  parseLocation,
  reasonOf,
  serverConnection,
  timeLimit,
} from './redis-connection.js';

/**
 * Opens a Redis denylist: `redis://[user:password@]host[:port][/database][?prefix=…]`, `rediss://` with TLS, and
 * `redis+cluster://host[:port],host[:port]…`, `rediss+cluster://`.
 * @throws {JwtkitError} USAGE_INVALID for another location; STORE_UNAVAILABLE within 2 seconds.
 */
export async function openRedisDenylist(location: string, now: () => number): Promise<Denylist> {
  const address = parseLocation(location);
  const connection = address.isCluster ? clusterConnection(address) : serverConnection(address);
  const denylist = new RedisDenylist(connection, address, now);
  try {
    await denylist.connect();
  } catch (error) {
    await denylist.close();
    throw error;
  }
  return denylist;
}

const fields = ['kind', 'id', 'reason', 'until', 'issuedUpTo'];

/** Keeps the later moments of the entry that is there and of the new one; once consumed, always consumed. */
const addScript = `
local old = redis.call('HMGET', KEYS[1], 'reason', 'until', 'issuedUpTo')
local reason, til, upto = ARGV[3], ARGV[4], ARGV[5]
if old[1] == 'consumed' then reason = old[1] end
if old[2] and tonumber(old[2]) > tonumber(til) then til = old[2] end
if old[3] and old[3] ~= '' and tonumber(old[3]) > tonumber(upto) then upto = old[3] end
redis.call('HSET', KEYS[1], 'kind', ARGV[1], 'id', ARGV[2], 'reason', reason, 'until', til, 'issuedUpTo', upto)
redis.call('EXPIREAT', KEYS[1], til)
return 1`;

const consumeScript = `
local old = redis.call('HMGET', KEYS[1], 'kind', 'id', 'reason', 'until', 'issuedUpTo')
if old[1] then return old end
redis.call('HSET', KEYS[1], 'kind', 'token', 'id', ARGV[1], 'reason', 'consumed', 'until', ARGV[2], 'issuedUpTo', '')
redis.call('EXPIREAT', KEYS[1], ARGV[2])
return false`;

class RedisDenylist implements Denylist {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #name: string;
  readonly #now: () => number;
  #isClosed = false;

  constructor(connection: Connection, { hosts, prefix }: Address, now: () => number) {
    this.#now = now;
    this.#connection = connection;
    this.#prefix = prefix;
    this.#name = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  }

  /** Connects, and refuses a server that may throw entries away before their time. */
  async connect(): Promise<void> {
    await this.#run(() => this.#connection.connect());
    const reports = await this.#run(() => this.#connection.memoryReports().catch(unlessForbidden));
    for (const report of reports) {
      const policy = /^maxmemory_policy:(\S+)/m.exec(report)?.[1] ?? 'noeviction';
      const isLimited = !/^maxmemory:0\s*$/m.test(report);
      if (isLimited && policy !== 'noeviction') {
        throw new JwtkitError(
          'STORE_UNAVAILABLE',
          `the Redis store ${this.#name} evicts entries (${policy}): a revoked token would live again`,
          {
            hint: 'set its maxmemory-policy to noeviction',
          },
        );
      }
    }
  }

  async find(token: TokenIdentity): Promise<Revocation | undefined> {
    const questions = [
      ['token', token.jti],
      ['family', token.family],
      ['subject', token.sub],
    ] as const;
    const entries = await this.#run(() =>
      Promise.all(
        questions.map(async ([kind, id]) =>
          id === undefined ? undefined : toRevocation(await this.#connection.hmGet(this.#key(kind, id), fields)),
        ),
      ),
    );
    return entries.find((entry) => entry !== undefined && applies(entry, token));
  }

  async add(revocation: Revocation): Promise<void> {
    const { kind, id, until } = revocation;
    const reason = kind === 'token' ? revocation.reason : '';
    const issuedUpTo = kind === 'subject' ? String(revocation.issuedUpTo) : '';
    await this.#eval(addScript, this.#key(kind, id), [kind, id, reason, String(storedUntil(until)), issuedUpTo]);
  }

  async consume(jti: string, until: number): Promise<Revocation | undefined> {
    const present = await this.#eval(consumeScript, this.#key('token', jti), [
      jti,
      String(storedUntil(consumedUntil(until, this.#now()))),
    ]);
    return Array.isArray(present) ? toRevocation(present) : undefined;
  }

  async *list(): AsyncIterable<Revocation> {
    const pattern = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
    // The pattern also finds the keys of a longer prefix.
    const isOwn = (key: string) => /^(?:token|family|subject):[\w-]{43}$/.test(key.slice(this.#prefix.length));
    const portions = this.#connection.scan(pattern)[Symbol.asyncIterator]();
    for (;;) {
      const portion = await this.#run(() => portions.next());
      if (portion.done === true) return;
      const entries = await this.#run(() =>
        Promise.all(portion.value.filter(isOwn).map((key) => this.#connection.hmGet(key, fields))),
      );
      for (const entry of entries) {
        const revocation = toRevocation(entry);
        if (revocation !== undefined) yield revocation;
      }
    }
  }

  /** Redis removes entries by itself. */
  async prune(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.destroy();
    } catch {
      // It was never connected.
    }
  }

  #key(kind: Revocation['kind'], id: string): string {
    return `${this.#prefix}${kind}:${createHash('sha256').update(id).digest('base64url')}`;
  }

  #eval(script: string, key: string, values: string[]): Promise<unknown> {
    return this.#run(() => this.#connection.eval(script, { keys: [key], arguments: values }));
  }

  /** Runs a command within the time limit; the client's own limit ends once a command is on its way. */
  async #run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new JwtkitError('STORE_UNAVAILABLE', `the Redis store ${this.#name} was closed`);
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeLimit / 1000} s`)), timeLimit);
    });
    try {
      return await Promise.race([command(), expiry]);
    } catch (cause) {
      throw new JwtkitError('STORE_UNAVAILABLE', `the Redis store ${this.#name} cannot be used: ${reasonOf(cause)}`, {
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

function unlessForbidden(error: unknown): string[] {
  if (error instanceof Error && error.message.startsWith('NOPERM')) return [];
  throw error;
}

function toRevocation(values: readonly unknown[]): Revocation | undefined {
  const [kind, id, reason, until, issuedUpTo] = values.map((value) => (typeof value === 'string' ? value : ''));
  if (id === undefined) return undefined;
  switch (kind) {
    case 'token':
      return { kind, id, reason: reason === 'consumed' ? 'consumed' : 'revoked', until: Number(until) };
    case 'family':
      return { kind, id, until: Number(until) };
    case 'subject':
      return { kind, id, until: Number(until), issuedUpTo: Number(issuedUpTo) };
    default:
      return undefined;
  }
}
