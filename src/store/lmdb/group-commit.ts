import type { RootDatabase } from 'lmdb';
import { inTransaction } from './environment.js';
import { type Room, takeRoom } from './room.js';

/** The most actions that share a transaction. */
const mostTogether = 64;

interface Waiting {
  readonly action: (room: Room) => unknown;
  readonly isChange: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface GroupCommitHooks {
  /** Runs before each transaction and after it. An error fails the actions. */
  readonly check: () => void;
  /** Runs once in each transaction with a change, before it, and removes what has expired. */
  readonly prune: (room: Room) => void;
  readonly toError: (cause: unknown) => Error;
}

/** Runs all actions of one turn of the event loop in one transaction, since flushing the disk takes most of the time. */
export function groupCommit(root: RootDatabase, folder: string, { check, prune, toError }: GroupCommitHooks) {
  const waiting: Waiting[] = [];

  function commit(): void {
    const group = waiting.splice(0, mostTogether);
    if (group.length === 0) return;
    // On an almost full disk there is room for some of them only.
    let done = 0;
    try {
      check();
      const results = inTransaction(root, () => {
        const room = takeRoom(folder, group.length);
        done = room.changes;
        if (group.some(({ isChange }) => isChange)) prune(room);
        return group.slice(0, done).map(({ action }) => action(room));
      });
      check();
      for (const [index, result] of results.entries()) group[index]?.resolve(result);
    } catch (cause) {
      done = group.length;
      const error = toError(cause);
      for (const { reject } of group) reject(error);
    }
    waiting.unshift(...group.slice(done));
    if (waiting.length > 0) setImmediate(commit);
  }

  return {
    /** Resolves once the action's transaction is on the disk. An action may run twice; only the last run counts. */
    run: <T>(action: (room: Room) => T, isChange: boolean): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ action, isChange, resolve: resolve as (result: unknown) => void, reject });
        if (waiting.length === 1) setImmediate(commit);
      }),
    flush(): void {
      while (waiting.length > 0) commit();
    },
  };
}
