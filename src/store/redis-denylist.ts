/**
 * The denylist for more than one machine: a Redis server or cluster. Every entry carries its expiry, every change is one
 * script on one key, so that it is atomic on a cluster too, and every command has a time limit: no answer is an error.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { RedisClientOptions, RedisClusterOptions } from '@redis/client';
import { JwtkitError } from '../errors.js';
import { applies, type Denylist, type Revocation, type TokenIdentity } from '../token/denylist.js';

/** Milliseconds to connect, and for each command. */
const timeLimit = 2000;
const defaultPrefix = 'jwtkit:';

/** What is needed of a client, be it of a server or of a cluster. */
interface Connection {
  connect(): Promise<unknown>;
  hmGet(key: string, fields: string[]): Promise<(string | null)[]>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  destroy(): void;
  /** Text of INFO from each server that holds entries. */
  memoryReports(): Promise<string[]>;
  /** Keys in portions, from every server that holds entries. */
  scan(pattern: string): AsyncIterable<string[]>;
}

/**
 * Opens a Redis denylist: `redis://[user:password@]host[:port][/database][?prefix=…]`, `rediss://` with TLS, and
 * `redis+cluster://host[:port],host[:port]…`, `rediss+cluster://`.
 * @throws {JwtkitError} USAGE_INVALID for another location; STORE_UNAVAILABLE within 2 seconds.
 */
export async function openRedisDenylist(location: string): Promise<Denylist> {
  const address = parseLocation(location);
  const connection = address.isCluster ? clusterConnection(address) : serverConnection(address);
  const denylist = new RedisDenylist(connection, address);
  try {
    await denylist.connect();
  } catch (error) {
    await denylist.close();
    throw error;
  }
  return denylist;
}

interface Address {
  readonly isCluster: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly prefix: string;
}

const locationForm = /^redis(s?)(\+cluster)?:\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/(\d{1,4})?)?(?:\?prefix=([^&#]*))?$/;

function parseLocation(location: string): Address {
  const match = locationForm.exec(location);
  // The location is not repeated: it may hold a password.
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (match === null)
    throw refuse('a Redis store is redis[s][+cluster]://[user:password@]host[:port][/database][?prefix=…]');
  const [, tls, cluster, credentials, hostList = '', database, prefix] = match;
  const [username, password] = (credentials ?? '').split(/:(.*)/s);
  const hosts = hostList.split(',').map((text) => {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
    if (host === undefined) throw refuse('a host of the Redis store is not host or host:port');
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 6379) };
  });
  if (hosts.length > 1 && cluster === undefined) throw refuse('several Redis hosts make a cluster: redis+cluster://…');
  if (database !== undefined && cluster !== undefined) throw refuse('a Redis cluster has no databases');
  return {
    isCluster: cluster !== undefined,
    hosts,
    isTls: tls === 's',
    username: decode(username),
    password: decode(password),
    database: database === undefined ? undefined : Number(database),
    prefix: prefix === undefined ? defaultPrefix : decodeURIComponent(prefix),
  };
}

function decode(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : decodeURIComponent(text);
}

/** Through require: dynamic import would set up the ES module loader, which a one-shot command has no other use for. */
function redisClient(): typeof import('@redis/client') {
  return createRequire(import.meta.url)('@redis/client');
}

type SharedOptions = Pick<RedisClientOptions, 'socket' | 'username' | 'password' | 'disableOfflineQueue'>;

/** Reconnects for ever once it was connected, so that a long-lived process recovers; gives up at once before that. */
function sharedOptions({ isTls, username, password }: Address, wasConnected: () => boolean): SharedOptions {
  const reconnectStrategy = (retries: number, cause: Error) =>
    wasConnected() ? Math.min(50 * 2 ** retries, 1000) : cause;
  const socket = { connectTimeout: timeLimit, reconnectStrategy, ...(isTls ? { tls: true as const } : {}) };
  return {
    socket,
    disableOfflineQueue: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function serverConnection(address: Address): Connection {
  let isConnected = false;
  const [{ host, port }] = address.hosts as [{ host: string; port: number }];
  const shared = sharedOptions(address, () => isConnected);
  const client = redisClient().createClient({
    ...shared,
    socket: { ...shared.socket, host, port } as NonNullable<RedisClientOptions['socket']>,
    ...(address.database === undefined ? {} : { database: address.database }),
  });
  // Without a listener an error of the connection would end the process; each command reports its own.
  client.on('error', () => {});
  return {
    connect: () => client.connect().then(() => (isConnected = true)),
    hmGet: (key, fields) => client.hmGet(key, fields) as Promise<(string | null)[]>,
    eval: (script, options) => client.eval(script, options),
    destroy: () => client.destroy(),
    memoryReports: async () => [await client.info('memory')],
    scan: (pattern) => client.scanIterator({ MATCH: pattern, COUNT: 1000 }) as AsyncIterable<string[]>,
  };
}

function clusterConnection(address: Address): Connection {
  let isConnected = false;
  const { socket, ...rest } = sharedOptions(address, () => isConnected);
  const rootNodes = address.hosts.map(({ host, port }) => ({ ...rest, socket: { ...socket, host, port } }));
  const options = { rootNodes, defaults: { ...rest, socket } } as RedisClusterOptions;
  const cluster = redisClient().createCluster(options);
  cluster.on('error', () => {});
  const masters = () => Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
  return {
    connect: () => cluster.connect().then(() => (isConnected = true)),
    hmGet: (key, fields) => cluster.hmGet(key, fields) as Promise<(string | null)[]>,
    eval: (script, evalOptions) => cluster.eval(script, evalOptions),
    destroy: () => cluster.destroy(),
    memoryReports: async () => Promise.all((await masters()).map((client) => client.info('memory') as Promise<string>)),
    async *scan(pattern) {
      for (const client of await masters()) yield* client.scanIterator({ MATCH: pattern, COUNT: 1000 });
    },
  };
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
  #isClosed = false;

  constructor(connection: Connection, { hosts, prefix }: Address) {
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
    await this.#eval(addScript, this.#key(kind, id), [kind, id, reason, String(until), issuedUpTo]);
  }

  async consume(jti: string, until: number): Promise<Revocation | undefined> {
    const present = await this.#eval(consumeScript, this.#key('token', jti), [jti, String(until)]);
    return Array.isArray(present) ? toRevocation(present) : undefined;
  }

  async *list(): AsyncIterable<Revocation> {
    const pattern = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
    const portions = this.#connection.scan(pattern)[Symbol.asyncIterator]();
    for (;;) {
      const portion = await this.#run(() => portions.next());
      if (portion.done === true) return;
      const entries = await this.#run(() =>
        Promise.all(portion.value.map((key) => this.#connection.hmGet(key, fields))),
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

/** What a person needs to know of an error, from a list of known ones: a server's own text could repeat what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  // The client wraps the error that its strategy gave up with.
  if ('originalError' in error) return reasonOf(error.originalError);
  const reply =
    /^(LOADING|READONLY|OOM|MISCONF|NOAUTH|WRONGPASS|NOPERM|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|BUSY|TRYAGAIN)\b/.exec(
      error.message,
    );
  if (reply !== null) return replies[reply[1] as keyof typeof replies];
  const code = 'code' in error ? String(error.code) : '';
  if (code in systemErrors) return systemErrors[code as keyof typeof systemErrors];
  if (/^no answer within/.test(error.message)) return error.message;
  const names = [
    'ConnectionTimeoutError',
    'SocketClosedUnexpectedlyError',
    'ClientClosedError',
    'ClientOfflineError',
    'RootNodesUnavailableError',
  ];
  return names.includes(error.constructor.name) ? 'it cannot be reached' : error.constructor.name;
}

const replies = {
  LOADING: 'it is loading its data (LOADING)',
  READONLY: 'it is a read-only replica (READONLY)',
  OOM: 'its memory is full (OOM)',
  MISCONF: 'it cannot save to its disk and refuses writes (MISCONF)',
  NOAUTH: 'it asks for a password (NOAUTH)',
  WRONGPASS: 'it does not accept the user and password (WRONGPASS)',
  NOPERM: 'the user may not run the command (NOPERM)',
  CLUSTERDOWN: 'the cluster is down (CLUSTERDOWN)',
  MASTERDOWN: 'its master is down (MASTERDOWN)',
  NOREPLICAS: 'it has too few replicas to write (NOREPLICAS)',
  BUSY: 'it is busy with a script (BUSY)',
  TRYAGAIN: 'the cluster is moving the entry (TRYAGAIN)',
} as const;

const systemErrors = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name cannot be looked up',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'its host cannot be reached',
  ETIMEDOUT: 'no answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
} as const;
