/** Redis as a place: its address, a connection to a server or a cluster, and what goes wrong with either, in words. */
import { createRequire } from 'node:module';
import type { RedisClientOptions, RedisClusterOptions } from '@redis/client';
import { JwtkitError } from '../errors.js';

/** Milliseconds to connect, and for each command. */
export const timeLimit = 2000;
const defaultPrefix = 'jwtkit:';
/** Commands that may wait for their answers: a server that stands still must not fill the memory with questions. */
const mostWaiting = 10_000;

/** What is needed of a client, be it of a server or of a cluster. */
export interface Connection {
  connect(): Promise<unknown>;
  hmGet(key: string, fields: string[]): Promise<(string | null)[]>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  destroy(): void;
  /** Text of INFO from each server that holds entries. */
  memoryReports(): Promise<string[]>;
  /** Keys in portions, from every server that holds entries. */
  scan(pattern: string): AsyncIterable<string[]>;
}

/** Where a Redis store is and who asks it. */
export interface Address {
  readonly isCluster: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly prefix: string;
}

const locationForm = /^redis(s?)(\+cluster)?:\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/(\d{1,4})?)?(?:\?prefix=([^&#]*))?$/;

/**
 * Reads `redis[s][+cluster]://[user:password@]host[:port][,…][/database][?prefix=…]`.
 * @throws {JwtkitError} USAGE_INVALID, without repeating the location.
 */
export function parseLocation(location: string): Address {
  const match = locationForm.exec(location);
  // The location is not repeated: it may hold a password.
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (match === null)
    throw refuse('a Redis store is redis[s][+cluster]://[user:password@]host[:port][/database][?prefix=…]');
  const [, tls, cluster, credentials, hostList = '', database, prefix] = match;
  const [username, password] = (credentials ?? '').split(/:(.*)/s);
  const hosts = hostList.split(',').map((text) => {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
    if (host === undefined || Number(port ?? 0) > 65_535) {
      throw refuse('a host of the Redis store is not host or host:port');
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 6379) };
  });
  if (hosts.length > 1 && cluster === undefined) throw refuse('several Redis hosts make a cluster: redis+cluster://…');
  if (database !== undefined && cluster !== undefined) throw refuse('a Redis cluster has no databases');
  return {
    isCluster: cluster !== undefined,
    hosts,
    isTls: tls === 's',
    username: decodePart(username, refuse),
    password: decodePart(password, refuse),
    database: database === undefined ? undefined : Number(database),
    prefix: decodePart(prefix, refuse) ?? defaultPrefix,
  };
}

function decodePart(text: string | undefined, refuse: (message: string) => JwtkitError): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('a part of the Redis store is not percent-encoded as in a URL');
  }
}

/** Through require: dynamic import would set up the ES module loader, which a one-shot command has no other use for. */
function redisClient(): typeof import('@redis/client') {
  return createRequire(import.meta.url)('@redis/client');
}

type SharedOptions = Pick<
  RedisClientOptions,
  'socket' | 'username' | 'password' | 'disableOfflineQueue' | 'commandsQueueMaxLength'
>;

/** Reconnects for ever once it was connected, so that a long-lived process recovers; gives up at once before that. */
function sharedOptions({ isTls, username, password }: Address, wasConnected: () => boolean): SharedOptions {
  const reconnectStrategy = (retries: number, cause: Error) =>
    wasConnected() ? Math.min(50 * 2 ** retries, 1000) : cause;
  const socket = { connectTimeout: timeLimit, reconnectStrategy, ...(isTls ? { tls: true as const } : {}) };
  return {
    socket,
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostWaiting,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/** A connection to one server, not yet made. */
export function serverConnection(address: Address): Connection {
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

/** A connection to a cluster, not yet made. */
export function clusterConnection(address: Address): Connection {
  let isConnected = false;
  const { socket, ...rest } = sharedOptions(address, () => isConnected);
  // Only to ask for the nodes; one that accepts and never answers must not keep the process.
  const rootNodes = address.hosts.map(({ host, port }) => ({
    ...rest,
    socket: { ...socket, socketTimeout: timeLimit, host, port },
  }));
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

/** What a person needs to know of an error, from a list of known ones: a server's own text could repeat what was sent. */
export function reasonOf(error: unknown): string {
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
  if (error.message === 'The queue is full') return `it has ${mostWaiting} questions to answer`;
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
