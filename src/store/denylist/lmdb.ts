/**
 * The denylist in a folder, an LMDB environment. Several processes share it, readers never wait, and a kill leaves the last commit.
 */
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { errorCodeOf, hasErrorCode, JwtkitError } from '../../errors.js';
import { reasonOf } from '../../files/system-error.js';
import { onceATurn } from '../../files/watched-file.js';
import {
  applies,
  consumedUntil,
  type Denylist,
  mergeRevocations,
  type Revocation,
  storedUntil,
} from '../../token/denylist.js';
import { requireNow } from '../../token/time.js';
import type { OpenDenylistOptions, StoreWatch } from '../denylist-options.js';
import { openEnvironment } from '../lmdb/environment.js';
import { fileOf, isEnvironment } from '../lmdb/file.js';
import { groupCommit } from '../lmdb/group-commit.js';
import { awaitedDenylist } from './awaited.js';
import { keyOf, keysFor } from './keys.js';

/** How many expired entries a write removes. */
const prunedPerWrite = 64;
/** How many expired entries one transaction of `prune` removes. Other writers wait for it. */
const prunedPerTransaction = 100;
/** Milliseconds after which a transaction stops pruning. Nothing else runs on this thread meanwhile. */
const pruningTime = 1;

const databases = ['entries', 'expiry'] as const;

/**
 * Opens an LMDB denylist; undefined if there is none, unless the mode is `write`. Its file is its marker: if another process of the
 * service has seen one, this opens no other.
 */
export async function openLmdbDenylist(
  folder: string,
  options: OpenDenylistOptions,
  { markers, onMarker }: StoreWatch = {},
): Promise<Denylist | undefined> {
  const known = markers?.get(resolve(folder));
  if (known !== undefined) return awaitedDenylist(() => openKnown(folder, known, options));
  const mustExist = options.mode !== 'write';
  try {
    if (mustExist && !holdsDenylist(folder)) return undefined;
    const before = fileOf(folder);
    const root = await openEnvironment(folder, { databases, readOnly: options.mode === 'read', mustExist });
    const file = before ?? fileOf(folder);
    if (file !== undefined) onMarker?.(resolve(folder), file);
    return lmdbDenylist(root, folder, file, options.now);
  } catch (cause) {
    if (cause instanceof JwtkitError) throw cause;
    throw mustExist ? unavailable(folder, cause) : notWritten(folder, cause);
  }
}

/** Opens the file that another process has seen. */
async function openKnown(folder: string, known: string, { mode, now }: OpenDenylistOptions): Promise<Denylist> {
  try {
    requireFile(folder, known);
    const root = await openEnvironment(folder, { databases, readOnly: mode === 'read', mustExist: true });
    return lmdbDenylist(root, folder, known, now);
  } catch (cause) {
    throw unavailable(folder, cause);
  }
}

/** Fails if the file was removed or replaced: this process and the others would not see each other's revocations. */
function requireFile(folder: string, known: string | undefined): void {
  const file = fileOf(folder);
  if (file === undefined || file !== known) throw new Error('it was removed or replaced since it was opened');
}

/**
 * Whether a folder holds a denylist. It may be missing if it could be made there.
 * @throws {JwtkitError} STORE_UNAVAILABLE for anything else in its place, which must not count as "nothing is revoked".
 */
function holdsDenylist(folder: string): boolean {
  if (isEnvironment(folder)) return true;
  // The target of a link may not be mounted.
  const isLink = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && !existsSync(folder)) throw unavailable(folder, new Error('the link leads nowhere'));
  const place = existsSync(folder) ? folder : dirname(resolve(folder));
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw unavailable(folder, new Error(`${place} is not a folder`));
  if (place === folder && readdirSync(folder).length > 0)
    throw unavailable(folder, new Error('the folder is not empty, yet holds no whole denylist'));
  return false;
}

function notWritten(folder: string, cause: unknown): JwtkitError {
  if (!hasErrorCode(cause, 'ENOSPC', 'EDQUOT', 'EIO')) return unavailable(folder, cause);
  const message = `the denylist at ${folder} cannot be written: ${reasonOf(cause)}; the entry is not recorded`;
  return new JwtkitError('STORE_UNAVAILABLE', message, { hint: 'make room on its disk, then try again', cause });
}

function unavailable(folder: string, cause: unknown): JwtkitError {
  if (cause instanceof JwtkitError) return cause;
  const isOfSystem = /^E[A-Z]+$/.test(errorCodeOf(cause));
  const reason = isOfSystem ? reasonOf(cause) : cause instanceof Error ? cause.message : String(cause);
  return new JwtkitError('STORE_UNAVAILABLE', `the denylist at ${folder} cannot be used: ${reason}`, { cause });
}

function lmdbDenylist(root: RootDatabase, folder: string, file: string | undefined, now: () => number): Denylist {
  const entries: Database<Revocation, string> = root.openDB({ name: 'entries', encoding: 'json' });
  /** The same keys, ordered by the moment when they expire. */
  const expiry: Database<true, [until: number, key: string]> = root.openDB({ name: 'expiry', encoding: 'json' });
  let isClosed = false;
  const commits = groupCommit(root, folder, {
    check: () => requireFile(folder, file),
    prune: ({ changes, forPruning }) => removeExpired(now(), forPruning ? Math.max(prunedPerWrite, changes) : changes),
    toError: (cause) => notWritten(folder, cause),
  });

  async function run<T>(action: () => T | Promise<T>): Promise<T> {
    if (isClosed) throw unavailable(folder, new Error('it was closed'));
    try {
      return await action();
    } catch (cause) {
      throw unavailable(folder, cause);
    }
  }

  const expectFile = onceATurn(() => requireFile(folder, file));
  /** A question must see every revocation that was acknowledged before it, so it takes a new snapshot. */
  function startReading(): void {
    expectFile();
    entries.resetReadTxn();
  }

  function put(key: string, entry: Revocation): void {
    const until = storedUntil(entry.until);
    entries.put(key, { ...entry, until });
    expiry.put([until, key], true);
  }

  /** Removes at least one expired entry if there is any, so that a store in use does not grow with them. */
  function removeExpired(at: number, limit: number): number {
    const end = performance.now() + pruningTime;
    let removed = 0;
    for (const [until, key] of [...expiry.getKeys({ end: [Math.floor(at), ''], limit })]) {
      entries.remove(key);
      expiry.remove([until, key]);
      removed++;
      if (performance.now() > end) break;
    }
    return removed;
  }

  return {
    find: (token) =>
      run(() => {
        startReading();
        const found = keysFor(token).map((key) => entries.get(key));
        return found.find((entry) => entry !== undefined && applies(entry, token));
      }),
    add: (revocation) =>
      run(() =>
        commits.run(() => {
          const key = keyOf(revocation.kind, revocation.id);
          const present = entries.get(key);
          if (present !== undefined) expiry.remove([present.until, key]);
          put(key, present === undefined ? revocation : mergeRevocations(revocation, present));
        }, true),
      ),
    consume: (jti, until, use) =>
      run(() =>
        commits.run(() => {
          const key = keyOf('token', jti);
          const present = entries.get(key);
          if (present === undefined)
            put(key, { kind: 'token', id: jti, reason: 'consumed', until: consumedUntil(until, now()), use });
          return present;
        }, true),
      ),
    async *list() {
      const found = await run(() => {
        startReading();
        return entries.getRange({ snapshot: false })[Symbol.iterator]();
      });
      for (;;) {
        const entry = await run(() => found.next());
        if (entry.done === true) return;
        yield entry.value.value;
      }
    },
    async prune(at) {
      requireNow(at);
      let total = 0;
      for (;;) {
        const removed = await run(() =>
          commits.run(({ forPruning }) => removeExpired(at, forPruning ? prunedPerTransaction : 1), false),
        );
        if (removed === 0) return total;
        total += removed;
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      commits.flush();
      await root.close();
    },
  };
}
