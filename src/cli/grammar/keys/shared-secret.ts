/** HMAC secrets that an option names. */
import { type Key, maxKeyBytes } from '../../../jose/key.js';
import { type LoadSecretOptions, loadSecret } from '../../../jose/secret.js';
import type { SecretEncoding } from '../../../jose/secret-encoding.js';
import { readSecretFile, readSecretVariable } from '../../secrets/named-file.js';
import type { Io } from '../../terminal/io.js';
import { inputName } from '../../terminal/stdin.js';
import type { Invocation } from '../invocation.js';
import type { KeyOptions, LocalSource } from './source.js';

/** Loads an HMAC secret. */
export function loadSharedSecret(
  source: Extract<LocalSource, { kind: 'secret-file' | 'secret-env' }>,
  { env, options }: Invocation<KeyOptions>,
  io: Io,
  kid?: string,
): Key {
  if (source.kind === 'secret-env') {
    const secret = readSecretVariable(env, source.name, source.label);
    return remember(secret, { source: source.name, kid, alg: source.alg, encoding: options.secretEncoding });
  }
  const given = { maxBytes: maxKeyBytes, note: io.note, io, mayBeRandom: true };
  const secret = readSecretFile(source.path, source.label, given);
  const name = inputName(source.path);
  return remember(secret, { source: name, kid, encoding: options.secretEncoding });
}

/** The secrets of this run as they are written, for a hint where a signature does not hold. */
export const writtenSecrets = new WeakMap<Key, { bytes: Uint8Array; encoding: SecretEncoding | undefined }>();

function remember(secret: string | Uint8Array, options: LoadSecretOptions): Key {
  const key = loadSecret(secret, options);
  writtenSecrets.set(key, { bytes: Buffer.from(secret as string), encoding: options.encoding });
  return key;
}
