/** Keys that somebody brings: into the keyring of a directory, all of a file or none. */
import { JwtkitError } from '../errors.js';
import type { SkippedJwk } from '../jose/jwk.js';
import { exportPrivatePem } from '../jose/keys.js';
import { type IncomingKey, isSameKey, type ReadKeyFileOptions, readKeyFile } from '../token/import.js';
import { findSigner, type KeyringEntry } from '../token/keyring.js';
import { withoutComebacks } from '../token/rotate.js';
import { changeKeyring, checkFreeKid, checkKid } from './keyring-changes.js';
import { setPath, toEntry } from './keyring-directory.js';

/** What {@link importKeys} is told. */
export type ImportKeysOptions = ReadKeyFileOptions;

/** What an import brought. */
export interface ImportedKeys {
  readonly keys: readonly (KeyringEntry & {
    /** Whether the algorithm is the usual one of a key that allows others. */
    readonly isAlgGuessed: boolean;
    /** Whether the keyring had the key already and was given its private half. */
    readonly isCompleted: boolean;
  })[];
  /** Members of a JWK Set that sign nothing and were left out. */
  readonly skipped: readonly SkippedJwk[];
  /** The kid of the key that signs now; null where none does. */
  readonly signing: string | null;
}

/**
 * Imports the keys of a file's content (PEM, DER, certificate, JWK, JWK Set) into the keyring of a directory, which is made if
 * need be; all or none. A private key signs from its `nbf`, else its `iat`, else from now on, a public one only verifies. A
 * key that is there already is never changed, but is given the private half that it lacks. A passphrase that is given, or was
 * asked for, also encrypts the private halves in the keyring.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG; FILE_EXISTS for a key or a kid that is there already;
 * USAGE_INVALID for a secret or a kid that cannot name a file; KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function importKeys(
  directory: string,
  content: Uint8Array,
  options: ImportKeysOptions,
): Promise<ImportedKeys> {
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
  // Encrypting is slow: not under the lock.
  const pems = new Map(
    file.keys.flatMap(({ jwk, privateKey }) =>
      privateKey === undefined ? [] : [[jwk, exportPrivatePem(privateKey, { passphrase })] as const],
    ),
  );
  // Before a keyring is made for nothing.
  for (const { jwk } of file.keys) checkKid(jwk.kid);
  return changeKeyring(directory, { make: true }, (before) => {
    const halves = new Map<string, string>();
    const after = [...before];
    const keys = file.keys.map((incoming) => {
      const { entry, isCompleted } = place(directory, incoming, options, after);
      const pem = pems.get(incoming.jwk);
      if (pem !== undefined) halves.set(entry.kid, pem);
      if (isCompleted) after.splice(after.indexOf(find(after, entry.kid)), 1, entry);
      else after.push(entry);
      return { ...entry, isAlgGuessed: incoming.isAlgGuessed && !isCompleted, isCompleted };
    });
    const entries = withoutComebacks(before, after, now);
    const signing = findSigner(entries, now)?.kid ?? null;
    return { entries, halves, result: { keys, skipped: file.skipped, signing } };
  });
}

/** Where an incoming key goes: a place of its own, or that of its public half. */
function place(
  directory: string,
  { jwk, privateKey }: IncomingKey,
  options: ImportKeysOptions,
  entries: readonly KeyringEntry[],
): { entry: KeyringEntry; isCompleted: boolean } {
  const same = entries.find((entry) => isSameKey(entry.jwk, jwk));
  if (same === undefined) {
    checkFreeKid(jwk.kid, entries);
    const entry = { ...toEntry(jwk, setPath(directory)), hasPrivateHalf: privateKey !== undefined };
    return { entry, isCompleted: false };
  }
  const isOtherKid = options.kid !== undefined && options.kid !== same.kid;
  if (same.hasPrivateHalf || privateKey === undefined || isOtherKid) {
    throw new JwtkitError('FILE_EXISTS', `the keyring already has this key, as ${same.kid}`);
  }
  return { entry: { ...same, hasPrivateHalf: true }, isCompleted: true };
}

function find(entries: readonly KeyringEntry[], kid: string): KeyringEntry {
  return entries.find((entry) => entry.kid === kid) as KeyringEntry;
}
