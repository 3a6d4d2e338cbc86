import { watchFile } from '../../files/watched-file.js';
import type { Key } from '../../jose/key.js';
import type { PassphraseSource } from '../../jose/keys.js';
import type { OwnKeySource } from '../../token/key-source.js';
import { signingEntry } from '../../token/keyring.js';
import { type Keyring, openKeyring, setPath } from './directory.js';

/**
 * Returns the current keys of a keyring directory at each call, also after a change by another process. Each private key is
 * opened once, with the passphrase if it is encrypted.
 * @throws {JwtkitError} KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, now and from each call.
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
    signingKey: async (now, named) => {
      const keyring = current();
      const { kid } = signingEntry(keyring.entries, now, named);
      const opened = halves.get(kid) ?? keyring.signingKey(now, kid, passphrase);
      halves.set(kid, opened);
      // A failed attempt is not cached.
      opened.catch(() => halves.delete(kid));
      return opened;
    },
    publishedSet: (now) => current().publishedSet(now),
  };
}
