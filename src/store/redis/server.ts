/** A connection to one Redis server. */
import { acknowledging } from './acknowledgement.js';
import { type Connection, clientOptions, endClient, type RedisPackage, reconnectOnce } from './connection.js';
import type { Address, Host } from './location.js';

/** Makes an unconnected client of a server. */
export function serverClient(
  { createClient }: RedisPackage,
  address: Address,
  { host, port }: Host,
  reconnectStrategy: Parameters<typeof clientOptions>[1],
) {
  const { socket, ...options } = clientOptions(address, reconnectStrategy);
  const client = createClient({
    ...options,
    socket: { ...socket, host, port } as typeof socket,
    ...(address.database === undefined ? {} : { database: address.database }),
  });
  // An error without a listener would end the process. Each command reports its own error.
  client.on('error', () => {});
  return client;
}

export type ServerClient = ReturnType<typeof serverClient>;

/** Returns what the stores ask, asked of the client that `current` returns. */
export function questionsTo(
  current: () => ServerClient,
  replicas: number,
): Pick<Connection, 'hmGet' | 'eval' | 'acknowledged' | 'info' | 'setting' | 'scan'> {
  const acknowledge = acknowledging(replicas);
  return {
    hmGet: async (key, fields) => current().hmGet(key, fields) as Promise<(string | null)[]>,
    eval: async (script, options) => current().eval(script, options),
    acknowledged: async (_key, change) => {
      const client = current();
      return acknowledge(client, () => change(async (script, options) => client.eval(script, options)));
    },
    info: async (_server, section) => String(await current().info(section)),
    setting: async (_server, name) => (await current().configGet(name))[name],
    async *scan(pattern) {
      yield* current().scanIterator({ MATCH: pattern, COUNT: 1000 }) as AsyncIterable<string[]>;
    },
  };
}

/** Makes an unconnected connection to the server of an address. */
export function serverConnection(redis: RedisPackage, address: Address): Connection {
  let isConnected = false;
  const client = serverClient(
    redis,
    address,
    address.hosts[0] as Host,
    reconnectOnce(() => isConnected),
  );
  return {
    ...questionsTo(() => client, address.replicas),
    connect: () => client.connect().then(() => (isConnected = true)),
    onConnect: (listener) => client.on('ready', listener),
    destroy: () => endClient(client),
    servers: () => [''],
    serverOf: () => '',
  };
}
