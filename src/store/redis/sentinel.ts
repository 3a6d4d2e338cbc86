/** A connection to the server that sentinels name as the master, which may be another one after a failover. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Connection, endClient, type RedisPackage, ShownReason, withinTimeLimit } from './connection.js';
import { reasonOf } from './failures.js';
import type { Address, Host } from './location.js';
import { sentinelsOf } from './sentinels.js';
import { questionsTo, type ServerClient, serverClient } from './server.js';

/** Milliseconds between two questions to the sentinels, and while there is no master. */
const interval = { usual: 1000, without: 200 } as const;
/** Milliseconds for which a master counts that no sentinel names any more: cut off with it, one would miss revocations. */
const confirmation = 10_000;

/** Makes an unconnected connection to the master of an address. */
export function sentinelConnection(redis: RedisPackage, address: Address): Connection {
  const sentinels = sentinelsOf(redis, address);
  const listeners: (() => void)[] = [];
  let current: { readonly name: string; readonly client: ServerClient } | undefined;
  let confirmedAt = 0;
  let isDestroyed = false;
  let timer: NodeJS.Timeout | undefined;

  function master(): ServerClient {
    if (current === undefined) throw new ShownReason('the master that its sentinels name cannot be reached');
    if (performance.now() - confirmedAt > confirmation) {
      throw new ShownReason(`no sentinel has named its master for ${confirmation / 1000} s`);
    }
    return current.client;
  }

  let looking: Promise<void> | undefined;
  /** Asks the sentinels, and connects to the master if it is another one. One at a time: an answer that is late is not the latest. */
  function look(): Promise<void> {
    looking ??= askAndConnect().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function askAndConnect(): Promise<void> {
    const host = await sentinels.findMaster();
    const name = `${host.host}:${host.port}`;
    if (name !== current?.name) await change(name, await openMaster(redis, address, host));
    if (name === current?.name) confirmedAt = performance.now();
  }

  async function change(name: string, client: ServerClient): Promise<void> {
    // In a turn of its own: a question and the look at the marker after it go to one server.
    await nextTurn();
    if (isDestroyed || !client.isReady) return endClient(client);
    if (current !== undefined) endClient(current.client);
    current = { name, client };
    client.on('terminated', () => {
      if (current?.client === client) current = undefined;
      plan(0);
    });
    for (const listener of listeners) listener();
  }

  /** Looks again after some milliseconds, and so on. */
  function plan(delay: number): void {
    clearTimeout(timer);
    if (isDestroyed) return;
    timer = setTimeout(async () => {
      await look().catch(() => {});
      plan(current === undefined ? interval.without : interval.usual);
    }, delay).unref();
  }

  return {
    ...questionsTo(master, address.replicas),
    async connect() {
      await look();
      plan(interval.usual);
    },
    onConnect: (listener) => listeners.push(listener),
    destroy() {
      isDestroyed = true;
      clearTimeout(timer);
      sentinels.destroy();
      if (current !== undefined) endClient(current.client);
    },
    servers: () => [current?.name ?? ''],
    serverOf: () => current?.name ?? '',
  };
}

/** Connects to a server, and makes sure that it takes itself for a master, too. */
async function openMaster(redis: RedisPackage, address: Address, host: Host): Promise<ServerClient> {
  const client = serverClient(redis, address, host, false);
  try {
    await withinTimeLimit(() => client.connect());
    const answer = await withinTimeLimit(() => client.role());
    if (answer?.role !== 'master') throw new ShownReason('it is a replica');
    return client;
  } catch (error) {
    endClient(client);
    const [reason, hint] = reasonOf(error);
    throw new ShownReason(`its master ${host.host}:${host.port}, as sentinels name it: ${reason}`, hint);
  }
}
