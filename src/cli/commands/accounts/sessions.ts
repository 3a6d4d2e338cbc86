/** The tokens of an account that changes: they are revoked, or a note says that they are not. */
import type { Command } from 'commander';
import { JwtkitError } from '../../../errors.js';
import type { Denylist } from '../../../token/denylist.js';
import { type StoreOptions, withDenylist } from '../../grammar/denylist.js';
import type { Invocation } from '../../grammar/invocation.js';
import { option } from '../../grammar/option.js';
import { defaultKeyring } from '../../grammar/shared-options.js';
import type { Io } from '../../terminal/io.js';
import { quoteWord } from '../../terminal/shell-word.js';

/** Adds the option that revokes the tokens of a user who changes. */
export function addEndSessionsOption(command: Command): Command {
  return command.addOption(option('--end-sessions', "revoke all of the user's tokens issued up to now"));
}

/**
 * Changes an account, and with `endsSessions` revokes its tokens. Opens the denylist first: if that fails, nothing has changed.
 * Resolves to the moment up to which tokens are revoked; null if none are.
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
  let isBegun = false;
  return withDenylist(invocation, 'write', io, async (denylist) => {
    isBegun = true;
    await change();
    return revokeUpToNow(sub, denylist, io).catch((error: unknown) => {
      const hint = `once the denylist can be written: ${revokeCommand(sub, invocation.options)}`;
      throw withContext(error, 'the account was changed, but its tokens are not revoked', hint);
    });
  }).catch((error: unknown) => {
    throw isBegun ? error : withContext(error, 'the account is not changed and its tokens are not revoked');
  });
}

/** How often the entry is written at most: each time takes milliseconds, unless others keep the store busy. */
const mostWrites = 10;

/**
 * Revokes a subject's tokens up to the moment when the entry is there, and returns that moment. The store may be slow: a token that is
 * issued while it opens or writes must not escape, since it may renew itself afterwards.
 */
export async function revokeUpToNow(
  sub: string,
  denylist: Denylist,
  { now: clock, nextSecond }: Pick<Io, 'now' | 'nextSecond'>,
): Promise<number> {
  const { revokeSubject } = await import('../../../token/revoke.js');
  let now: number;
  let writes = 0;
  do {
    now = clock();
    await revokeSubject(sub, { denylist, now });
    // An iat is whole seconds. One of the next second is later than the entry.
  } while (Math.floor(clock()) > Math.floor(now) && ++writes < mostWrites);
  // A new token of this second would count as revoked.
  await nextSecond();
  return now;
}

/** Returns an error whose message first says what happened to the account. */
function withContext(error: unknown, state: string, hint?: string): unknown {
  if (!(error instanceof JwtkitError)) return error;
  return new JwtkitError(error.code, `${state}: ${error.message}`, { hint: hint ?? error.hint, cause: error });
}

/** Says that the tokens are revoked, as the end of a sentence; empty if they are not. */
export function tokensOf(issuedUpTo: number | null): string {
  return issuedUpTo === null ? '' : ' and its tokens are revoked';
}

/**
 * Says in which denylist tokens are revoked, since a service that asks another one still accepts them; a note if none are. With
 * `--json` only the note.
 * @param left what the note says about tokens that stay valid.
 */
export function noteTokens(
  sub: string,
  issuedUpTo: number | null,
  options: StoreOptions & { json?: boolean },
  io: Io,
  left = 'its tokens are good until they expire',
): void {
  if (issuedUpTo === null) {
    io.note(`${left}; to end them now: ${revokeCommand(sub, options)}`);
  } else if (options.json !== true) {
    io.say(`revoked every token of ${sub} issued up to now, in ${denylistInWords(options)}`);
  }
}

function denylistInWords({ store, keyring = defaultKeyring }: StoreOptions): string {
  if (store === undefined) return `the denylist of ${keyring}`;
  // A Redis location may hold a password.
  return store.startsWith('lmdb:') ? store : 'the Redis store';
}

/** Returns the command that revokes the tokens in the same denylist, quoted for a shell. */
function revokeCommand(sub: string, { store, keyring = defaultKeyring }: StoreOptions): string {
  const command = `jwtkit revoke --sub ${quoteWord(sub)}`;
  if (store !== undefined) return `${command} --store ${store.startsWith('lmdb:') ? quoteWord(store) : 'redis://…'}`;
  return keyring === defaultKeyring ? command : `${command} --keyring ${quoteWord(keyring)}`;
}
