/** Which denylist a command asks or writes: `--store`, `JWTKIT_STORE`, else the one in the keyring directory. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Denylist } from '../token/denylist.js';
import type { Io } from './io.js';
import { defaultKeyring, type Invocation } from './options.js';

/** The options by which a denylist is named. */
export interface StoreOptions {
  store?: string;
  keyring?: string;
}

/**
 * Runs an action with the denylist and closes it afterwards. Unless it is `write`, there is none (undefined) until somebody has
 * revoked something: asking makes no store.
 * @throws {JwtkitError} STORE_UNAVAILABLE, USAGE_INVALID for a location that is none.
 */
export async function withDenylist<Mode extends 'read' | 'update' | 'write', T>(
  { options }: Invocation<StoreOptions>,
  mode: Mode,
  io: Io,
  action: (denylist: Mode extends 'write' ? Denylist : Denylist | undefined) => T | Promise<T>,
): Promise<T> {
  type Opened = Parameters<typeof action>[0];
  const folder = join(options.keyring ?? defaultKeyring, 'denylist');
  // The usual case, told by one look at the disk: nothing was ever revoked here.
  if (options.store === undefined && mode !== 'write' && !isThere(folder)) return action(undefined as Opened);
  const { openDenylist } = await import('../store/denylist.js');
  if (options.store === undefined && mode === 'write') {
    const { createDirectory } = await import('../store/keyring-directory.js');
    createDirectory(options.keyring ?? defaultKeyring);
  }
  const denylist = await openDenylist(options.store ?? `lmdb:${folder}`, { mode, now: io.now });
  try {
    return await action(denylist as Opened);
  } finally {
    await denylist?.close();
  }
}

/** Whether anything is at a path, be it a link that leads nowhere: that one must not pass for "nothing is revoked". */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
