/** Removes ended keys from a keyring directory, and files that killed runs left. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DatedKey, isVerifying } from '../../token/keyring.js';
import { keepRetiredKeysRetired } from '../../token/rotate.js';
import { changeEncryptionKeys, changeKeyring, isPrivatePem, removeFiles } from './changes.js';
import { readMembers } from './directory.js';
import { checkKeyringOptions } from './keyring-options.js';

/** The options of {@link pruneKeyring}. */
export interface PruneKeyringOptions {
  readonly now: number;
  /** Only return what would be removed. */
  readonly dryRun?: boolean | undefined;
}

/** The removed keys and files. */
export interface PrunedKeyring {
  /** The kids of keys whose `exp` has passed. */
  readonly keys: readonly string[];
  /** Names of files: private keys that the set does not name, and temporary files. */
  readonly leftovers: readonly string[];
}

/**
 * Removes ended keys, private keys that the set does not name (a killed run can leave one), and temporary files.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function pruneKeyring(directory: string, options: PruneKeyringOptions): Promise<PrunedKeyring> {
  checkKeyringOptions(directory, options, { now: 'checked elsewhere', dryRun: 'true or false' });
  const now = Math.floor(options.now);
  const isDry = options.dryRun === true;
  const plan = <Entry extends DatedKey>(before: readonly Entry[]) => {
    const kept = before.filter((entry) => isVerifying(entry, now));
    const ended = before.filter((entry) => !kept.includes(entry)).map(({ kid }) => kid);
    return { entries: isDry ? before : keepRetiredKeysRetired(before, kept, now), result: ended };
  };
  const leftovers = await changeKeyring(directory, { make: false }, (entries) => {
    const result = findLeftovers(directory, [...entries, ...readMembers(directory).encryptionKeys]);
    if (!isDry) {
      const paths = result.map((name) => join(directory, name));
      removeFiles(paths, { recursive: true });
    }
    return { entries, result };
  });
  const signing = await changeKeyring(directory, { make: false }, plan);
  return { keys: [...signing, ...(await changeEncryptionKeys(directory, { make: false }, plan))], leftovers };
}

/** The names of temporary files and folders: see `files/write-files.ts` and `lmdb/environment.ts`. */
const temporaryName = /^(\..+|denylist)\.\d+-[0-9a-z]+-[0-9a-z]+\.tmp(?:\.old)?$/;

/** Temporary files made under the lock, which we hold now. Others may be in use, but not for an hour. */
const madeUnderLock = /^\.(?:(?:jwks|users|clients)\.json|.+\.pem)\./;
const hour = 3_600_000;

function findLeftovers(directory: string, entries: readonly DatedKey[]): string[] {
  const named = new Set(entries.map(({ kid }) => `${kid}.pem`));
  return readdirSync(directory)
    .filter((name) => {
      const path = join(directory, name);
      if (temporaryName.test(name)) return madeUnderLock.test(name) || isOld(path);
      return name.endsWith('.pem') && !name.startsWith('.') && !named.has(name) && isPrivatePem(path);
    })
    .sort();
}

function isOld(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > hour;
}
