/**
 * Changes of a keyring directory. Each is one write of the set under the lock: private halves that it names are on disk
 * before, those that it no longer names go after, so that a kill at any moment leaves the old set or the new one with every
 * private half that it names.
 */
import { existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { Passphrase } from '../jose/encrypted-key.js';
import { exportPublicJwk, type Jwk, thumbprint } from '../jose/jwk.js';
import { maxKeyBytes } from '../jose/key.js';
import { exportPrivatePem, type GeneratedKey } from '../jose/keys.js';
import type { KeyringEntry } from '../token/keyring.js';
import { flushFolder, notWritable, readFileBounded, uniqueSuffix, writeFilesWhole, writeFileWhole } from './files.js';
import {
  createDirectory,
  isFileSafeKid,
  privatePath,
  readEntries,
  readSet,
  setPath,
  toEntry,
} from './keyring-directory.js';
import { withLock } from './lock.js';

/** What a change makes of a keyring. */
export interface KeyringChange<T> {
  readonly entries: readonly KeyringEntry[];
  /** Private halves to write, as PEM by kid. */
  readonly halves?: ReadonlyMap<string, string> | undefined;
  readonly result: T;
}

/**
 * Runs a change of the keyring in a directory while nobody else changes it.
 * @throws {JwtkitError} KEYRING_NOT_FOUND unless it is to be made; KEYRING_INVALID, FILE_EXISTS, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE; what `plan` throws, and then nothing has changed.
 */
export async function changeKeyring<T>(
  directory: string,
  options: { readonly make: boolean },
  plan: (entries: readonly KeyringEntry[]) => KeyringChange<T>,
): Promise<T> {
  if (options.make) createDirectory(directory);
  // Before a lock is made where there is no keyring.
  else readEntries(directory);
  return withLock(join(directory, '.lock'), () => {
    const isThere = !options.make || existsSync(setPath(directory));
    // Nothing is written to a keyring that could not be opened afterwards.
    const before = isThere ? readEntries(directory) : [];
    const { entries, halves, result } = plan(before);
    writePrivateHalves(directory, halves ?? new Map());
    const isChanged = entries.length !== before.length || entries.some(({ jwk }, at) => jwk !== before[at]?.jwk);
    if (isChanged) {
      const set = { ...(isThere ? readSet(directory) : {}), keys: entries.map(({ jwk }) => jwk) };
      const content = `${JSON.stringify(set, null, 2)}\n`;
      writeFileWhole({ path: setPath(directory), content, mode: 0o644, isOfFolder: true }, { overwrite: true });
    }
    const gone = before.filter(({ kid }) => !entries.some((entry) => entry.kid === kid));
    removeFiles(gone.map(({ kid }) => privatePath(directory, kid)));
    return result;
  });
}

/** Writes private halves, all or none. One that a killed run left under the name of another key makes way. */
function writePrivateHalves(directory: string, halves: ReadonlyMap<string, string>): void {
  const files = [...halves].map(([kid, content]) => ({
    path: privatePath(directory, kid),
    content,
    mode: 0o600,
    isOfFolder: true,
  }));
  for (const { path } of files) setLeftoverAside(path);
  writeFilesWhole(files, { overwrite: false });
}

/** The set names no private half here: a whole one was left by a killed run, and is kept under a name that is in no way. */
function setLeftoverAside(path: string): void {
  if (!existsSync(path)) return;
  if (!isPrivatePem(path)) {
    throw new JwtkitError('FILE_EXISTS', `${path} already exists, but the keyring does not name it`, {
      hint: 'move it elsewhere, or choose another --kid',
    });
  }
  renameSync(path, path.replace(/\.pem$/, `.${uniqueSuffix()}.pem`));
}

/** Whether a file holds a private key as PEM, encrypted or not. */
export function isPrivatePem(path: string): boolean {
  if (!lstatSync(path).isFile()) return false;
  return /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/m.test(readFileBounded(path, maxKeyBytes).toString('latin1'));
}

/** Whether a private key in PEM takes a passphrase to open (RFC 5958 §3, RFC 1421 §4.6); false where there is none. */
export function isEncryptedPem(path: string): boolean {
  return existsSync(path) && /\bENCRYPTED\b/.test(readFileBounded(path, maxKeyBytes).toString('latin1'));
}

/**
 * Whether any private half of a keyring takes a passphrase to open.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE.
 */
export function holdsEncryptedKey(directory: string): boolean {
  return readEntries(directory).some(({ kid }) => isEncryptedPem(privatePath(directory, kid)));
}

/**
 * Removes files, of which some may be gone already.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
function removeFiles(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw notWritable(path, error);
    }
  }
  for (const folder of new Set(paths.map((path) => dirname(path)))) flushFolder(folder);
}

/**
 * Refuses a kid that cannot name a key file, or that is taken: file systems may not tell `web` from `Web`.
 * @throws {JwtkitError} USAGE_INVALID, FILE_EXISTS.
 */
export function checkFreeKid(kid: string, entries: readonly KeyringEntry[]): void {
  checkKid(kid);
  const taken = entries.find((entry) => entry.kid.toLowerCase() === kid.toLowerCase());
  if (taken === undefined) return;
  const why = taken.kid === kid ? '' : `, which not every file system tells from ${kid}`;
  throw new JwtkitError('FILE_EXISTS', `the keyring already has a key ${taken.kid}${why}`, {
    hint: 'choose another --kid',
  });
}

/**
 * Refuses a kid that cannot name a key file.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkKid(kid: string): void {
  if (isFileSafeKid(kid)) return;
  throw new JwtkitError('USAGE_INVALID', `the kid ${JSON.stringify(kid)} cannot name a key file`, {
    hint: 'use letters, digits, - and _, with . in between, at most 128 characters',
  });
}

/** What {@link addKey} is told beside the key. */
export interface AddKeyOptions {
  readonly alg: AlgorithmName;
  /** NumericDate: the new key's `iat`. */
  readonly now: number;
  /** The thumbprint by default. */
  readonly kid?: string | undefined;
  /** Encrypts the private half; without one it is protected by the mode of its file alone. */
  readonly passphrase?: Passphrase | undefined;
}

/**
 * Puts a fresh key pair into the keyring of a directory, which is made if need be, and returns its kid.
 * @throws {JwtkitError} USAGE_INVALID for a kid that cannot name a file or an empty passphrase, FILE_EXISTS for one that is taken,
 * KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function addKey(directory: string, pair: GeneratedKey, options: AddKeyOptions): Promise<string> {
  const { entry, pem } = freshEntry(directory, pair, options);
  return changeKeyring(directory, { make: true }, (entries) => {
    checkFreeKid(entry.kid, entries);
    return { entries: [...entries, entry], halves: new Map([[entry.kid, pem]]), result: entry.kid };
  });
}

/**
 * The entry and the private half of a fresh key. Encrypting it is slow, and no business of the lock's.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function freshEntry(
  directory: string,
  pair: GeneratedKey,
  { alg, now, kid, passphrase }: AddKeyOptions,
): { entry: KeyringEntry; pem: string } {
  if (!('privateKey' in pair)) throw refusedSecret();
  const { privateKey, publicKey } = pair;
  const named = kid ?? thumbprint(publicKey);
  checkKid(named);
  const jwk: Jwk = { ...exportPublicJwk(publicKey), kid: named, alg, use: 'sig', iat: Math.floor(now) };
  const entry: KeyringEntry = { ...toEntry(jwk, setPath(directory)), hasPrivateHalf: true };
  return { entry, pem: exportPrivatePem(privateKey, { passphrase }) };
}

/** The error for a secret in the place of a key pair. */
export function refusedSecret(): JwtkitError {
  return new JwtkitError('USAGE_INVALID', 'a shared secret has no public half, a keyring holds key pairs');
}
