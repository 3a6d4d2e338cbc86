/** What the session of a refresh token needs beside the token: its user, its client, and time that is left. */
import { JwtkitError } from '../errors.js';
import { type Accounts, isLoginSession, type User } from '../token/account.js';
import type { Claims } from '../token/claims.js';
import { sessionStart, withinSession } from '../token/refresh-rotation.js';
import type { ServiceOptions } from './service.js';

/**
 * Returns the user of a session, by its claims; undefined for one whose user is known elsewhere.
 * @throws {JwtkitError} TOKEN_REVOKED if the user is gone.
 */
export function userOf({ sub, family }: Claims, accounts: Accounts): User | undefined {
  // A session that began with a log-in has a user, even if the file of users is lost.
  if (!accounts.hasUsers() && !isLoginSession(family)) return undefined;
  const user = typeof sub === 'string' ? accounts.userBySub(sub) : undefined;
  if (user === undefined) throw new JwtkitError('TOKEN_REVOKED', 'the subject of the token is not a user');
  return user;
}

/**
 * Checks that somebody may still refresh a session, by the claims of its verified refresh token.
 * @throws {JwtkitError} TOKEN_REVOKED if its user or its client is gone, TOKEN_TOO_OLD if it is over.
 */
export function requireOpenSession(
  claims: Claims,
  { sessionMax }: ServiceOptions,
  { accounts, now }: { readonly accounts: Accounts; readonly now: number },
): void {
  userOf(claims, accounts);
  const { client_id: owner } = claims;
  const hasClient = typeof owner === 'string' && accounts.clientById(owner) !== undefined;
  if (owner !== undefined && !hasClient) throw new JwtkitError('TOKEN_REVOKED', 'the client of the token is gone');
  withinSession({}, sessionStart(claims, now), sessionMax, now);
}
