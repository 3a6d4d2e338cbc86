import { resolve } from 'node:path';
import { JwtkitError } from '../../errors.js';
import { requireObject, requireText } from '../../jose/arguments.js';
import { checkOptions } from '../../jose/options.js';
import type { Denylist } from '../../token/denylist.js';
import { requireNow } from '../../token/time.js';
import type { OpenDenylistOptions, StoreWatch } from '../denylist-options.js';
import { awaitedDenylist } from './awaited.js';
import { openLmdbDenylist } from './lmdb.js';

/**
 * Opens the denylist at a location: `lmdb:FOLDER`, or a Redis location (see `openRedisDenylist`). If somebody makes the store later,
 * the next question finds it. A damaged, removed or replaced store answers STORE_UNAVAILABLE.
 * @throws {JwtkitError} USAGE_INVALID for another location; STORE_UNAVAILABLE.
 */
export async function openDenylist(location: string, options: OpenDenylistOptions): Promise<Denylist> {
  requireText(location, 'location');
  requireObject(options, 'the second argument', '{ mode, now }');
  checkOptions('the second argument', options, { mode: 'a string', now: 'a function' });
  requireNow(options.now?.(), 'what now() returns');
  if (!['read', 'update', 'write'].includes(options.mode)) {
    throw new JwtkitError('USAGE_INVALID', 'mode is one of read, update, write');
  }
  // Made absolute now: the process may change its working directory before the store is made.
  const place = location.replace(/^lmdb:(.+)$/s, (_location, folder) => `lmdb:${resolve(folder)}`);
  const find = () => findDenylist(place, options);
  return (await find()) ?? awaitedDenylist(find);
}

export function isRedisLocation(location: string): boolean {
  return /^rediss?(?:\+(?:cluster|sentinel))?:./s.test(location);
}

/**
 * Opens the denylist that is at a location now; undefined if there is none, unless the mode is `write`.
 * @throws {JwtkitError} as {@link openDenylist}.
 */
export async function findDenylist(
  location: string,
  options: OpenDenylistOptions,
  watch: StoreWatch = {},
): Promise<Denylist | undefined> {
  const [, folder] = /^lmdb:(.+)$/s.exec(location) ?? [];
  if (folder !== undefined) return openLmdbDenylist(folder, options, watch);
  if (isRedisLocation(location)) {
    const { openRedisDenylist } = await import('./redis.js');
    return openRedisDenylist(location, options, watch);
  }
  // The message does not repeat the location: it may hold a password.
  throw new JwtkitError(
    'USAGE_INVALID',
    'a store is lmdb:FOLDER, redis://HOST, redis+cluster://HOST,HOST or redis+sentinel://HOST,HOST/MASTER',
  );
}
