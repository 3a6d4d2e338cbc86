/** Which denylist a command asks or writes: `--store`, `JWTKIT_STORE`, else the one in the keyring directory. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';
import type { Denylist } from '../token/denylist.js';
import type { Io } from './io.js';
import { defaultKeyring, type Invocation } from './options.js';

/** The options by which a denylist is named. */
export interface StoreOptions {
  store?: string;
  keyring?: string;
}

/**
 * Runs an action with the denylist and closes it afterwards. In the modes `read` and `update` there is none (undefined) until
 * somebody has revoked something: asking makes no store.
 * @throws {JwtkitError} STORE_UNAVAILABLE, USAGE_INVALID for a location that is none.
 */
export async function withDenylist<Mode extends 'read' | 'update' | 'write', T>(
  { options }: Invocation<StoreOptions>,
  mode: Mode,
  io: Io,
  action: (denylist: Mode extends 'write' ? Denylist : Denylist | undefined) => T | Promise<T>,
): Promise<T> {
  type Opened = Parameters<typeof action>[0];
  const folder = folderOf(options);
  const isDefault = options.store === undefined;
  // The usual case, told by one look at the disk: nothing was ever revoked here.
  if (isDefault && mode !== 'write' && !isThere(folder)) return action(undefined as Opened);
  const { findDenylist } = await import('../store/denylist.js');
  if (isDefault && mode === 'write') await makeKeyring(options.keyring ?? defaultKeyring);
  const denylist = await findDenylist(options.store ?? `lmdb:${folder}`, { mode, now: io.now });
  try {
    return await action(denylist as Opened);
  } finally {
    await denylist?.close();
  }
}

/** The folder that the denylist is to be in. A keyring that is mounted to be read only has no room for one. */
async function makeKeyring(directory: string): Promise<void> {
  const { createDirectory } = await import('../store/keyring-directory.js');
  try {
    createDirectory(directory);
  } catch (cause) {
    if (!(cause instanceof JwtkitError)) throw cause;
    throw new JwtkitError('STORE_UNAVAILABLE', `there can be no denylist in ${directory}: ${cause.message}`, {
      hint: 'name another place with --store',
      cause,
    });
  }
}

/**
 * The denylist to read from, if there is one at this moment: a batch asks again before each block, since it may run for days.
 * @throws {JwtkitError} as {@link withDenylist}.
 */
export async function findStore(options: StoreOptions, now: number): Promise<Denylist | undefined> {
  const folder = folderOf(options);
  if (options.store === undefined && !isThere(folder)) return undefined;
  const { findDenylist } = await import('../store/denylist.js');
  return findDenylist(options.store ?? `lmdb:${folder}`, { mode: 'read', now: () => now });
}

function folderOf({ keyring = defaultKeyring }: StoreOptions): string {
  return join(keyring, 'denylist');
}

/** Whether anything is at a path, be it a link that leads nowhere: that one must not pass for "nothing is revoked". */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw new JwtkitError('STORE_UNAVAILABLE', `the denylist at ${path} cannot be looked for`, { cause });
  }
}
