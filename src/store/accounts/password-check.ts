/**
 * Password checks of a service whose file has hashes of other programs. They take longer or shorter than ours. So each answer takes as
 * long as the slowest kind in the file: its time tells neither which users exist nor who has logged in since.
 */
import { setTimeout } from 'node:timers/promises';
import { type CompareBcrypt, formsOf, isPassword } from './password.js';
import { describeWork, withoutPassword } from './password-hash.js';

/** What the check must know about the hashes in the file. */
interface Hashes {
  /** The hash of another kind than ours whose check is the most work; undefined if all are of our kind. */
  slowestHash(): string | undefined;
}

/** How long checks of one kind of hash take, in milliseconds. */
interface Times {
  /** That of a check without a password, before the first one of this kind. */
  readonly first: number;
  /** Those of the last checks, the latest first. A thread that has much to do takes longer. */
  recent: readonly number[];
}

/** Returns `isPassword` for a service. */
export function openPasswordCheck(
  { slowestHash }: Hashes,
  compareBcrypt?: CompareBcrypt,
): (password: string, hash: string | undefined) => Promise<boolean> {
  const known = new Map<string, Promise<Times>>();
  const measure = async (hash: string): Promise<Times> => {
    const begin = performance.now();
    await isPassword('', withoutPassword(hash), compareBcrypt);
    const first = performance.now() - begin;
    return { first, recent: [first] };
  };
  const timesOf = (hash: string, kind: string): Promise<Times> => {
    const times = known.get(kind) ?? measure(hash);
    known.set(kind, times);
    times.catch(() => known.delete(kind));
    return times;
  };
  return async (password, hash) => {
    const slowest = slowestHash();
    if (slowest === undefined) return isPassword(password, hash, compareBcrypt);
    const kind = describeWork(slowest);
    const times = await timesOf(slowest, kind);
    // The longest of several: nearly all checks are over by then. An attacker who keeps the thread busy does not make all wait as long.
    const checks = formsOf(password).length;
    const least = checks * Math.min(Math.max(times.first, ...times.recent), 2 * times.first);
    const begin = performance.now();
    const isRight = await isPassword(password, hash, compareBcrypt);
    const taken = performance.now() - begin;
    const isOfThatKind = hash !== undefined && describeWork(hash) === kind;
    if (isOfThatKind && checks === 1) times.recent = [taken, ...times.recent.slice(0, 7)];
    if (taken < least) await setTimeout(least - taken);
    return isRight;
  };
}
