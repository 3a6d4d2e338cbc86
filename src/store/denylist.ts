import { JwtkitError } from '../errors.js';
import type { Denylist } from '../token/denylist.js';
import { openLmdbDenylist } from './lmdb-denylist.js';

/** How {@link openDenylist} opens a store. */
export interface OpenDenylistOptions {
  /**
   * `read` asks, `update` asks and records, and neither makes a store: they resolve to undefined where there is none.
   * `write` makes it.
   */
  mode: 'read' | 'update' | 'write';
  /** The time as a NumericDate, for clearing away what has expired. */
  now: () => number;
}

/**
 * Opens the denylist at a location: `lmdb:FOLDER`, or Redis as `openRedisDenylist` reads it.
 * @throws {JwtkitError} USAGE_INVALID for another kind of location; STORE_UNAVAILABLE.
 */
export async function openDenylist(
  location: string,
  options: OpenDenylistOptions & { mode: 'write' },
): Promise<Denylist>;
export async function openDenylist(location: string, options: OpenDenylistOptions): Promise<Denylist | undefined>;
export async function openDenylist(location: string, options: OpenDenylistOptions): Promise<Denylist | undefined> {
  const [, scheme, rest = ''] = /^([a-z+]+):(.+)$/s.exec(location) ?? [];
  if (scheme === 'lmdb') return openLmdbDenylist(rest, options);
  if (scheme !== undefined && /^rediss?(\+cluster)?$/.test(scheme)) {
    const { openRedisDenylist } = await import('./redis-denylist.js');
    return openRedisDenylist(location, options.now);
  }
  // The location is not repeated: it may hold a password.
  throw new JwtkitError('USAGE_INVALID', 'a store is lmdb:FOLDER, redis://HOST or redis+cluster://HOST,HOST');
}
