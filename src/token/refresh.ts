import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import { asList, type Claims, isStringOrStrings, scopesOf } from './claims.js';
import { type Denylist, describeRevocation, keepFamilyUntil, keepTokenUntil, tokenIdentity } from './denylist.js';
import { type IssueDeps, type IssuePairPolicy, issueToken, issueTokenPair, type TokenPair } from './issue.js';
import type { VerifyPolicy } from './policy.js';
import { reportToken, verdictError } from './verify.js';

/** How a token is refreshed: what the refresh token must meet, and how the new tokens are made. */
export interface RefreshPolicy {
  readonly verify?: Omit<VerifyPolicy, 'type'> | undefined;
  readonly issue?: IssuePairPolicy | undefined;
  /** Scope tokens of the new access token; those of the refresh token by default, never more (RFC 6749 §6). */
  readonly scope?: readonly string[] | undefined;
  /** Roles that the new access token keeps of those that the refresh token holds; all by default. */
  readonly role?: readonly string[] | undefined;
  /** Consume the refresh token and issue a new one of the same family. */
  readonly rotate?: boolean | undefined;
}

/** What refreshing needs of the world. */
export interface RefreshDeps extends IssueDeps {
  readonly keys: readonly Key[];
  /** Where there is none, nothing was ever revoked; rotating needs one. */
  readonly denylist?: Denylist | undefined;
}

/** A new access token, and a new refresh token when rotating, in the shape of RFC 6749 §5.1. */
export type RefreshedTokens = Omit<TokenPair, 'refresh_token'> & Partial<Pick<TokenPair, 'refresh_token'>>;

/** Claims that a session keeps from token to token. */
const keptClaims = ['iss', 'sub', 'aud', 'scope', 'role', 'client_id'];

/**
 * Issues a new access token for the subject, issuer, audience, client, scope and role of a refresh token. With `rotate` the
 * refresh token is consumed: a second use revokes its whole family (RFC 9700 §4.14.2).
 * @throws {JwtkitError} the codes of `verifyToken`, TOKEN_REUSED for a consumed token among them; CLAIM_MISMATCH for a wider scope; STORE_UNAVAILABLE.
 */
export async function refreshToken(token: string, policy: RefreshPolicy, deps: RefreshDeps): Promise<RefreshedTokens> {
  const { keys, denylist, now } = deps;
  const report = await reportToken(token, { ...policy.verify, type: 'refresh' }, { keys, denylist, now });
  const isReuse = report.checks.some(({ code }) => code === 'TOKEN_REUSED');
  if (isReuse && denylist !== undefined) throw await endFamily(report.claims ?? {}, denylist, now);
  if (!report.valid) throw verdictError(report);
  const claims = report.claims ?? {};
  const narrowed = { ...narrowScope(claims, policy.scope), ...narrowRole(claims, policy.role) };
  const { jti, family } = tokenIdentity(claims);
  const kept: Claims = Object.fromEntries(
    keptClaims.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]),
  );
  // A session that began without a name is named after its first refresh token.
  const session = family ?? jti;
  if (session !== undefined) kept.family = session;
  if (policy.rotate !== true) {
    const { accessTtl, refreshTtl: _, ...issue } = policy.issue ?? {};
    const { token: access, claims: issued } = await issueToken(
      { ...kept, ...narrowed },
      { ...issue, type: 'access', ttl: accessTtl },
      deps,
    );
    return { access_token: access, token_type: 'bearer', expires_in: (issued.exp ?? now) - (issued.iat ?? now) };
  }
  if (jti === undefined) throw new JwtkitError('CLAIM_MISSING', 'token has no jti, so it cannot be consumed once');
  if (denylist === undefined)
    throw new JwtkitError('STORE_UNAVAILABLE', 'rotating needs a store to consume the token in');
  const pair = await issueTokenPair(kept, { ...policy.issue, accessClaims: narrowed }, deps);
  const taken = await denylist.consume(jti, keepTokenUntil(claims.exp, now));
  if (taken?.kind === 'token' && taken.reason === 'revoked')
    throw new JwtkitError('TOKEN_REVOKED', describeRevocation(taken));
  if (taken !== undefined) throw await endFamily(claims, denylist, now);
  return pair;
}

/** Ends the session of a refresh token that was used twice: one of the two users is a thief, nobody knows which. */
async function endFamily(claims: Claims, denylist: Denylist, now: number): Promise<JwtkitError> {
  const { family, jti } = tokenIdentity(claims);
  const id = family ?? jti;
  if (id !== undefined) await denylist.add({ kind: 'family', id, until: keepFamilyUntil(claims, now) });
  return new JwtkitError(
    'TOKEN_REUSED',
    'reuse of a refresh token that was already rotated; its whole session is ended',
    {
      hint: 'one of the two users of the token may be a thief: log in again',
    },
  );
}

/** The claim `scope` of less than the token holds, left out where that is nothing. */
function narrowScope(claims: Claims, asked: readonly string[] | undefined): Claims {
  if (asked === undefined) return {};
  const held = scopesOf(claims);
  const wider = asked.filter((scope) => !held.includes(scope));
  if (wider.length > 0) {
    throw new JwtkitError('CLAIM_MISMATCH', `the refresh token does not hold the scope ${wider.join(' ')}`, {
      hint: held.length === 0 ? 'it has no scope' : `it holds: ${held.join(' ')}`,
    });
  }
  return { scope: asked.length === 0 ? undefined : asked.join(' ') } as Claims;
}

/** The claim `role` of those roles that the token holds and may keep, left out where there are none. */
function narrowRole({ role }: Claims, kept: readonly string[] | undefined): Claims {
  if (kept === undefined || !isStringOrStrings(role)) return {};
  const [first, ...rest] = asList(role).filter((name) => kept.includes(name));
  return { role: first === undefined || rest.length === 0 ? first : [first, ...rest] } as Claims;
}
