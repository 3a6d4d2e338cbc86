import { resolve } from 'node:path';
import { JwtkitError } from '../errors.js';
import type { Denylist } from '../token/denylist.js';
import { awaitDenylist } from './awaited-denylist.js';
import { openLmdbDenylist } from './lmdb-denylist.js';

/** How {@link openDenylist} opens a store. */
export interface OpenDenylistOptions {
  /**
   * `read` asks, `update` asks and records, and neither makes a store: where there is none, nothing is revoked until somebody
   * makes it, and nothing can be recorded. `write` makes it.
   */
  mode: 'read' | 'update' | 'write';
  /** The time as a NumericDate, for clearing away what has expired. */
  now: () => number;
}

/**
 * Opens the denylist at a location: `lmdb:FOLDER`, or Redis as `openRedisDenylist` reads it. One that is made later is
 * noticed by the next question; one that is damaged, removed or replaced answers none, with STORE_UNAVAILABLE.
 * @throws {JwtkitError} USAGE_INVALID for another kind of location; STORE_UNAVAILABLE.
 */
export async function openDenylist(location: string, options: OpenDenylistOptions): Promise<Denylist> {
  // The process may change its working directory before the store is made.
  const place = location.replace(/^lmdb:(.+)$/s, (_location, folder) => `lmdb:${resolve(folder)}`);
  return awaitDenylist(() => findDenylist(place, options));
}

/** Whether a location is that of a Redis server or cluster. */
export function isRedisLocation(location: string): boolean {
  return /^rediss?(?:\+cluster)?:./s.test(location);
}

/**
 * Opens the denylist at a location as it is now, for one question: undefined where there is none yet, unless the mode is
 * `write`. Throws what {@link openDenylist} throws.
 */
export async function findDenylist(location: string, options: OpenDenylistOptions): Promise<Denylist | undefined> {
  const [, scheme, rest = ''] = /^([a-z+]+):(.+)$/s.exec(location) ?? [];
  if (scheme === 'lmdb') return openLmdbDenylist(rest, options);
  if (isRedisLocation(location)) {
    const { openRedisDenylist } = await import('./redis-denylist.js');
    return openRedisDenylist(location, options.now);
  }
  // The location is not repeated: it may hold a password.
  throw new JwtkitError('USAGE_INVALID', 'a store is lmdb:FOLDER, redis://HOST or redis+cluster://HOST,HOST');
}
