/**
 * Changes of a keyring directory. Each writes the set once, under the lock. New private keys are written before it, old ones removed
 * after it. So a kill leaves the old set or the new one, with every private key that it names.
 */
import { existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { notWritable } from '../../files/system-error.js';
import { flushFolder, uniqueSuffix, writeFilesWhole, writeFileWhole } from '../../files/write-files.js';
import type { AlgorithmName } from '../../jose/algorithms.js';
import { requireObject } from '../../jose/arguments.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import { findOddNumber, readExact, writeJson } from '../../jose/exact-json.js';
import type { GeneratedKey } from '../../jose/generate-key.js';
import { isJsonObject } from '../../jose/json.js';
import { exportPublicJwk, type Jwk, thumbprint } from '../../jose/jwk.js';
import { maxKeyBytes } from '../../jose/key.js';
import type { OptionKinds } from '../../jose/options.js';
import { exportPrivatePem } from '../../jose/pem.js';
import { withoutMark } from '../../jose/text.js';
import type { DatedKey, KeyringEntry } from '../../token/keyring.js';
import { isFileSafeKid, toEntry } from '../../token/keyring-set.js';
import { makeKeyringFolder } from '../keyring-folder.js';
import { withLock } from '../lmdb/environment.js';
import { privatePath, readEntries, readMembers, readSet, setPath } from './directory.js';
import { checkKeyringOptions } from './keyring-options.js';

interface KeyringChange<T, Entry extends DatedKey> {
  readonly entries: readonly Entry[];
  /** Private keys to write, as PEM by kid. */
  readonly halves?: ReadonlyMap<string, string> | undefined;
  readonly result: T;
}

/**
 * Changes the signing keys of a keyring directory while no other process does. If `plan` throws, nothing changes.
 * @throws {JwtkitError} KEYRING_NOT_FOUND unless `make`; KEYRING_INVALID, FILE_EXISTS, FILE_NOT_READABLE, FILE_NOT_WRITABLE; and
 * what `plan` throws.
 */
export function changeKeyring<T>(
  directory: string,
  options: { readonly make: boolean },
  plan: (entries: readonly KeyringEntry[], encryption: readonly DatedKey[]) => KeyringChange<T, KeyringEntry>,
): Promise<T> {
  return changeSet(directory, options, ({ entries, encryptionKeys }) => {
    const change = plan(entries, encryptionKeys);
    return { ...change, entries: [...change.entries, ...encryptionKeys] };
  });
}

/** As {@link changeKeyring}, for the keys for encryption. */
export function changeEncryptionKeys<T>(
  directory: string,
  options: { readonly make: boolean },
  plan: (keys: readonly DatedKey[], signing: readonly KeyringEntry[]) => KeyringChange<T, DatedKey>,
): Promise<T> {
  return changeSet(directory, options, ({ entries, encryptionKeys }) => {
    const change = plan(encryptionKeys, entries);
    return { ...change, entries: [...entries, ...change.entries] };
  });
}

async function changeSet<T>(
  directory: string,
  options: { readonly make: boolean },
  plan: (members: ReturnType<typeof readMembers>) => KeyringChange<T, DatedKey>,
): Promise<T> {
  if (options.make) makeKeyringFolder(directory);
  // Fails before a lock is made in a folder without a keyring.
  else readEntries(directory);
  return withLock(join(directory, '.lock'), () => {
    const isThere = !options.make || existsSync(setPath(directory));
    // Refuses to write to a damaged keyring.
    const members = isThere ? readMembers(directory) : { entries: [], encryptionKeys: [] };
    const before = [...members.entries, ...members.encryptionKeys];
    const { entries, halves = new Map(), result } = plan(members);
    checkKidsApart(entries);
    writePrivateHalves(directory, halves);
    const isChanged = entries.length !== before.length || entries.some(({ jwk }, at) => jwk !== before[at]?.jwk);
    if (isChanged) {
      const set = isThere ? readExactSet(directory) : { keys: [] };
      const content = `${writeJson({ ...set, keys: entries.map(({ jwk }) => withOddMembers(jwk, set.keys)) }, 2)}\n`;
      writeFileWhole({ path: setPath(directory), content, mode: 0o644, isOfFolder: true }, { overwrite: true });
    }
    const gone = before.filter(({ kid }) => !entries.some((entry) => entry.kid === kid));
    removeFiles(gone.map(({ kid }) => privatePath(directory, kid)));
    return result;
  });
}

/** A signing key and one for encryption share the folder, so they cannot share a kid. */
function checkKidsApart(entries: readonly DatedKey[]): void {
  const [signing, encryption] = [false, true].map((isEncryption) =>
    entries.filter(({ jwk }) => (jwk.use === 'enc') === isEncryption),
  );
  const taken = byFoldedKid(signing ?? []);
  for (const { kid } of encryption ?? []) checkFreeKid(kid, taken);
}

/** Reads the set with the exact text of its numbers, so that members of other programs do not change. */
function readExactSet(directory: string): { readonly keys: readonly unknown[] } {
  const { value, text } = readSet(directory);
  return readExact(text, value);
}

/** Returns a key with those members from the file whose numbers JSON would rewrite. Its times are ours to write. */
function withOddMembers(jwk: Jwk, inFile: readonly unknown[]): object {
  const stated = inFile.find((one) => isJsonObject(one) && one.kid === jwk.kid) ?? {};
  const odd = Object.entries(stated).filter(
    ([name, member]) => !['iat', 'nbf', 'exp'].includes(name) && findOddNumber(member) !== undefined,
  );
  return { ...jwk, ...Object.fromEntries(odd) };
}

/** Writes private keys, all or none. */
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

/** Renames a private key that a killed run left under the name of a new key. */
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
  const text = withoutMark(readFileBounded(path, maxKeyBytes)).toString('latin1');
  return /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/m.test(text);
}

/** Whether a PEM file holds an encrypted private key (RFC 5958 §3, RFC 1421 §4.6); false if it does not exist. */
export function isEncryptedPem(path: string): boolean {
  return existsSync(path) && /\bENCRYPTED\b/.test(readFileBounded(path, maxKeyBytes).toString('latin1'));
}

/** Whether any private key of a keyring is encrypted; throws as {@link readEntries}. */
export function holdsEncryptedKey(directory: string): boolean {
  return readEntries(directory).some(({ kid }) => isEncryptedPem(privatePath(directory, kid)));
}

/**
 * Removes files, which may be missing.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function removeFiles(paths: readonly string[], { recursive = false } = {}): void {
  for (const path of paths) {
    try {
      rmSync(path, { force: true, recursive });
    } catch (error) {
      throw notWritable(path, error);
    }
  }
  for (const folder of new Set(paths.map((path) => dirname(path)))) flushFolder(folder);
}

/** Returns a kid in lower case: some file systems do not tell `web` from `Web`. */
export function foldKid(kid: string): string {
  return kid.toLowerCase();
}

export function byFoldedKid<Entry extends DatedKey>(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [foldKid(entry.kid), entry]));
}

/** @throws {JwtkitError} USAGE_INVALID for a kid that cannot name a key file; FILE_EXISTS for one that is taken. */
export function checkFreeKid(kid: string, entries: ReadonlyMap<string, DatedKey>): void {
  checkKid(kid);
  const taken = entries.get(foldKid(kid));
  if (taken === undefined) return;
  const why = taken.kid === kid ? '' : `, which not every file system tells from ${kid}`;
  throw new JwtkitError('FILE_EXISTS', `the keyring already has a key ${taken.kid}${why}`, {
    hint: 'choose another --kid',
  });
}

/** @throws {JwtkitError} USAGE_INVALID for a kid that cannot name a key file. */
export function checkKid(kid: string): void {
  if (isFileSafeKid(kid)) return;
  throw new JwtkitError('USAGE_INVALID', `the kid ${JSON.stringify(kid)} cannot name a key file`, {
    hint: 'use letters, digits, - and _, with . in between, at most 128 characters',
  });
}

/** The options of {@link addKey}. */
export interface AddKeyOptions {
  readonly alg: AlgorithmName;
  /** NumericDate: the new key's `iat`. */
  readonly now: number;
  /** The thumbprint by default. */
  readonly kid?: string | undefined;
  /** Encrypts the private key. Without it, only the file mode protects the key. */
  readonly passphrase?: Passphrase | undefined;
}

const addKinds: OptionKinds<AddKeyOptions> = {
  alg: 'a string',
  now: 'checked elsewhere',
  kid: 'a string',
  passphrase: 'checked elsewhere',
};

/**
 * Adds a new key pair to the keyring of a directory, which is made if need be. Returns its kid.
 * @throws {JwtkitError} USAGE_INVALID for an empty passphrase or a kid that cannot name a file; FILE_EXISTS for a kid that is taken;
 * KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function addKey(directory: string, pair: GeneratedKey, options: AddKeyOptions): Promise<string> {
  checkKeyringOptions(directory, options, addKinds);
  const { entry, pem } = freshEntry(directory, pair, options);
  return changeKeyring(directory, { make: true }, (entries) => {
    checkFreeKid(entry.kid, byFoldedKid(entries));
    return { entries: [...entries, entry], halves: new Map([[entry.kid, pem]]), result: entry.kid };
  });
}

/** Makes the entry and the PEM of a new key. Encrypting it is slow, so call this before taking the lock. */
export function freshEntry(
  directory: string,
  pair: GeneratedKey,
  { alg, now, kid, passphrase }: AddKeyOptions,
): { entry: KeyringEntry; pem: string } {
  requireObject(pair, 'the key pair', '{ privateKey, publicKey }');
  if (!('privateKey' in pair)) throw refusedSecret();
  const { privateKey, publicKey } = pair;
  const named = kid ?? thumbprint(publicKey);
  checkKid(named);
  const jwk: Jwk = { ...exportPublicJwk(publicKey), kid: named, alg, use: 'sig', iat: Math.floor(now) };
  const entry: KeyringEntry = { ...toEntry(jwk, setPath(directory)), hasPrivateHalf: true };
  return { entry, pem: exportPrivatePem(privateKey, { passphrase }) };
}

export function refusedSecret(): JwtkitError {
  return new JwtkitError('USAGE_INVALID', 'a shared secret has no public half; a keyring holds key pairs');
}
