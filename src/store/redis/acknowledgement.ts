/** Changes that count once replicas have them (WAIT), so that a failover cannot lose them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ShownReason, timeLimit, withinTimeLimit } from './connection.js';

/** Milliseconds that replicas have: those who come during another's WAIT wait for two. */
const waitLimit = 800;

interface WaitingClient {
  wait(replicas: number, timeout: number): Promise<number>;
}

/** Changes that share a WAIT. */
interface Group {
  /** Resolves once the changes may be sent. */
  readonly begun: Promise<unknown>;
  /** Resolves to the number of replicas that have all of them. */
  readonly count: Promise<number>;
}

/**
 * Returns a function that runs a change on a client and then waits for the replicas. WAIT blocks its connection, so changes that come
 * meanwhile are sent together afterwards, and share the next one. A change whose time is over is not sent.
 */
export function acknowledging(replicas: number) {
  const groups = new WeakMap<WaitingClient, { next?: Group | undefined; last: Promise<unknown> }>();

  function join(client: WaitingClient): Group {
    const state = groups.get(client) ?? { last: Promise.resolve() };
    groups.set(client, state);
    if (state.next !== undefined) return state.next;
    const begun = state.last;
    const count = begun.then(async () => {
      // By the next turn all changes of the group are sent. Both in one turn: whatever comes later is in the next group.
      await nextTurn();
      state.next = undefined;
      return withinTimeLimit(() => client.wait(replicas, waitLimit));
    });
    state.next = { begun, count };
    state.last = count.catch(() => {});
    return state.next;
  }

  return async <T>(client: WaitingClient, change: () => Promise<T>): Promise<T> => {
    const end = performance.now() + timeLimit - waitLimit;
    const { begun, count } = join(client);
    await begun;
    if (performance.now() > end) throw new ShownReason(`no answer within ${timeLimit / 1000} s`);
    const [answer, acknowledged] = await Promise.all([change(), count]);
    if (acknowledged >= replicas) return answer;
    throw new ShownReason(
      `${acknowledged} of the ${replicas} replicas that wait= asks for had the change within ${waitLimit / 1000} s`,
      'the change may be lost: make it again once the replicas follow',
    );
  };
}
