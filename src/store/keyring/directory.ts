/**
 * The keyring directory: `jwks.json` holds the public JWK Set and says which keys exist; `<kid>.pem` holds a private key.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../../errors.js';
import { makeFolders } from '../../files/folders.js';
import { readFileBounded } from '../../files/read-file.js';
import { notWritable } from '../../files/system-error.js';
import { writeFileWhole } from '../../files/write-files.js';
import { requireText } from '../../jose/arguments.js';
import { isJsonObject, type JsonObject, own, quoteText } from '../../jose/json.js';
import { holdsSecret, importJwk, type Jwk, type JwkSet } from '../../jose/jwk.js';
import { isSamePublicKey, type Key, maxKeyBytes, publicHalfOf } from '../../jose/key.js';
import { type PassphraseSource, unlockKeys } from '../../jose/keys.js';
import { readJsonFile } from '../../jose/text.js';
import {
  type DatedKey,
  entryOf,
  type KeyringEntry,
  publishedSet,
  signingEntry,
  verificationKeys,
} from '../../token/keyring.js';
import { isNumericDate, requireNow } from '../../token/time.js';

/** A keyring, as its set was when it was opened. */
export interface Keyring {
  readonly directory: string;
  /** The signing keys. */
  readonly entries: readonly KeyringEntry[];
  /** The keys for encryption, which sign and verify nothing. */
  readonly encryptionKeys: readonly DatedKey[];
  /** Returns the keys that verify at `now`, a NumericDate. */
  verificationKeys(now: number): Key[];
  /**
   * Returns the private key that signs at `now`, or the named one. `passphrase` is needed, and called, only for an encrypted key.
   * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE; KEY_ENCRYPTED without a passphrase,
   * PASSPHRASE_WRONG.
   */
  signingKey(now: number, kid?: string, passphrase?: PassphraseSource): Promise<Key>;
  /** Returns the JWK Set to publish at `now`: the public keys that verify then, with announced ones. */
  publishedSet(now: number): JwkSet;
  /**
   * Returns the private half of a key, even if the key does not sign.
   * @throws {JwtkitError} KEY_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, KEY_ENCRYPTED, PASSPHRASE_WRONG.
   */
  privateKey(kid: string, passphrase?: PassphraseSource): Promise<Key>;
}

/**
 * Opens the keyring in a directory. Private keys are read on demand.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE.
 */
export function openKeyring(directory: string): Keyring {
  requireText(directory, 'directory');
  const { entries, encryptionKeys } = readMembers(directory);
  return {
    directory,
    entries,
    encryptionKeys,
    verificationKeys: (now) => verificationKeys(entries, requireNow(now)),
    signingKey: async (now, kid, passphrase) => {
      return readPrivateKey(directory, signingEntry(entries, requireNow(now), kid), passphrase);
    },
    publishedSet: (now) => publishedSet([...entries, ...encryptionKeys], requireNow(now)),
    privateKey: async (kid, passphrase) => readPrivateKey(directory, entryOf(entries, kid), passphrase),
  };
}

/** Whether a kid can name a file. It may come from an edited `jwks.json`. */
export function isFileSafeKid(kid: string): boolean {
  return /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/.test(kid);
}

export function setPath(directory: string): string {
  return join(directory, 'jwks.json');
}

export function privatePath(directory: string, kid: string): string {
  return join(directory, `${kid}.pem`);
}

/** Makes the folder of a keyring if need be, closed to other users and ignored by git. */
export function createDirectory(directory: string): void {
  try {
    makeFolders(directory);
    const ignore = { path: join(directory, '.gitignore'), content: '*\n', mode: 0o644 };
    if (!existsSync(ignore.path)) writeFileWhole(ignore, { overwrite: false });
  } catch (error) {
    // Another process made the .gitignore first.
    if (error instanceof JwtkitError && error.code === 'FILE_EXISTS') return;
    throw error instanceof JwtkitError ? error : notWritable(directory, error);
  }
}

/** Reads the set of a keyring, with all members and its text. */
export function readSet(directory: string): ReturnType<typeof readJsonFile> {
  const path = setPath(directory);
  const set = readJsonFile(readFileBounded(path, maxKeyBytes), (problem, hint) => invalid(`${path} ${problem}`, hint));
  if (!Array.isArray(own(set.value, 'keys'))) throw invalid(`${path} is not a JWK Set: it has no array of keys`);
  return set;
}

function invalid(message: string, hint?: string): JwtkitError {
  return new JwtkitError('KEYRING_INVALID', message, { hint });
}

/** Returns the signing keys. @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE. */
export function readEntries(directory: string): KeyringEntry[] {
  return readMembers(directory).entries;
}

/** Reads all keys, each kind apart. @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE. */
export function readMembers(directory: string): { entries: KeyringEntry[]; encryptionKeys: DatedKey[] } {
  const path = setPath(directory);
  let set: JsonObject;
  try {
    set = readSet(directory).value;
  } catch (error) {
    if (!(error instanceof JwtkitError) || !hasErrorCode(error.cause, 'ENOENT', 'ENOTDIR')) throw error;
    throw new JwtkitError('KEYRING_NOT_FOUND', `there is no keyring at ${directory}`, {
      hint: 'make one with: jwtkit keygen (or name a key with --key or --secret-file)',
    });
  }
  const isForEncryption = (jwk: unknown) => isJsonObject(jwk) && own(jwk, 'use') === 'enc';
  const members = set.keys as unknown[];
  const withHalf = <Entry extends { kid: string }>(entry: Entry) => {
    return { ...entry, hasPrivateHalf: existsSync(privatePath(directory, entry.kid)) };
  };
  const entries = members.filter((jwk) => !isForEncryption(jwk)).map((jwk) => withHalf(toEntry(jwk, path)));
  const encryptionKeys = members.filter(isForEncryption).map((jwk) => withHalf(toEncryptionKey(jwk as Jwk, path)));
  const kids = new Set<string>();
  for (const { kid } of [...entries, ...encryptionKeys]) {
    if (kids.has(kid)) throw invalid(`${path}: two keys have the kid ${kid}`);
    kids.add(kid);
  }
  return { entries, encryptionKeys };
}

/** Checks the place of a key for encryption. The key itself is read only by those who need it. */
function toEncryptionKey(jwk: Jwk, path: string): Omit<DatedKey, 'hasPrivateHalf'> {
  const { kid } = jwk;
  if (typeof kid !== 'string') throw invalid(`${path}: a key for encryption has no kid`);
  checkPlace(kid, jwk, path);
  if (holdsSecret(jwk)) throw invalid(`${path}: the key ${kid} is not a public key; this file is published`);
  return { kid, jwk };
}

function checkPlace(kid: string, jwk: object, path: string): void {
  if (!isFileSafeKid(kid)) throw invalid(`${path}: the kid ${quoteText(kid)} cannot name a key`);
  for (const name of ['iat', 'nbf', 'exp']) {
    const moment = own(jwk, name);
    if (moment !== undefined && !isNumericDate(moment))
      throw invalid(`${path}: the ${name} of ${kid} is no NumericDate`);
  }
}

/** @throws {JwtkitError} KEYRING_INVALID, KEY_INVALID, KEY_TOO_WEAK. The messages begin with `path`. */
export function toEntry(jwk: unknown, path: string): Omit<KeyringEntry, 'hasPrivateHalf'> {
  const key = importJwk(jwk, { source: path });
  const { kid } = key;
  if (kid === undefined) throw invalid(`${path}: a key has no kid`);
  checkPlace(kid, jwk as object, path);
  if (key.keyObject.type !== 'public')
    throw invalid(`${path}: the key ${kid} is not a public key; this file is published`);
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
  if (keyObject.type !== 'private' || !isSamePublicKey(publicHalfOf(keyObject), key.keyObject)) {
    throw invalid(`${path} is not the private half of ${jwk.kid} in ${setPath(directory)}`);
  }
  return { ...(loaded as Key), algorithms: key.algorithms };
}
