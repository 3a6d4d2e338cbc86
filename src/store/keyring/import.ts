/** Imports the keys of a file into the keyring of a directory, all or none. */
import { requireContent } from '../../jose/arguments.js';
import type { SkippedJwk } from '../../jose/jwk-set.js';
import { exportPrivatePem } from '../../jose/pem.js';
import { type ReadKeyFileOptions, readKeyFile, readKeyFileKinds } from '../../token/import.js';
import { findSigner, type KeyringEntry } from '../../token/keyring.js';
import { toEntry } from '../../token/keyring-set.js';
import { changeKeyring, checkKid } from './changes.js';
import { setPath } from './directory.js';
import { checkKeyringOptions } from './keyring-options.js';
import { placeKeys } from './place-keys.js';

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
  checkKeyringOptions(directory, options, readKeyFileKinds);
  requireContent(content, 'key');
  const now = Math.floor(options.now);
  let passphrase = typeof options.passphrase === 'function' ? undefined : options.passphrase;
  const file = await readKeyFile(content, {
    ...options,
    now,
    passphrase: async (source) => {
      if (typeof options.passphrase === 'function') passphrase = await options.passphrase(source);
      return passphrase;
    },
  });
  // Encrypts before it takes the lock: encrypting is slow. Fails before a keyring is made.
  const incoming = file.keys.map(({ jwk, privateKey }) => {
    checkKid(jwk.kid);
    const pem = privateKey === undefined ? undefined : exportPrivatePem(privateKey, { passphrase });
    return { entry: { ...toEntry(jwk, setPath(directory)), hasPrivateHalf: pem !== undefined }, pem };
  });
  const otherUse = 'which decrypts; make another one that signs';
  return changeKeyring(directory, { make: true }, (before, encryption) => {
    const placing = { now, kid: options.kid, others: encryption, otherUse };
    const { entries, halves, placed } = placeKeys(before, incoming, placing);
    const keys = placed.map(({ entry, isCompleted }, at) => {
      return { ...entry, isAlgGuessed: file.keys[at]?.isAlgGuessed === true && !isCompleted, isCompleted };
    });
    const signing = findSigner(entries, now)?.kid ?? null;
    return { entries, halves, result: { keys, skipped: file.skipped, signing } };
  });
}
