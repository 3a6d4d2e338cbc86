/** What happens to a refresh token that was rotated and comes again, and how long a session may be renewed. */
import { JwtkitError } from '../errors.js';
import type { Claims } from './claims.js';
import {
  type Denylist,
  describeRevocation,
  keptForGood,
  type Revocation,
  type Successor,
  tokenIdentity,
} from './denylist.js';
import type { IssuePairPolicy } from './issue-policy.js';
import { defaultLifetimes } from './new-claims.js';
import { formatDuration, isNumericDate } from './time.js';

/** Returns the successor that a consumed token gives again; undefined if it was not consumed, or its grace is over. */
export function repeatedSuccessor(
  entry: Revocation | undefined,
  grace: number | undefined,
  now: number,
): Successor | undefined {
  if (entry?.kind !== 'token' || entry.reason !== 'consumed' || entry.use === undefined) return undefined;
  return now < entry.use.at + (grace ?? 0) ? entry.use.successor : undefined;
}

/**
 * Returns the successor of a refresh token that comes a second time within the grace: its answer was lost, or two tabs sent it.
 * @throws {JwtkitError} TOKEN_REUSED after the grace, when the session is ended; TOKEN_REVOKED for an ended session or subject.
 */
export async function successorOfUsed(
  claims: Claims,
  grace: number | undefined,
  { denylist, now }: { readonly denylist: Denylist; readonly now: number },
): Promise<Successor> {
  const { jti, sub, iat, family = jti } = tokenIdentity(claims);
  const successor = repeatedSuccessor(await denylist.find({ jti }), grace, now);
  if (successor === undefined) throw await endReusedSession(claims, denylist);
  // The entry of the token itself hides these.
  const ended = await denylist.find({ sub, iat, family });
  if (ended !== undefined) throw new JwtkitError('TOKEN_REVOKED', describeRevocation(ended));
  return successor;
}

/** Ends the session of a refresh token that was used twice, and returns the error to throw: one of its two users may be a thief. */
export async function endReusedSession(claims: Claims, denylist: Denylist): Promise<JwtkitError> {
  const { family, jti } = tokenIdentity(claims);
  const id = family ?? jti;
  // Later tokens of the session may have any lifetime.
  if (id !== undefined) await denylist.add({ kind: 'family', id, until: keptForGood });
  return new JwtkitError(
    'TOKEN_REUSED',
    'reuse of a refresh token that was already rotated; its whole session is ended',
    {
      hint: 'one of the two users of the token may be a thief: log in again',
    },
  );
}

/** When the session of a refresh token began: its `auth_time` (OpenID Connect Core 1.0 §2), else its `iat`. */
export function sessionStart({ auth_time, iat }: Claims, now: number): number {
  if (isNumericDate(auth_time)) return auth_time;
  return isNumericDate(iat) ? iat : now;
}

/**
 * Returns how the tokens of a session are made, none of which outlives it.
 * @param longest seconds that a session lasts, however often it is renewed; undefined for any time.
 * @throws {JwtkitError} TOKEN_TOO_OLD for a session that is over.
 */
export function withinSession<T extends IssuePairPolicy>(
  issue: T,
  start: number,
  longest: number | undefined,
  now: number,
): T {
  if (longest === undefined) return issue;
  const left = Math.floor(start + longest - now);
  if (left < 1) {
    throw new JwtkitError('TOKEN_TOO_OLD', `the session began more than ${formatDuration(longest)} ago`, {
      hint: 'log in again',
    });
  }
  return {
    ...issue,
    accessTtl: Math.min(issue.accessTtl ?? defaultLifetimes.access, left),
    refreshTtl: Math.min(issue.refreshTtl ?? defaultLifetimes.refresh, left),
  };
}
