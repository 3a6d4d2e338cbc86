/** Opens the keys that a command prints, and writes them as PEM or DER. */
import type { KeyObject } from 'node:crypto';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import type { PassphraseSource } from '../../../jose/keys.js';
import type { SecretOptions } from '../../secrets/named-secret.js';
import { passphraseToKeep } from '../../secrets/new-secrets.js';
import { type PassphraseOptions, withPassphrase } from '../../secrets/passphrase.js';
import type { Io } from '../../terminal/io.js';

/** What was read, and the passphrase that opened it or was named. It encrypts what is printed. */
export interface Opened<T> {
  readonly read: T;
  readonly passphrase: Passphrase | undefined;
}

/**
 * Reads keys that a passphrase may protect, to print them.
 * @param wantsOne whether to ask for a passphrase if no option names one.
 * @throws {JwtkitError} as `read` and {@link passphraseToKeep}.
 */
export async function openToPrint<T>(
  invocation: SecretOptions<PassphraseOptions>,
  io: Io,
  read: (passphrase: PassphraseSource) => T | Promise<T>,
  wantsOne = false,
): Promise<Opened<T>> {
  let passphrase = await passphraseToKeep(invocation, io, wantsOne);
  if (passphrase !== undefined) return { read: await read(passphrase), passphrase };
  const keys = await withPassphrase(invocation, io, (ask) =>
    read(async (source) => {
      passphrase = await ask(source);
      return passphrase;
    }),
  );
  return { read: keys, passphrase };
}

/** Writes a key as PEM; a passphrase encrypts a private one. */
export async function toPem(keyObject: KeyObject, passphrase: Passphrase | undefined): Promise<string> {
  const { exportPrivatePem, exportPublicPem } = await import('../../../jose/pem.js');
  return keyObject.type === 'public' ? exportPublicPem(keyObject) : exportPrivatePem(keyObject, { passphrase });
}

/** Writes a key as DER; a passphrase encrypts a private one. */
export async function toDer(keyObject: KeyObject, passphrase: Passphrase | undefined): Promise<Uint8Array> {
  if (keyObject.type === 'public') return keyObject.export({ format: 'der', type: 'spki' });
  const der = keyObject.export({ format: 'der', type: 'pkcs8' });
  if (passphrase === undefined) return der;
  const { encryptPkcs8 } = await import('../../../jose/encrypted-key.js');
  return encryptPkcs8(der, passphrase);
}
