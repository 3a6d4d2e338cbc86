/** Sentinels, which say what server is the master. */
import { setTimeout as wait } from 'node:timers/promises';
import { clientOptions, endClient, type RedisPackage, ShownReason, withinTimeLimit } from './connection.js';
import { reasonOf } from './failures.js';
import type { Address, Host } from './location.js';

/** Milliseconds for each sentinel, and for the others after the first answer: a sentinel that hangs delays the start by as much. */
const sentinelLimit = { each: 1500, others: 300 } as const;

/** The master that a sentinel names, and when it came to be the master: failovers are counted. */
interface Named {
  readonly host: Host;
  readonly epoch: number;
}

export interface Sentinels {
  /**
   * Asks all sentinels, and returns the master of those that have seen the latest failover.
   * @throws {ShownReason} if none knows a master, if they disagree, or if all that answer have missed a failover that was heard of before.
   */
  findMaster(): Promise<Host>;
  destroy(): void;
}

/** Returns the sentinels of an address. Connections to them stay open for the next question. */
export function sentinelsOf({ createClient }: RedisPackage, address: Address): Sentinels {
  const { isTls, hosts, master = '', sentinelUsername: username, sentinelPassword: password } = address;
  const clients = new Map<Host, ReturnType<typeof makeClient>>();
  /** Questions that a slow sentinel has not answered yet. */
  const pending = new Map<Host, Promise<Named>>();
  /** The latest failover that any sentinel told of. */
  let latest = 0;
  let isDestroyed = false;

  // The password of the servers is not for sentinels.
  function makeClient({ host, port }: Host) {
    const { socket, ...options } = clientOptions({ isTls, username, password }, false);
    const client = createClient({ ...options, socket: { ...socket, host, port } as typeof socket });
    // An error without a listener would end the process. Each question reports its own error.
    client.on('error', () => {});
    return client;
  }

  function ask(sentinel: Host): Promise<Named> {
    const running = pending.get(sentinel);
    if (running !== undefined) return running;
    const started = withinTimeLimit(() => askByClient(sentinel), sentinelLimit.each)
      .catch((error) => {
        // A sentinel that answers without knowing the master keeps its connection.
        if (!(error instanceof Error && /^(?:ERR|NOPERM)\b/.test(error.message))) forget(sentinel);
        throw error;
      })
      .finally(() => {
        pending.delete(sentinel);
        if (isDestroyed) forget(sentinel);
      });
    pending.set(sentinel, started);
    return started;
  }

  async function askByClient(sentinel: Host): Promise<Named> {
    let client = clients.get(sentinel);
    if (client === undefined) {
      client = makeClient(sentinel);
      clients.set(sentinel, client);
      await client.connect();
    }
    // Until a failover is over, SENTINEL MASTER has the old address. The count comes first: then an address may be newer than its
    // count, never older.
    const [counted, address] = await Promise.all([
      client.sendCommand(['SENTINEL', 'MASTER', master]),
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]),
    ]);
    return { host: readHost(address), epoch: readEpoch(counted) };
  }

  function forget(sentinel: Host): void {
    const client = clients.get(sentinel);
    clients.delete(sentinel);
    if (client !== undefined) endClient(client);
  }

  return {
    async findMaster() {
      const known: Named[] = [];
      const hear = (named: Named) => {
        known.push(named);
        latest = Math.max(latest, named.epoch);
      };
      const asked = hosts.map((sentinel) => ask(sentinel).then(hear));
      const all = Promise.allSettled(asked);
      const enough = Promise.any(asked).then(
        () => wait(sentinelLimit.others, undefined, { ref: false }),
        () => all,
      );
      await Promise.race([all, enough]);
      if (known.length > 0) {
        const epoch = Math.max(...known.map((named) => named.epoch));
        // A sentinel that was cut off still names the master before the failover. If all count anew, they were set up anew.
        if (known.length === hosts.length) latest = epoch;
        if (epoch < latest) throw new ShownReason('its sentinels name the master from before the latest failover');
        return mostNamed(known.filter((named) => named.epoch === epoch));
      }
      const reasons = (await all).map((answer, at) => reasonOfAnswer(hosts[at] as Host, answer));
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
  const message = error instanceof Error ? error.message : '';
  const isUnknown = /^ERR No such master/i.test(message);
  const [reason, hint] = isUnknown ? ['it watches no master of this name'] : reasonOf(error);
  if (/^NOPERM\b/.test(message)) return [`${host}:${port}: ${reason}`, mayNotAsk];
  return [`${host}:${port}: ${reason}`, hint];
}

const mayNotAsk = 'its user needs SENTINEL MASTER and SENTINEL GET-MASTER-ADDR-BY-NAME';

/** The address that most name. A sentinel that could not look up the name of a new master counts the failover, and keeps the old address. */
function mostNamed(answers: readonly Named[]): Host {
  const named = new Map<string, { host: Host; times: number }>();
  for (const { host } of answers) {
    const name = `${host.host}:${host.port}`;
    named.set(name, { host, times: (named.get(name)?.times ?? 0) + 1 });
  }
  const [first, second] = [...named.values()].sort((one, other) => other.times - one.times);
  if (first === undefined || first.times === second?.times)
    throw new ShownReason(`its sentinels disagree: they name ${[...named.keys()].join(' and ')}`);
  return first.host;
}

function readHost(reply: unknown): Host {
  const [host, port] = Array.isArray(reply) ? (reply as unknown[]) : [];
  const isHost = typeof host === 'string' && /^[\w.:-]{1,255}$/.test(host);
  const number = Number(port);
  if (!isHost || !Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new ShownReason('its answer names no host and port');
  }
  return { host, port: number };
}

/** Reads the answer to SENTINEL MASTER: a map, or a list of names and values from an older server. */
function readEpoch(reply: unknown): number {
  const fields = Array.isArray(reply) ? pairsOf(reply) : Object.entries((reply ?? {}) as object);
  return Number((Object.fromEntries(fields) as Record<string, unknown>)['config-epoch']) || 0;
}

function pairsOf(list: readonly unknown[]): [string, unknown][] {
  return list.flatMap((value, at): [string, unknown][] => (at % 2 === 0 ? [[String(value), list[at + 1]]] : []));
}
