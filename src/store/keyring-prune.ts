/** What a keyring directory has no more use for: keys that have ended, and what killed runs left behind. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isVerifying, type KeyringEntry } from '../token/keyring.js';
import { withoutComebacks } from '../token/rotate.js';
import { notWritable } from './files.js';
import { changeKeyring, isPrivatePem } from './keyring-changes.js';

/** What {@link pruneKeyring} is told. */
export interface PruneKeyringOptions {
  readonly now: number;
  /** Change nothing, only say what would be removed. */
  readonly dryRun?: boolean | undefined;
}

/** What was removed. */
export interface PrunedKeyring {
  /** The kids of keys whose `exp` has passed. */
  readonly keys: readonly string[];
  /** Names of files: private halves that no set names, temporary files. */
  readonly leftovers: readonly string[];
}

/**
 * Removes from the keyring of a directory the keys that have ended and what killed runs left: private keys that the set does
 * not name, and temporary files.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function pruneKeyring(directory: string, options: PruneKeyringOptions): Promise<PrunedKeyring> {
  const now = Math.floor(options.now);
  return changeKeyring(directory, { make: false }, (before) => {
    const kept = before.filter((entry) => isVerifying(entry, now));
    const keys = before.filter((entry) => !kept.includes(entry)).map(({ kid }) => kid);
    const leftovers = findLeftovers(directory, before);
    const result = { keys, leftovers };
    if (options.dryRun === true) return { entries: before, result };
    // Nothing names them, so that they may go before the set is written.
    for (const name of leftovers) remove(join(directory, name));
    return { entries: withoutComebacks(before, kept, now), result };
  });
}

/** What `files.ts`, `lmdb-environment.ts` and a name set aside end with. */
const temporary = /^(\..+|denylist)\.\d+-[0-9a-z]+-[0-9a-z]+\.tmp(?:\.old)?$/;

/** Made under the lock, which is ours now; at others somebody may be just now, but nobody is for an hour. */
const madeUnderLock = /^\.(?:(?:jwks|users|clients)\.json|.+\.pem)\./;
const hour = 3_600_000;

function findLeftovers(directory: string, entries: readonly KeyringEntry[]): string[] {
  const named = new Set(entries.map(({ kid }) => `${kid}.pem`));
  return readdirSync(directory)
    .filter((name) => {
      const path = join(directory, name);
      if (temporary.test(name)) return madeUnderLock.test(name) || isOld(path);
      return name.endsWith('.pem') && !name.startsWith('.') && !named.has(name) && isPrivatePem(path);
    })
    .sort();
}

function isOld(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > hour;
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch (error) {
    throw notWritable(path, error);
  }
}
