/** Connections to a Redis server or cluster, with the commands that the stores need. */
import type { RedisClientOptions, RedisClusterOptions } from '@redis/client';
import type { Address } from './location.js';

/** Milliseconds for connecting, and for each command. */
export const timeLimit = 2000;
/** Commands that may wait for an answer, so that a stuck server does not fill the memory. */
export const mostWaiting = 10_000;

export interface Connection {
  connect(): Promise<unknown>;
  /** Calls back on each connection to a server, also the first. */
  onConnect(listener: () => void): void;
  hmGet(key: string, fields: string[]): Promise<(string | null)[]>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  destroy(): void;
  servers(): string[];
  serverOf(key: string): string;
  info(server: string, section: string): Promise<string>;
  setting(server: string, name: string): Promise<string | undefined>;
  /** Yields keys in portions, from every server that holds entries. */
  scan(pattern: string): AsyncIterable<string[]>;
}

/** After the first connection the client reconnects for ever, so that a service recovers. Before it, the client fails at once. */
function sharedOptions({ isTls, username, password }: Address, wasConnected: () => boolean) {
  const reconnectStrategy = (retries: number, cause: Error) =>
    wasConnected() ? Math.min(50 * 2 ** retries, 1000) : cause;
  // Otherwise NODE_TLS_REJECT_UNAUTHORIZED and NODE_OPTIONS could weaken TLS.
  const tls = { tls: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const socket = { connectTimeout: timeLimit, reconnectStrategy, ...(isTls ? tls : {}) };
  return {
    socket,
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostWaiting,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/** Makes an unconnected client for an address. */
export async function makeConnection(address: Address): Promise<Connection> {
  // Loaded on first use: few commands need Redis.
  const redis = await import('@redis/client');
  return address.isCluster ? clusterConnection(redis, address) : serverConnection(redis, address);
}

function serverConnection({ createClient }: typeof import('@redis/client'), address: Address): Connection {
  let isConnected = false;
  const [{ host, port }] = address.hosts as [{ host: string; port: number }];
  const shared = sharedOptions(address, () => isConnected);
  const client = createClient({
    ...shared,
    socket: { ...shared.socket, host, port } as NonNullable<RedisClientOptions['socket']>,
    ...(address.database === undefined ? {} : { database: address.database }),
  });
  // An error without a listener would end the process. Each command reports its own error.
  client.on('error', () => {});
  return {
    connect: () => client.connect().then(() => (isConnected = true)),
    onConnect: (listener) => client.on('ready', listener),
    hmGet: (key, fields) => client.hmGet(key, fields) as Promise<(string | null)[]>,
    eval: (script, options) => client.eval(script, options),
    destroy: () => end(client),
    servers: () => [''],
    serverOf: () => '',
    info: async (_server, section) => String(await client.info(section)),
    setting: async (_server, name) => (await client.configGet(name))[name],
    scan: (pattern) => client.scanIterator({ MATCH: pattern, COUNT: 1000 }) as AsyncIterable<string[]>,
  };
}

function clusterConnection({ createCluster }: typeof import('@redis/client'), address: Address): Connection {
  let isConnected = false;
  const { socket, ...rest } = sharedOptions(address, () => isConnected);
  // These connections only list the nodes. A server that accepts and never answers must not keep the process alive.
  const rootNodes = address.hosts.map(({ host, port }) => ({
    ...rest,
    socket: { ...socket, socketTimeout: timeLimit, host, port },
  }));
  const options = { rootNodes, defaults: { ...rest, socket } } as RedisClusterOptions;
  const cluster = createCluster(options);
  let cause: unknown;
  cluster.on('error', (error) => {
    cause = error;
  });
  const clientOf = async (server: string) => {
    const node = cluster.masters.find(({ address: name }) => name === server);
    if (node === undefined) throw new Error(`the cluster has no master ${server}`);
    return cluster.nodeClient(node);
  };
  return {
    async connect() {
      try {
        await cluster.connect();
      } catch (error) {
        // The client's own error only says that no node can be reached.
        throw cause ?? error;
      }
      isConnected = true;
    },
    onConnect: (listener) => cluster.on('node-ready', listener),
    hmGet: (key, fields) => cluster.hmGet(key, fields) as Promise<(string | null)[]>,
    eval: (script, evalOptions) => cluster.eval(script, evalOptions),
    destroy: () => end(cluster),
    servers: () => cluster.masters.map((node) => node.address),
    serverOf: (key) => cluster.slots[slotOf(key)]?.master.address ?? '',
    info: async (server, section) => String(await (await clientOf(server)).info(section)),
    setting: async (server, name) => (await (await clientOf(server)).configGet(name))[name],
    async *scan(pattern) {
      const clients = await Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
      for (const client of clients) yield* client.scanIterator({ MATCH: pattern, COUNT: 1000 });
    },
  };
}

function end(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {
    // The client never connected.
  }
}

/** Runs a command within the time limit. The client's own limit ends once a command is sent. */
export async function withinTimeLimit<T>(command: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeLimit / 1000} s`)), timeLimit);
  });
  try {
    return await Promise.race([command(), expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** CRC-16/XMODEM of each byte. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 0x8000) === 0 ? sum << 1 : (sum << 1) ^ 0x1021;
  return sum;
});

/** Returns the slot of a key in a cluster (Redis cluster specification, "Key distribution model"). If the key has text in braces, only that text counts. */
export function slotOf(key: string): number {
  const [, tag = ''] = /^[^{]*\{([^}]*)\}/s.exec(key) ?? [];
  let sum = 0;
  for (const byte of Buffer.from(tag === '' ? key : tag)) {
    sum = ((sum << 8) & 0xffff) ^ (table[(sum >> 8) ^ byte] as number);
  }
  return sum % 16_384;
}
