/**
 * The keyring directory: `jwks.json`, the public JWK Set and source of truth, and `<kid>.pem`, the private halves. A
 * private half is on disk before the set names it, and the set is replaced by one rename, so that a crash at any point
 * leaves the old set or the new one, and every private key that the set names.
 */
import { createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { JsonError, type JsonObject, own, parseJsonObject, quoteText } from '../jose/json.js';
import { importJwk, type Jwk, type JwkSet } from '../jose/jwk.js';
import { type Key, maxKeyBytes } from '../jose/key.js';
import { type PassphraseSource, unlockKeys } from '../jose/keys.js';
import { entryOf, type KeyringEntry, publishedSet, signingEntry, verificationKeys } from '../token/keyring.js';
import { isNumericDate } from '../token/time.js';
import { hasErrorCode, notWritable, readFileBounded, writeFileWhole } from './files.js';
import { makeFolders } from './folders.js';

/** An opened keyring, as its set was when it was opened. */
export interface Keyring {
  readonly directory: string;
  readonly entries: readonly KeyringEntry[];
  /** Keys that verify at `now`, a NumericDate. */
  verificationKeys(now: number): Key[];
  /**
   * The private key that signs at `now`, or the one named. The passphrase, or the function that gets one, is for a key
   * that is encrypted; the function is not called for any other.
   * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE; KEY_ENCRYPTED without a passphrase,
   * PASSPHRASE_WRONG.
   */
  signingKey(now: number, kid?: string, passphrase?: PassphraseSource): Promise<Key>;
  /** The JWK Set to publish at `now`: the public halves of all keys that verify then, announced ones among them. */
  publishedSet(now: number): JwkSet;
  /**
   * The private half of a key, whether it signs or not.
   * @throws {JwtkitError} KEY_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, KEY_ENCRYPTED,
   * PASSPHRASE_WRONG.
   */
  privateKey(kid: string, passphrase?: PassphraseSource): Promise<Key>;
}

/**
 * Opens the keyring in a directory. Private keys are read when they are asked for, not before.
 * @throws {JwtkitError} KEYRING_NOT_FOUND where there is none; KEYRING_INVALID, FILE_NOT_READABLE.
 */
export function openKeyring(directory: string): Keyring {
  const entries = readEntries(directory);
  return {
    directory,
    entries,
    verificationKeys: (now) => verificationKeys(entries, now),
    signingKey: async (now, kid, passphrase) => {
      return readPrivateKey(directory, signingEntry(entries, now, kid), passphrase);
    },
    publishedSet: (now) => publishedSet(entries, now),
    privateKey: async (kid, passphrase) => readPrivateKey(directory, entryOf(entries, kid), passphrase),
  };
}

/** Whether a kid can be the name of a file: it also comes from `jwks.json`, which may have been edited. */
export function isFileSafeKid(kid: string): boolean {
  return /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/.test(kid);
}

/** Where the set of a keyring is. */
export function setPath(directory: string): string {
  return join(directory, 'jwks.json');
}

/** Where the private half of a key is. */
export function privatePath(directory: string, kid: string): string {
  return join(directory, `${kid}.pem`);
}

/**
 * Makes the folder of a keyring, closed to others and kept out of git, if need be.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function createDirectory(directory: string): void {
  try {
    makeFolders(directory);
    const ignore = { path: join(directory, '.gitignore'), content: '*\n', mode: 0o644 };
    if (!existsSync(ignore.path)) writeFileWhole(ignore, { overwrite: false });
  } catch (error) {
    // Another process made the .gitignore first: it is there, which is all that was wanted.
    if (error instanceof JwtkitError && error.code === 'FILE_EXISTS') return;
    throw error instanceof JwtkitError ? error : notWritable(directory, error);
  }
}

/**
 * The set of a keyring with all that it holds.
 * @throws {JwtkitError} KEYRING_INVALID, FILE_NOT_READABLE.
 */
export function readSet(directory: string): JsonObject {
  const path = setPath(directory);
  const bytes = readFileBounded(path, maxKeyBytes);
  let set: JsonObject;
  try {
    set = parseJsonObject(bytes);
  } catch (error) {
    throw error instanceof JsonError ? invalid(`${path} ${error.message}`) : error;
  }
  if (!Array.isArray(own(set, 'keys'))) throw invalid(`${path} is not a JWK Set: it has no array of keys`);
  return set;
}

function invalid(message: string): JwtkitError {
  return new JwtkitError('KEYRING_INVALID', message);
}

/**
 * The entries of a keyring.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE.
 */
export function readEntries(directory: string): KeyringEntry[] {
  const path = setPath(directory);
  let set: JsonObject;
  try {
    set = readSet(directory);
  } catch (error) {
    if (!(error instanceof JwtkitError) || !hasErrorCode(error.cause, 'ENOENT', 'ENOTDIR')) throw error;
    throw new JwtkitError('KEYRING_NOT_FOUND', `there is no keyring at ${directory}`, {
      hint: 'make one with: jwtkit keygen (or name a key with --key or --secret-file)',
    });
  }
  const entries = (set.keys as unknown[]).map((jwk) => {
    const entry = toEntry(jwk, path);
    return { ...entry, hasPrivateHalf: existsSync(privatePath(directory, entry.kid)) };
  });
  const kids = entries.map(({ kid }) => kid);
  const twice = kids.find((kid, index) => kids.indexOf(kid) !== index);
  if (twice !== undefined) throw invalid(`${path}: two keys have the kid ${twice}`);
  return entries;
}

/**
 * The entry of a keyring that a JWK makes, its private half left aside. `path` is where it stands, for messages.
 * @throws {JwtkitError} KEYRING_INVALID, KEY_INVALID, KEY_TOO_WEAK.
 */
export function toEntry(jwk: unknown, path: string): Omit<KeyringEntry, 'hasPrivateHalf'> {
  const key = importJwk(jwk, { source: path });
  const { kid } = key;
  if (kid === undefined) throw invalid(`${path}: a key has no kid`);
  if (!isFileSafeKid(kid)) throw invalid(`${path}: the kid ${quoteText(kid)} cannot name a key`);
  if (key.keyObject.type !== 'public')
    throw invalid(`${path}: the key ${kid} is not a public key; this file is published`);
  for (const name of ['iat', 'nbf', 'exp']) {
    const moment = own(jwk as JsonObject, name);
    if (moment !== undefined && !isNumericDate(moment))
      throw invalid(`${path}: the ${name} of ${kid} is no NumericDate`);
  }
  return { kid, key, jwk: jwk as Jwk };
}

async function readPrivateKey(
  directory: string,
  { kid, key, jwk }: KeyringEntry,
  passphrase: PassphraseSource | undefined,
): Promise<Key> {
  const path = privatePath(directory, kid);
  const content = readFileBounded(path, maxKeyBytes);
  const [loaded] = await unlockKeys(content, { purpose: 'sign', source: path, kid, passphrase });
  const { keyObject } = loaded as Key;
  if (keyObject.type !== 'private' || !createPublicKey(keyObject).equals(key.keyObject)) {
    throw invalid(`${path} is not the private half of ${jwk.kid} in ${setPath(directory)}`);
  }
  return { ...(loaded as Key), algorithms: key.algorithms };
}
