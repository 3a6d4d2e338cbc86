/** What becomes of the tokens of an account that is changed: revoked, or left alone aloud. */
import { JwtkitError } from '../errors.js';
import type { Io } from './io.js';
import type { Invocation } from './options.js';
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
        hint: `once the denylist can be written: ${revokeCommand(sub)}`,
        cause: error,
      });
    });
    // An iat is whole seconds: a token issued in what is left of this one could not be told from an earlier one.
    await io.nextSecond();
    return now;
  });
}

/** Says on stderr what became of the tokens: nobody must think that a session has ended which has not. */
export function noteTokens(sub: string, issuedUpTo: number | null, io: Io): void {
  if (issuedUpTo !== null) io.stderr.write(`revoked every token of ${escapeText(sub)} issued up to now\n`);
  else io.stderr.write(`note: its tokens are good until they expire; to end them: ${revokeCommand(sub)}\n`);
}

/** As a shell takes it. */
function revokeCommand(sub: string): string {
  const word = /^[\w.@%+:/-]+$/.test(sub) ? sub : `'${escapeText(sub).replaceAll("'", "'\\''")}'`;
  return `jwtkit revoke --sub ${word}`;
}
