/**
 * Points of log-ins. An attempt takes a point before its password is checked, and returns it if the password was right. So at most
 * as many passwords are checked at once as may be wrong.
 */
import { randomBytes } from 'node:crypto';

/** Milliseconds for which a spent point counts. */
export const pointLife = 900_000;
/** Milliseconds for which other attempts wait for a pending point. After that, its process counts as killed. */
export const pendingLimit = 10_000;
/** Milliseconds between two attempts to take a point that another process may return. */
const pollInterval = 50;

/** How a pending point ends. `spent`: it goes on counting. `returned`: it does not. `forgiven`: nor do the spent ones before it. */
export type PointEnd = 'spent' | 'returned' | 'forgiven';

export interface LoginPoints {
  /** Takes a point for a user, an address or both together, the key. If `bound` are taken, resolves to `busy` while a pending one may return, else to the milliseconds to wait. */
  take(key: string, bound: number, id: string): Promise<'taken' | 'busy' | number>;
  settle(key: string, id: string, end: PointEnd): Promise<void>;
}

/** A point that an attempt has taken. */
export interface TakenPoint {
  settle(end: PointEnd): Promise<void>;
}

interface Queue {
  present: number;
  /** Resolves when the last attempt in the queue has its result. */
  last: Promise<void>;
  /** Wakes the first attempt in the queue, if it waits. */
  wake?: (() => void) | undefined;
}

/**
 * Returns a function that takes a point of a key, or resolves to the milliseconds to wait. Attempts for one key take turns in their
 * order. Each waits while an earlier one may return its point.
 */
export function pointTaker(points: LoginPoints, bound: number) {
  const queues = new Map<string, Queue>();
  return async (key: string): Promise<TakenPoint | number> => {
    const queue = queues.get(key) ?? { present: 0, last: Promise.resolve() };
    queues.set(key, queue);
    queue.present++;
    const before = queue.last;
    let pass = () => {};
    queue.last = new Promise((resolve) => {
      pass = resolve;
    });
    const id = randomBytes(9).toString('base64url');
    try {
      await before;
      for (;;) {
        const answer = await points.take(key, bound, id);
        if (typeof answer === 'number') return answer;
        if (answer === 'taken') break;
        await possibleReturn(queue);
      }
    } finally {
      pass();
      if (--queue.present === 0) queues.delete(key);
    }
    return {
      async settle(end: PointEnd) {
        // A point that cannot be returned stays spent.
        await points.settle(key, id, end).catch(() => {});
        queues.get(key)?.wake?.();
      },
    };
  };
}

/** Resolves once an attempt in this process returned a point, or after a delay in which another process may have. */
function possibleReturn(queue: Queue): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => queue.wake?.(), pollInterval);
    queue.wake = () => {
      clearTimeout(timer);
      queue.wake = undefined;
      resolve();
    };
  });
}

interface Point {
  readonly id: string;
  /** When the point stops counting. */
  readonly end: number;
  isPending: boolean;
}

/** Keeps points in the memory of this process. `clock` returns milliseconds. */
export function memoryPoints(clock: () => number = () => performance.now()): LoginPoints {
  // Ordered by the last taken point, so that expired lists come first.
  const lists = new Map<string, Point[]>();
  const removeExpired = (now: number) => {
    for (const [key, list] of lists) {
      if ((list.at(-1)?.end ?? 0) > now) return;
      lists.delete(key);
    }
  };
  return {
    async take(key, bound, id) {
      const now = clock();
      removeExpired(now);
      const list = (lists.get(key) ?? []).filter(({ end }) => end > now);
      if (list.length < bound) {
        list.push({ id, end: now + pointLife, isPending: true });
        lists.delete(key);
        lists.set(key, list);
        return 'taken';
      }
      if (list.some(({ isPending, end }) => isPending && end - now > pointLife - pendingLimit)) return 'busy';
      return (list[list.length - bound] as Point).end - now;
    },
    async settle(key, id, end) {
      const list = lists.get(key) ?? [];
      const own = list.find((point) => point.id === id);
      if (own !== undefined && end === 'spent') own.isPending = false;
      if (end === 'spent') return;
      const left = list.filter((point) => point !== own && (end === 'returned' || point.isPending));
      if (left.length === 0) lists.delete(key);
      else lists.set(key, left);
    },
  };
}

/** Keeps points in `shared`, and in `own` while `shared` fails. */
export function pointsWithFallback(shared: LoginPoints, own: LoginPoints): LoginPoints {
  const takenHere = new Set<string>();
  return {
    async take(key, bound, id) {
      try {
        return await shared.take(key, bound, id);
      } catch {
        const answer = await own.take(key, bound, id);
        if (answer === 'taken') takenHere.add(id);
        return answer;
      }
    },
    settle: (key, id, end) => (takenHere.delete(id) ? own : shared).settle(key, id, end),
  };
}
