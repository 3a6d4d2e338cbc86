/** Imports the keys of a file into the keyring of a directory, all or none. */
import { JwtkitError } from '../../errors.js';
import { thumbprint } from '../../jose/jwk.js';
import type { SkippedJwk } from '../../jose/jwk-set.js';
import { exportPrivatePem } from '../../jose/pem.js';
import { type IncomingKey, type ReadKeyFileOptions, readKeyFile } from '../../token/import.js';
import { findSigner, type KeyringEntry } from '../../token/keyring.js';
import { keepRetiredKeysRetired } from '../../token/rotate.js';
import { requireNow } from '../../token/time.js';
import { byFoldedKid, changeKeyring, checkFreeKid, checkKid, foldKid } from './changes.js';
import { setPath, toEntry } from './directory.js';

/** The options of {@link importKeys}. */
export type ImportKeysOptions = ReadKeyFileOptions;

/** The result of an import. */
export interface ImportedKeys {
  readonly keys: readonly (KeyringEntry & {
    /** Whether the key allows several algorithms, and the usual one was chosen. */
    readonly isAlgGuessed: boolean;
    /** Whether the keyring had the public key already, and got its private half. */
    readonly isCompleted: boolean;
  })[];
  /** Members of a JWK Set that were left out, since they sign nothing. */
  readonly skipped: readonly SkippedJwk[];
  /** The kid of the key that signs now, or null. */
  readonly signing: string | null;
}

/**
 * Imports the keys of a file (PEM, DER, certificate, JWK, JWK Set) into the keyring of a directory, which is made if need be. A
 * private key signs from its `nbf`, else its `iat`, else from now on; a public key only verifies. An existing key gets a missing
 * private half and does not change otherwise. The passphrase also encrypts the private keys in the keyring.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG; FILE_EXISTS for an existing key or kid;
 * USAGE_INVALID for a secret or a kid that cannot name a file; KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function importKeys(
  directory: string,
  content: Uint8Array,
  options: ImportKeysOptions,
): Promise<ImportedKeys> {
  const now = Math.floor(requireNow(options?.now));
  let passphrase = typeof options.passphrase === 'function' ? undefined : options.passphrase;
  const file = await readKeyFile(content, {
    ...options,
    now,
    passphrase: async (source) => {
      if (typeof options.passphrase === 'function') passphrase = await options.passphrase(source);
      return passphrase;
    },
  });
  // Encrypts before it takes the lock: encrypting is slow.
  const pems = new Map(
    file.keys.flatMap(({ jwk, privateKey }) =>
      privateKey === undefined ? [] : [[jwk, exportPrivatePem(privateKey, { passphrase })] as const],
    ),
  );
  // Fails before a keyring is made.
  for (const { jwk } of file.keys) checkKid(jwk.kid);
  return changeKeyring(directory, { make: true }, (before, encryption) => {
    const decrypting = new Map(encryption.map((key) => [thumbprint(key.jwk), key.kid]));
    const halves = new Map<string, string>();
    // By thumbprint: comparing each key with each would take quadratic time.
    const known = new Map([...before].reverse().map((entry) => [thumbprint(entry.jwk), entry]));
    const taken = byFoldedKid(before);
    const after = new Map(before.map((entry) => [entry.kid, entry]));
    const keys = file.keys.map((incoming) => {
      const print = thumbprint(incoming.jwk);
      const other = decrypting.get(print);
      if (other !== undefined) {
        const message = `the keyring already has this key, as ${other}, which decrypts; make another one that signs`;
        throw new JwtkitError('FILE_EXISTS', message);
      }
      const { entry, isCompleted } = placeKey(directory, incoming, options, known.get(print), taken);
      const pem = pems.get(incoming.jwk);
      if (pem !== undefined) halves.set(entry.kid, pem);
      after.set(entry.kid, entry);
      known.set(print, entry);
      taken.set(foldKid(entry.kid), entry);
      return { ...entry, isAlgGuessed: incoming.isAlgGuessed && !isCompleted, isCompleted };
    });
    const entries = keepRetiredKeysRetired(before, [...after.values()], now);
    const signing = findSigner(entries, now)?.kid ?? null;
    return { entries, halves, result: { keys, skipped: file.skipped, signing } };
  });
}

/** Makes a new entry for a key, or completes the entry of its public half. */
function placeKey(
  directory: string,
  { jwk, privateKey }: IncomingKey,
  options: ImportKeysOptions,
  same: KeyringEntry | undefined,
  taken: ReadonlyMap<string, KeyringEntry>,
): { entry: KeyringEntry; isCompleted: boolean } {
  if (same === undefined) {
    checkFreeKid(jwk.kid, taken);
    const entry = { ...toEntry(jwk, setPath(directory)), hasPrivateHalf: privateKey !== undefined };
    return { entry, isCompleted: false };
  }
  const isOtherKid = options.kid !== undefined && options.kid !== same.kid;
  if (same.hasPrivateHalf || privateKey === undefined || isOtherKid) {
    throw new JwtkitError('FILE_EXISTS', `the keyring already has this key, as ${same.kid}`);
  }
  return { entry: { ...same, hasPrivateHalf: true }, isCompleted: true };
}
