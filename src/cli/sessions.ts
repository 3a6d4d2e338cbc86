/** What becomes of the tokens of an account that is changed: revoked, or left alone aloud. */
import { JwtkitError } from '../errors.js';
import type { Io } from './io.js';
import { defaultKeyring, type Invocation } from './options.js';
import { escapeText } from './output.js';
import { type StoreOptions, withDenylist } from './stores.js';

/**
 * Runs a change of an account, then, where that is asked for, revokes all that its subject was issued. Resolves to the moment
 * up to which, null where nothing was revoked. The denylist is opened first, so that nothing has changed where there is none to be had.
 * @throws {JwtkitError} STORE_UNAVAILABLE; what `change` throws.
 */
export async function changeAccount(
  sub: string,
  { change, endsSessions }: { change: () => Promise<unknown>; endsSessions: boolean },
  invocation: Invocation<StoreOptions>,
  io: Io,
): Promise<number | null> {
  if (!endsSessions) {
    await change();
    return null;
  }
  const { revokeSubject } = await import('../token/revoke.js');
  return withDenylist(invocation, 'write', io, async (denylist) => {
    await change();
    // Not before: a token may have been issued while it was made.
    const now = io.now();
    await revokeSubject(sub, { denylist, now }).catch((error: unknown) => {
      if (!(error instanceof JwtkitError)) throw error;
      throw new JwtkitError(error.code, `the account was changed, but its tokens are not revoked: ${error.message}`, {
        hint: `once the denylist can be written: ${revokeCommand(sub, invocation.options)}`,
        cause: error,
      });
    });
    // An iat is whole seconds: a token issued in what is left of this one could not be told from an earlier one.
    await io.nextSecond();
    return now;
  });
}

/**
 * Says on stderr what became of the tokens, and where that is written: nobody must think that a session has ended which has
 * not, as with a service that asks another denylist.
 * @param left what is to be known of tokens that are left alone.
 */
export function noteTokens(
  sub: string,
  issuedUpTo: number | null,
  options: StoreOptions,
  io: Io,
  left = 'its tokens are good until they expire',
): void {
  if (issuedUpTo === null) {
    io.stderr.write(`note: ${left}; to end them: ${revokeCommand(sub, options)}\n`);
  } else {
    io.stderr.write(`revoked every token of ${escapeText(sub)} issued up to now, in ${placeOf(options)}\n`);
  }
}

function placeOf({ store, keyring = defaultKeyring }: StoreOptions): string {
  if (store === undefined) return `the denylist of ${escapeText(keyring)}`;
  // A location of Redis may hold a password.
  return store.startsWith('lmdb:') ? escapeText(store) : 'the Redis store';
}

/** As a shell takes it, for the same denylist. */
function revokeCommand(sub: string, { store, keyring = defaultKeyring }: StoreOptions): string {
  const place =
    store === undefined
      ? keyring === defaultKeyring
        ? ''
        : ` --keyring ${quoteWord(keyring)}`
      : ` --store ${store.startsWith('lmdb:') ? quoteWord(store) : 'redis://…'}`;
  return `jwtkit revoke --sub ${quoteWord(sub)}${place}`;
}

function quoteWord(text: string): string {
  return /^[\w.@%+:/-]+$/.test(text) ? text : `'${escapeText(text).replaceAll("'", "'\\''")}'`;
}
