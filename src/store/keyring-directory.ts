/**
 * The keyring directory: `jwks.json`, the public JWK Set and source of truth, and `<kid>.pem`, the private halves. A
 * private half is on disk before the set names it, and the set is replaced by one rename, so that a crash at any point
 * leaves the old set or the new one, and every private key that the set names.
 */
import { createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { Passphrase } from '../jose/encrypted-key.js';
import { JsonError, type JsonObject, own, parseJsonObject, quoteText } from '../jose/json.js';
import { exportPublicJwk, importJwk, type Jwk, thumbprint } from '../jose/jwk.js';
import { type Key, maxKeyBytes } from '../jose/key.js';
import { exportPrivatePem, type GeneratedKey, type PassphraseSource, unlockKeys } from '../jose/keys.js';
import { type KeyringEntry, signingEntry, verificationKeys } from '../token/keyring.js';
import { isNumericDate } from '../token/time.js';
import { hasErrorCode, notWritable, readFileBounded, type WholeFile, writeFileWhole } from './files.js';
import { withLock } from './lock.js';

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
  };
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
  if (!('privateKey' in pair)) {
    throw new JwtkitError('USAGE_INVALID', 'a shared secret has no public half, a keyring holds key pairs');
  }
  const { privateKey, publicKey } = pair;
  const kid = options.kid ?? thumbprint(publicKey);
  if (!isFileSafeKid(kid)) {
    throw new JwtkitError('USAGE_INVALID', `the kid ${JSON.stringify(kid)} cannot name a key file`, {
      hint: 'use letters, digits, - and _, with . in between, at most 128 characters',
    });
  }
  // Encrypting is slow: not under the lock, and before anything is written.
  const content = exportPrivatePem(privateKey, { passphrase: options.passphrase });
  createDirectory(directory);
  return withLock(join(directory, '.lock'), () => {
    const isThere = existsSync(setPath(directory));
    // Nothing is added to a keyring that could not be opened afterwards.
    const entries = isThere ? readEntries(directory) : [];
    const set = isThere ? readSet(directory) : { keys: [] };
    if (entries.some((entry) => entry.kid === kid)) {
      throw new JwtkitError('FILE_EXISTS', `the keyring already has a key ${kid}`, { hint: 'choose another --kid' });
    }
    const jwk: Jwk = { ...exportPublicJwk(publicKey), kid, alg: options.alg, use: 'sig', iat: Math.floor(options.now) };
    writePrivateHalf({ path: privatePath(directory, kid), content, mode: 0o600 });
    writeSet(directory, { ...set, keys: [...(set.keys as unknown[]), jwk] });
    return kid;
  });
}

function writePrivateHalf(pem: WholeFile): void {
  try {
    writeFileWhole(pem, { overwrite: false });
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.code !== 'FILE_EXISTS') throw error;
    throw new JwtkitError(error.code, `${error.message}, but the keyring does not name it`, {
      hint: 'remove it if it was left by a run that was killed, or choose another --kid',
    });
  }
}

/** Whether a kid can be the name of a file: it also comes from `jwks.json`, which may have been edited. */
function isFileSafeKid(kid: string): boolean {
  return /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/.test(kid);
}

function setPath(directory: string): string {
  return join(directory, 'jwks.json');
}

function privatePath(directory: string, kid: string): string {
  return join(directory, `${kid}.pem`);
}

/**
 * Makes the folder of a keyring, closed to others and kept out of git, if need be.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function createDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const ignore = { path: join(directory, '.gitignore'), content: '*\n', mode: 0o644 };
    if (!existsSync(ignore.path)) writeFileWhole(ignore, { overwrite: false });
  } catch (error) {
    // Another process made the .gitignore first: it is there, which is all that was wanted.
    if (error instanceof JwtkitError && error.code === 'FILE_EXISTS') return;
    throw error instanceof JwtkitError ? error : notWritable(directory, error);
  }
}

function writeSet(directory: string, set: JsonObject): void {
  const content = `${JSON.stringify(set, null, 2)}\n`;
  writeFileWhole({ path: setPath(directory), content, mode: 0o644 }, { overwrite: true });
}

function readSet(directory: string): JsonObject {
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

function readEntries(directory: string): KeyringEntry[] {
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
  const entries = (set.keys as unknown[]).map((jwk) => readEntry(directory, path, jwk));
  const kids = entries.map(({ kid }) => kid);
  const twice = kids.find((kid, index) => kids.indexOf(kid) !== index);
  if (twice !== undefined) throw invalid(`${path}: two keys have the kid ${twice}`);
  return entries;
}

function readEntry(directory: string, path: string, jwk: unknown): KeyringEntry {
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
  return { kid, key, jwk: jwk as Jwk, hasPrivateHalf: existsSync(privatePath(directory, kid)) };
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
