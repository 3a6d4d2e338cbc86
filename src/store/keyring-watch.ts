import type { Key } from '../jose/key.js';
import type { PassphraseSource } from '../jose/keys.js';
import type { OwnKeySource } from '../token/key-source.js';
import { findSigner } from '../token/keyring.js';
import { type Keyring, openKeyring, setPath } from './keyring-directory.js';
import { watchFile } from './watched-file.js';

/**
 * The keys of a keyring directory as they are whenever they are asked for: a change by another process counts from the next
 * question on. Private halves are opened once, with the passphrase where one is encrypted.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE; later, each question throws them too.
 */
export function watchKeyring(directory: string, passphrase?: PassphraseSource): OwnKeySource {
  let halves = new Map<string, Promise<Key>>();
  const current = watchFile(setPath(directory), (): Keyring => {
    halves = new Map();
    return openKeyring(directory);
  });
  current();
  return {
    keys: async (now) => current().verificationKeys(now),
    signingKey: async (now) => {
      const keyring = current();
      const kid = findSigner(keyring.entries, now)?.kid;
      // Without one, the keyring says what stands against it.
      if (kid === undefined) return keyring.signingKey(now, undefined, passphrase);
      const opened = halves.get(kid) ?? keyring.signingKey(now, kid, passphrase);
      halves.set(kid, opened);
      // One that could not be opened is tried again.
      opened.catch(() => halves.delete(kid));
      return opened;
    },
    publishedSet: (now) => current().publishedSet(now),
  };
}
