/** Sentinels, which say what server is the master. */
import { clientOptions, endClient, type RedisPackage, ShownReason, withinTimeLimit } from './connection.js';
import { reasonOf } from './failures.js';
import type { Address, Host } from './location.js';

/** Milliseconds for each sentinel: a dead one delays the start by as much. */
const sentinelLimit = 700;

export interface Sentinels {
  /**
   * Asks all sentinels, and returns the master of the one that has seen the latest failover.
   * @throws {ShownReason} if none knows a master.
   */
  findMaster(): Promise<Host>;
  destroy(): void;
}

/** Returns the sentinels of an address. Connections to them stay open for the next question. */
export function sentinelsOf({ createClient }: RedisPackage, address: Address): Sentinels {
  const { isTls, hosts, master = '', sentinelUsername: username, sentinelPassword: password } = address;
  const clients = new Map<Host, ReturnType<typeof makeClient>>();
  let isDestroyed = false;

  // The password of the servers is not for sentinels.
  function makeClient({ host, port }: Host) {
    const { socket, ...options } = clientOptions({ isTls, username, password }, false);
    const client = createClient({ ...options, socket: { ...socket, host, port } as typeof socket });
    // An error without a listener would end the process. Each question reports its own error.
    client.on('error', () => {});
    return client;
  }

  async function ask(sentinel: Host): Promise<{ host: Host; epoch: number }> {
    let client = clients.get(sentinel);
    try {
      if (client === undefined) {
        client = makeClient(sentinel);
        clients.set(sentinel, client);
        await client.connect();
      }
      return readMaster(await client.sendCommand(['SENTINEL', 'MASTER', master]));
    } catch (error) {
      // A sentinel that answers without knowing the master keeps its connection.
      if (!(error instanceof Error && /^(?:ERR|NOPERM)\b/.test(error.message))) forget(sentinel);
      throw error;
    }
  }

  function forget(sentinel: Host): void {
    const client = clients.get(sentinel);
    clients.delete(sentinel);
    if (client !== undefined) endClient(client);
  }

  return {
    async findMaster() {
      const asked = hosts.map(async (sentinel) => {
        try {
          return await withinTimeLimit(() => ask(sentinel), sentinelLimit);
        } catch (error) {
          if (error instanceof ShownReason) forget(sentinel);
          throw error;
        }
      });
      const answers = await Promise.allSettled(asked);
      if (isDestroyed) for (const sentinel of hosts) forget(sentinel);
      const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      // A sentinel that was cut off still names the master before the failover.
      const [latest] = known.sort((one, other) => other.epoch - one.epoch);
      if (latest !== undefined) return latest.host;
      const reasons = answers.map((answer, at) => reasonOfAnswer(hosts[at] as Host, answer));
      const [, hint] = reasons.find(([, found]) => found !== undefined) ?? [];
      throw new ShownReason(`no sentinel knows its master: ${reasons.map(([reason]) => reason).join('; ')}`, hint);
    },
    destroy() {
      isDestroyed = true;
      for (const sentinel of [...clients.keys()]) forget(sentinel);
    },
  };
}

function reasonOfAnswer(
  { host, port }: Host,
  answer: PromiseSettledResult<unknown>,
): readonly [reason: string, hint: string | undefined] {
  const error: unknown = answer.status === 'rejected' ? answer.reason : undefined;
  const isUnknown = error instanceof Error && /^ERR No such master/i.test(error.message);
  const [reason, hint] = isUnknown ? ['it watches no master of this name'] : reasonOf(error);
  return [`${host}:${port}: ${reason}`, hint];
}

/** Reads the answer to SENTINEL MASTER: a map, or a list of names and values from an older server. */
function readMaster(reply: unknown): { host: Host; epoch: number } {
  const fields = Array.isArray(reply) ? pairsOf(reply) : Object.entries((reply ?? {}) as object);
  const { ip, port, 'config-epoch': epoch } = Object.fromEntries(fields) as Record<string, unknown>;
  const isHost = typeof ip === 'string' && /^[\w.:-]{1,255}$/.test(ip);
  const number = Number(port);
  if (!isHost || !Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new ShownReason('its answer names no host and port');
  }
  return { host: { host: ip, port: number }, epoch: Number(epoch) || 0 };
}

function pairsOf(list: readonly unknown[]): [string, unknown][] {
  return list.flatMap((value, at): [string, unknown][] => (at % 2 === 0 ? [[String(value), list[at + 1]]] : []));
}
