/** Keys in files and variables, and shared secrets. People give them in many forms; a keyring has one form, and does not need this file. */
import type { SkippedJwk } from '../../../jose/jwk-set.js';
import type { Key } from '../../../jose/key.js';
import { loadKeys, unlockKeys } from '../../../jose/keys.js';
import type { AskPassphrase } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import type { Invocation } from '../invocation.js';
import { readKeyTexts } from './key-texts.js';
import { loadSharedSecret } from './shared-secret.js';
import type { KeyOptions, LocalSource } from './source.js';

/** Any source on this machine but a keyring. */
export type GivenSource = Exclude<LocalSource, { kind: 'keyring' }>;

/** Loads the keys that verify. Calls `onSkipped` for each member of a set that is left out. */
export function loadGivenKeys(
  source: GivenSource,
  invocation: Invocation<KeyOptions>,
  io: Io,
  onSkipped?: (skipped: SkippedJwk) => void,
): Key[] {
  if (source.kind !== 'key' && source.kind !== 'key-env') return [loadSharedSecret(source, invocation, io)];
  return readKeyTexts(source, invocation.env, io).flatMap(({ content, source: name }) =>
    loadKeys(content, { purpose: 'verify', source: name, onSkipped, note: io.note }),
  );
}

/** Loads the one key of a file or a variable, which signs. `passphrase` is called only if it is encrypted. */
export async function loadGivenSigningKey(
  source: Extract<GivenSource, { kind: 'key' | 'key-env' }>,
  { env, options: { kid } }: Invocation<KeyOptions>,
  io: Io,
  passphrase: AskPassphrase,
): Promise<Key> {
  const [{ content, source: name }] = readKeyTexts(source, env, io);
  const [key, ...rest] = await unlockKeys(content, { purpose: 'sign', source: name, kid, passphrase, note: io.note });
  if (rest.length === 0) return key;
  throw usage(`${name} holds ${rest.length + 1} keys, one signs`, 'keep the signing key in a file of its own');
}
