/** The denylist of a command: that of `--store`, else the one in the keyring directory; none with `--no-store`. */
import { dirname, join } from 'node:path';
import { JwtkitError } from '../../errors.js';
import { mayExist } from '../../files/read-file.js';
import type { DenylistPlace } from '../../store/denylist/place.js';
import type { StoreWatch } from '../../store/denylist-options.js';
import type { Denylist } from '../../token/denylist.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import { isNamed, keyringOf, refuseUntrusted } from './unnamed-places.js';

export interface StoreOptions {
  store?: string;
  keyring?: string;
  /** False for `--no-store`. */
  asksStore?: boolean;
}

/**
 * Returns where the denylist of a command is; undefined with `--no-store`.
 * @throws {JwtkitError} FILE_NOT_TRUSTED for a denylist that nobody named and that others can write; USAGE_INVALID.
 */
export function denylistPlace(invocation: Invocation<StoreOptions>, io: Io): DenylistPlace | undefined {
  const { options, origin } = invocation;
  if (options.asksStore === false) {
    if (origin('store') === 'flag') throw usage('--no-store and --store exclude each other');
    return undefined;
  }
  const place = findPlace(invocation, io);
  const { unnamed } = place;
  if (unnamed !== undefined) refuseUntrusted(unnamed.path, unnamed.wayOut, io);
  return place;
}

function findPlace(invocation: Invocation<StoreOptions>, io: Io): DenylistPlace {
  const { options, config, label } = invocation;
  const configured = config === undefined || config.isNamed ? '' : `, as does --config ${config.file}`;
  // Some commands need a denylist and have no --no-store.
  const without = label('asksStore') === '--no-store' ? ', --no-store asks no denylist' : '';
  const wayOut = (location: string) => `--store ${location} trusts it${configured}${without}`;
  if (options.store !== undefined) {
    const { store: location } = options;
    if (!location.startsWith('lmdb:') || isNamed(invocation, 'store')) return { location };
    return { location, unnamed: { path: location.slice('lmdb:'.length), wayOut: wayOut(location) } };
  }
  const keyring = keyringOf(invocation, io);
  const folder = join(keyring, 'denylist');
  const place = { folder, location: `lmdb:${folder}` };
  if (isNamed(invocation, 'keyring')) return place;
  return { ...place, unnamed: { path: keyring, wayOut: wayOut(place.location) } };
}

/**
 * Runs an action with the denylist, then closes it. The action gets undefined with `--no-store`, and in the modes `read` and
 * `update` as long as nothing was ever revoked. `watch` is for a process that runs for long.
 * @throws {JwtkitError} STORE_UNAVAILABLE; USAGE_INVALID for a bad location; as {@link denylistPlace}.
 */
export async function withDenylist<Mode extends 'read' | 'update' | 'write', T>(
  invocation: Invocation<StoreOptions>,
  mode: Mode,
  io: Io,
  action: (denylist: Mode extends 'write' ? Denylist : Denylist | undefined) => T | Promise<T>,
  watch?: StoreWatch,
): Promise<T> {
  type Opened = Parameters<typeof action>[0];
  const place = denylistPlace(invocation, io);
  if (place === undefined) return action(undefined as Opened);
  const { folder, location } = place;
  if (folder !== undefined && mode !== 'write' && !mayExist(folder)) return action(undefined as Opened);
  const { findDenylist } = await import('../../store/denylist/open.js');
  if (folder !== undefined && mode === 'write') await makeKeyring(dirname(folder));
  const denylist = await findDenylist(location, { mode, now: io.now }, watch);
  try {
    return await action(denylist as Opened);
  } finally {
    await denylist?.close();
  }
}

/** Makes the folder that the denylist goes into; a read-only keyring cannot hold one. */
async function makeKeyring(directory: string): Promise<void> {
  const { makeKeyringFolder } = await import('../../store/keyring-folder.js');
  try {
    makeKeyringFolder(directory);
  } catch (cause) {
    if (!(cause instanceof JwtkitError)) throw cause;
    throw new JwtkitError('STORE_UNAVAILABLE', `cannot make a denylist in ${directory}: ${cause.message}`, {
      hint: 'name another place with --store',
      cause,
    });
  }
}
