/** A connection to a Redis cluster. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RedisClusterOptions } from '@redis/client';
import { acknowledging } from './acknowledgement.js';
import {
  type Connection,
  clientOptions,
  type Evaluate,
  endClient,
  type RedisPackage,
  reconnectOnce,
  timeLimit,
  withinTimeLimit,
} from './connection.js';
import type { Address } from './location.js';
import { slotOf } from './slots.js';

/** Milliseconds for which a lost node is tried before the cluster is asked for its nodes. */
const refreshAfter = 500;
/** Times that a script follows its key to another node. */
const mostMoves = 3;

/** Makes an unconnected connection to the cluster of an address. */
export function clusterConnection(redis: RedisPackage, address: Address): Connection {
  const listeners: (() => void)[] = [];
  const acknowledge = acknowledging(address.replicas);
  let current = openCluster(redis, address);
  let isDestroyed = false;
  let isRenewing = false;

  /**
   * Takes a fresh client in the place of one whose node did not answer. A node that hangs keeps its connection, so the client would not
   * look for the replica that the cluster has promoted.
   */
  async function renew(): Promise<void> {
    if (isRenewing) return;
    isRenewing = true;
    const next = openCluster(redis, address);
    try {
      await withinTimeLimit(next.connect);
      // In a turn of its own: a question and the look at the marker after it go to the same servers.
      await nextTurn();
      if (isDestroyed) throw new Error('destroyed');
    } catch {
      return endClient(next.cluster);
    } finally {
      isRenewing = false;
    }
    endClient(current.cluster);
    current = next;
    for (const listener of listeners) follow(listener);
    for (const listener of listeners) listener();
  }

  function follow(listener: () => void): void {
    current.cluster.on('node-ready', listener);
  }

  /** Waits for an answer. If there is none in time, asks the cluster for its nodes by a fresh client. */
  async function watch<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(renew, timeLimit);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  const nodeOf = (key: string) => current.cluster.slots[slotOf(key)]?.master;
  const clientOf = async (server: string) => {
    const node = current.cluster.masters.find(({ address: name }) => name === server);
    if (node === undefined) throw new Error(`the cluster has no master ${server}`);
    return current.cluster.nodeClient(node);
  };
  const hmGet = (key: string, fields: string[]) =>
    watch(current.cluster.hmGet(key, fields)) as Promise<(string | null)[]>;

  return {
    connect: () => current.connect(),
    onConnect(listener) {
      listeners.push(listener);
      follow(listener);
    },
    hmGet,
    eval: (script, options) => watch(current.cluster.eval(script, options)),
    async acknowledged(key, change) {
      for (let move = 0; ; move++) {
        const node = nodeOf(key);
        if (node === undefined) throw new Error('CLUSTERDOWN no node has the slot');
        // The node's own client, since another one would not wait for these changes.
        const client = await current.cluster.nodeClient(node);
        try {
          const evaluate = async (...[script, options]: Parameters<typeof client.eval>) => client.eval(script, options);
          return await watch(acknowledge(client, () => change(evaluate as Evaluate)));
        } catch (error) {
          if (move === mostMoves || !(error instanceof Error && /^MOVED\b/.test(error.message))) throw error;
          // Follows the key, and learns which node has it now.
          await hmGet(key, ['kind']);
        }
      }
    },
    destroy() {
      isDestroyed = true;
      endClient(current.cluster);
    },
    servers: () => current.cluster.masters.map((node) => node.address),
    serverOf: (key) => nodeOf(key)?.address ?? '',
    info: async (server, section) => String(await watch((await clientOf(server)).info(section))),
    setting: async (server, name) => (await (await clientOf(server)).configGet(name))[name],
    async *scan(pattern) {
      const { cluster } = current;
      const clients = await Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
      for (const client of clients) yield* client.scanIterator({ MATCH: pattern, COUNT: 1000 });
    },
  };
}

function openCluster({ createCluster }: RedisPackage, address: Address) {
  let isConnected = false;
  const { socket, ...rest } = clientOptions(
    address,
    reconnectOnce(() => isConnected),
  );
  // These connections only list the nodes. A server that accepts and never answers must not keep the process alive.
  const rootNodes = address.hosts.map(({ host, port }) => ({
    ...rest,
    socket: { ...socket, socketTimeout: timeLimit, host, port },
  }));
  const cluster = createCluster({
    rootNodes,
    defaults: { ...rest, socket },
    topologyRefreshOnReconnectionAttemptStrategy: refreshAfter,
  } as RedisClusterOptions);
  let cause: unknown;
  cluster.on('error', (error) => {
    cause = error;
  });
  return {
    cluster,
    async connect() {
      try {
        await cluster.connect();
      } catch (error) {
        // The client's own error only says that no node can be reached.
        throw cause ?? error;
      }
      isConnected = true;
    },
  };
}
