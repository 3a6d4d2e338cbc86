/**
 * The keyring directory: `jwks.json` holds the public JWK Set and says which keys exist; `<kid>.pem` holds a private key.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { requireText } from '../../jose/arguments.js';
import type { JwkSet } from '../../jose/jwk.js';
import { createKey, isSamePublicKey, type Key, maxKeyBytes, publicHalfOf } from '../../jose/key.js';
import type { PassphraseSource, UnlockKeysOptions } from '../../jose/keys.js';
import { readPlainPem } from '../../jose/plain-pem.js';
import {
  type DatedKey,
  entryOf,
  type KeyringEntry,
  publishedSet,
  signingEntry,
  verificationKeys,
} from '../../token/keyring.js';
import { type KeyringMembers, parseKeyringSet, readKeyringMembers } from '../../token/keyring-set.js';
import { requireNow } from '../../token/time.js';

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

export function setPath(directory: string): string {
  return join(directory, 'jwks.json');
}

export function privatePath(directory: string, kid: string): string {
  return join(directory, `${kid}.pem`);
}

/** Reads the set of a keyring, with all members and its text. @throws {JwtkitError} KEYRING_INVALID, FILE_NOT_READABLE. */
export function readSet(directory: string): ReturnType<typeof parseKeyringSet> {
  const path = setPath(directory);
  return parseKeyringSet(readFileBounded(path, maxKeyBytes), path);
}

/** Returns the signing keys. @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE. */
export function readEntries(directory: string): KeyringEntry[] {
  return readMembers(directory).entries;
}

/** Reads all keys, each kind apart. @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE. */
export function readMembers(directory: string): KeyringMembers {
  let keys: readonly unknown[];
  try {
    keys = readSet(directory).value.keys;
  } catch (error) {
    if (!(error instanceof JwtkitError) || !hasErrorCode(error.cause, 'ENOENT', 'ENOTDIR')) throw error;
    if (isFile(directory)) throw fileAsKeyring(directory);
    throw new JwtkitError('KEYRING_NOT_FOUND', `there is no keyring at ${directory}`, {
      hint: 'make one with: jwtkit keygen (or name a key with --key or --secret-file)',
    });
  }
  return readKeyringMembers(keys, setPath(directory), (kid) => existsSync(privatePath(directory, kid)));
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

function fileAsKeyring(path: string): JwtkitError {
  const folder = dirname(path);
  const isItsSet = path === setPath(folder) || path === `./${setPath(folder)}`;
  return new JwtkitError('KEYRING_NOT_FOUND', `${path} is a file, and a keyring is a folder`, {
    hint: isItsSet
      ? `name the folder: --keyring ${folder}; --jwks names the file`
      : 'name a key with --key, a JWK Set with --jwks, and the folder of a keyring with --keyring',
  });
}

async function readPrivateKey(
  directory: string,
  { kid, key, jwk }: KeyringEntry,
  passphrase: PassphraseSource | undefined,
): Promise<Key> {
  const path = privatePath(directory, kid);
  const content = readFileBounded(path, maxKeyBytes);
  const plain = readPlainPem(content.toString('latin1'));
  const loaded =
    plain === undefined
      ? await unlock(content, { source: path, kid, passphrase })
      : createKey(plain, { source: path, kid });
  const { keyObject } = loaded;
  if (keyObject.type !== 'private' || !isSamePublicKey(publicHalfOf(keyObject), key.keyObject)) {
    throw new JwtkitError('KEYRING_INVALID', `${path} is not the private half of ${jwk.kid} in ${setPath(directory)}`);
  }
  return { ...loaded, algorithms: key.algorithms };
}

/** Reads a private key that is encrypted, or that somebody else put there. */
async function unlock(content: Buffer, options: Omit<UnlockKeysOptions, 'purpose'>): Promise<Key> {
  const { unlockKeys } = await import('../../jose/keys.js');
  const [key] = await unlockKeys(content, { ...options, purpose: 'sign' });
  return key;
}
