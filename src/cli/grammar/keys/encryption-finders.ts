/** The keys of commands that encrypt or decrypt many tokens, and the key that signs what is encrypted. */
import type { Passphrase } from '../../../jose/encrypted-key.js';
import type { KeyManagementName } from '../../../jwe/algorithms.js';
import type { EncryptionKey } from '../../../jwe/key.js';
import { isUrl } from '../../../policy/place.js';
import { watchDecryptionKeys } from '../../../store/keyring/encryption.js';
import { withPassphrase } from '../../secrets/passphrase.js';
import type { Io } from '../../terminal/io.js';
import type { Invocation } from '../invocation.js';
import { keyringFolder } from '../unnamed-places.js';
import { decryptionKeys, type EncryptionKeyOptions, findEncryptionSource, recipientKey } from './encryption.js';
import { signingKeyFinder } from './signing.js';
import type { KeyOptions } from './source.js';

type Named = Invocation<EncryptionKeyOptions>;
type KeysAt = (now: number) => Promise<readonly EncryptionKey[]>;

/** Seconds after which a batch asks for published keys again. The cache decides whether that needs the network. */
const askAgain = 60;

/**
 * Returns a function that finds the key to encrypt to at a moment. A file is read once; a keyring is read each time, and published
 * keys are asked for again after a minute.
 */
export async function recipientFinder(
  invocation: Named,
  { now, alg }: { readonly now: number; readonly alg: KeyManagementName | undefined },
  io: Io,
): Promise<KeysAt> {
  const find = async (at: number) => [await recipientKey(invocation, { now: at, alg }, io)];
  const source = findEncryptionSource(invocation);
  if (source === 'keyring') return find;
  const isFetched = source === 'issuerUrl' || (source === 'jwks' && isUrl(invocation.options.jwks ?? ''));
  let [found, since] = [await find(now), now];
  return async (at) => {
    if (isFetched && at - since >= askAgain) [found, since] = [await find(at), at];
    return found;
  };
}

/** Returns a function that finds the keys to decrypt with at a moment. A file is read once; the keys of a keyring may change. */
export async function decryptionKeyFinder(invocation: Named, now: number, io: Io): Promise<KeysAt> {
  if (findEncryptionSource(invocation) !== 'keyring') {
    const keys = await decryptionKeys(invocation, { now, kids: [] }, io);
    return async () => keys;
  }
  const folder = keyringFolder(invocation, io);
  return withPassphrase(invocation, io, async (ask) => {
    let known: Promise<Passphrase | undefined> | undefined;
    const find = watchDecryptionKeys(folder, (name) => {
      known ??= ask(name);
      return known;
    });
    await find(now);
    return find;
  });
}

/** Returns a function that finds the key of the keyring that signs at a moment, whatever names the recipient's key. */
export async function firstSignerFinder(invocation: Named, now: number, io: Io) {
  const options = { ...invocation.options };
  // It names the recipient's key.
  delete options.kid;
  // A passphrase that is itself the key opens no other one.
  const isKey = findEncryptionSource(invocation) === 'passphrase';
  const origin: Named['origin'] = (name) =>
    isKey && name.startsWith('passphrase') ? undefined : invocation.origin(name);
  const signing: Invocation<KeyOptions> = { ...invocation, options, origin };
  const directory = keyringFolder(invocation, io);
  return signingKeyFinder(signing, now, io, { kind: 'keyring', directory });
}
