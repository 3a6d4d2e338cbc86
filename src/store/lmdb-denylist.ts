/**
 * The embedded denylist: a folder with an LMDB environment. Several processes share it, readers never wait, and a process
 * killed at any point leaves the last commit. Keys are digests, so that no claim is too long for one.
 */
import { hash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { JwtkitError } from '../errors.js';
import {
  applies,
  consumedUntil,
  type Denylist,
  mergeRevocations,
  type Revocation,
  storedUntil,
  type TokenIdentity,
} from '../token/denylist.js';
import { fileOf, isEnvironment, openEnvironment } from './lmdb-environment.js';

/** How many expired entries a write clears away with it. */
const prunedPerWrite = 64;
/** How many a transaction of `prune` removes: other writers wait for no more than this. */
const prunedPerTransaction = 100;
/**
 * Milliseconds after which a transaction stops pruning, whatever is left: nothing else runs on this thread meanwhile, and
 * every entry may be on a page that has to come from the disk.
 */
const pruningTime = 1;
/** Ids of each kind whose keys are remembered, and how long they may be. */
const mostKnown = 16_384;
const longestKnown = 256;

/** Opens an LMDB denylist; `read` and `update` resolve to undefined where there is none, `write` makes it. */
export async function openLmdbDenylist(
  folder: string,
  options: { mode: 'read' | 'update' | 'write'; now: () => number },
): Promise<Denylist | undefined> {
  try {
    if (options.mode !== 'write' && !isThere(folder)) return undefined;
    const mustExist = options.mode !== 'write';
    const before = fileOf(folder);
    const root = await openEnvironment(folder, { databases, readOnly: options.mode === 'read', mustExist });
    return new LmdbDenylist(root, folder, before ?? fileOf(folder), options.now);
  } catch (cause) {
    throw cause instanceof JwtkitError ? cause : unavailable(folder, cause);
  }
}

const databases = ['entries', 'expiry'] as const;

/**
 * Whether a denylist was made in a folder. None yet is an answer where the folder could be made; anything else in its
 * place, or no place at all, is a mistake that must not pass for "nothing is revoked".
 */
function isThere(folder: string): boolean {
  if (isEnvironment(folder)) return true;
  // A link to a place that is not mounted is no answer.
  const isLink = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && !existsSync(folder)) throw unavailable(folder, new Error('the link leads nowhere'));
  const place = existsSync(folder) ? folder : dirname(resolve(folder));
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw unavailable(folder, new Error(`${place} is not a folder`));
  if (place === folder && readdirSync(folder).length > 0)
    throw unavailable(folder, new Error('the folder is not empty, yet holds no whole denylist'));
  return false;
}

function unavailable(folder: string, cause: unknown): JwtkitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JwtkitError('STORE_UNAVAILABLE', `the denylist at ${folder} cannot be used: ${reason}`, { cause });
}

class LmdbDenylist implements Denylist {
  /** Revocations by key. */
  readonly #entries: Database<Revocation, string>;
  /** The same keys, ordered by when they may go. */
  readonly #expiry: Database<true, [until: number, key: string]>;
  readonly #root: RootDatabase;
  readonly #folder: string;
  readonly #file: string | undefined;
  readonly #now: () => number;
  /** Keys of ids that were asked for lately: those of a token and its session come with each request of its bearer. */
  readonly #known: Readonly<Record<Revocation['kind'], Map<string, string>>> = {
    token: new Map(),
    family: new Map(),
    subject: new Map(),
  };
  #isClosed = false;
  /** Whether the file was seen in its place in this turn of the event loop. */
  #isSeen = false;

  constructor(root: RootDatabase, folder: string, file: string | undefined, now: () => number) {
    this.#root = root;
    this.#folder = folder;
    this.#file = file;
    this.#now = now;
    this.#entries = root.openDB({ name: 'entries', encoding: 'json' });
    this.#expiry = root.openDB({ name: 'expiry', encoding: 'json' });
  }

  find(token: Parameters<Denylist['find']>[0]): Promise<Revocation | undefined> {
    return this.#run(async () => {
      this.#startReading();
      return (
        this.#findApplying('token', token.jti, token) ??
        this.#findApplying('family', token.family, token) ??
        this.#findApplying('subject', token.sub, token)
      );
    });
  }

  #findApplying(kind: Revocation['kind'], id: string | undefined, token: TokenIdentity): Revocation | undefined {
    const entry = id === undefined ? undefined : this.#entries.get(this.#keyOf(kind, id));
    return entry !== undefined && applies(entry, token) ? entry : undefined;
  }

  add(revocation: Revocation): Promise<void> {
    return this.#write(() => {
      const key = this.#keyOf(revocation.kind, revocation.id);
      const present = this.#entries.get(key);
      this.#put(key, present === undefined ? revocation : mergeRevocations(revocation, present), present);
    });
  }

  consume(jti: string, until: number): Promise<Revocation | undefined> {
    return this.#write(() => {
      const key = this.#keyOf('token', jti);
      const present = this.#entries.get(key);
      if (present === undefined)
        this.#put(
          key,
          { kind: 'token', id: jti, reason: 'consumed', until: consumedUntil(until, this.#now()) },
          undefined,
        );
      return present;
    });
  }

  async *list(): AsyncIterable<Revocation> {
    const entries = await this.#run(async () => {
      this.#startReading();
      return this.#entries.getRange({ snapshot: false })[Symbol.iterator]();
    });
    for (;;) {
      const entry = await this.#run(async () => entries.next());
      if (entry.done === true) return;
      yield entry.value.value;
    }
  }

  async prune(now: number): Promise<number> {
    let total = 0;
    for (;;) {
      const removed = await this.#transaction(() => this.#removeExpired(now, prunedPerTransaction));
      if (removed === 0) return total;
      total += removed;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#root.close();
  }

  #put(key: string, entry: Revocation, present: Revocation | undefined): void {
    if (present !== undefined) this.#expiry.remove([present.until, key]);
    const until = storedUntil(entry.until);
    this.#entries.put(key, { ...entry, until });
    this.#expiry.put([until, key], true);
  }

  /** Removes one expired entry at least, if there is any, so that a store which is written to does not grow with them. */
  #removeExpired(now: number, limit: number): number {
    const end = performance.now() + pruningTime;
    let removed = 0;
    for (const [until, key] of [...this.#expiry.getKeys({ end: [Math.floor(now), ''], limit })]) {
      this.#entries.remove(key);
      this.#expiry.remove([until, key]);
      removed++;
      if (performance.now() > end) break;
    }
    return removed;
  }

  /** A transaction that a little of the pruning rides along with. */
  #write<T>(action: () => T): Promise<T> {
    return this.#transaction(() => {
      this.#removeExpired(this.#now(), prunedPerWrite);
      return action();
    });
  }

  /** One transaction that is on the disk when the promise resolves. */
  #transaction<T>(action: () => T): Promise<T> {
    return this.#run(async () => {
      this.#expectFile();
      const result = await this.#root.transaction(action).catch((error) => this.#commitAgain(action, error));
      this.#expectFile();
      return result;
    });
  }

  /**
   * After kills, once in a thousand, LMDB finds at the commit that it cannot (MDB_BAD_TXN), and takes all of it back: once
   * more then. The error has a promise of its own, which would end the process if nobody looked at it.
   */
  async #commitAgain<T>(action: () => T, error: { commitError?: Promise<unknown> }): Promise<T> {
    if (error?.commitError === undefined) throw error;
    await Promise.resolve(error.commitError).catch(() => {});
    return this.#root.transaction(action);
  }

  #startReading(): void {
    if (!this.#isSeen) {
      this.#expectFile();
      // A look takes as long as an answer. Whoever knows that another file is there can only have asked in a later turn.
      this.#isSeen = true;
      setImmediate(() => {
        this.#isSeen = false;
      });
    }
    // Else a snapshot of this turn of the event loop may be older than a revocation that was acknowledged since.
    this.#entries.resetReadTxn();
  }

  /** A file that others cannot find any more would miss what they revoke, and lose what is revoked here. */
  #expectFile(): void {
    const file = fileOf(this.#folder);
    if (file === undefined || file !== this.#file) throw new Error('it was removed or replaced since it was opened');
  }

  #keyOf(kind: Revocation['kind'], id: string): string {
    const known = this.#known[kind];
    const found = known.get(id);
    if (found !== undefined) return found;
    const key = `${kind}:${hash('sha256', id, 'base64url')}`;
    if (known.size >= mostKnown) known.clear();
    if (id.length <= longestKnown) known.set(id, key);
    return key;
  }

  async #run<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw unavailable(this.#folder, new Error('it was closed'));
    try {
      return await action();
    } catch (cause) {
      throw unavailable(this.#folder, cause);
    }
  }
}
