import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import { type Denylist, keepFamilyUntil, keepSubjectUntil, keepTokenUntil, tokenIdentity } from './denylist.js';
import { isNumericDate } from './time.js';
import { reportToken, verdictError } from './verify.js';

/** What revoking needs of the world. */
export interface RevokeDeps {
  readonly keys: readonly Key[];
  readonly denylist: Denylist;
  /** NumericDate. */
  readonly now: number;
}

/** What became of a token that was to be revoked. */
export interface RevokedToken {
  readonly jti: string | null;
  /** Set when the whole session was ended, as a refresh token's is (RFC 7009 §2.1). */
  readonly family: string | null;
  /** False for a token that had expired already: it needs no entry. */
  readonly recorded: boolean;
}

/**
 * Revokes a token, and with a refresh token its whole session. Only the signature must hold, so that nobody fills the store
 * with what was never issued.
 * @throws {JwtkitError} the codes of a token whose signature cannot be shown to hold; CLAIM_MISSING for one without `jti`;
 * STORE_UNAVAILABLE.
 */
export async function revokeToken(token: string, deps: RevokeDeps): Promise<RevokedToken> {
  const { keys, denylist, now } = deps;
  const policy = { type: 'any', allowNoExp: true, allowExpiredCertificate: true } as const;
  const report = await reportToken(token, policy, { keys, now });
  const { claims } = report;
  if (claims === undefined) throw verdictError(report);
  const { jti, family } = tokenIdentity(claims);
  const isRefresh = claims.type === 'refresh';
  // A session without a name is named after its first refresh token, as rotating it would.
  const session = isRefresh ? (family ?? jti ?? null) : null;
  if (jti === undefined && session === null) {
    throw new JwtkitError('CLAIM_MISSING', 'token has no jti to revoke it by', {
      hint: "revoke all of the subject's tokens with: jwtkit revoke --sub ID",
    });
  }
  const until = keepTokenUntil(isNumericDate(claims.exp) ? claims.exp : undefined, now);
  const isOver = until <= now;
  if (jti !== undefined && !isOver) await denylist.add({ kind: 'token', id: jti, reason: 'revoked', until });
  // The access tokens of a session with a name may outlive its refresh token.
  const endsSession = session !== null && (!isOver || family !== undefined);
  if (endsSession) await denylist.add({ kind: 'family', id: session, until: keepFamilyUntil(claims, now) });
  return { jti: jti ?? null, family: session, recorded: !isOver || endsSession };
}

/**
 * Revokes a token that nobody has at hand, by its `jti`; `exp` is when it expires.
 * @throws {JwtkitError} STORE_UNAVAILABLE.
 */
export async function revokeTokenId(
  jti: string,
  exp: number,
  { denylist, now }: Omit<RevokeDeps, 'keys'>,
): Promise<RevokedToken> {
  const until = keepTokenUntil(exp, now);
  const recorded = until > now;
  if (recorded) await denylist.add({ kind: 'token', id: jti, reason: 'revoked', until });
  return { jti, family: null, recorded };
}

/**
 * Revokes every token of a subject with an `iat` up to and including now. An `iat` is whole seconds: who issues a new
 * token right afterwards waits for the next one.
 * @throws {JwtkitError} STORE_UNAVAILABLE.
 */
export async function revokeSubject(sub: string, { denylist, now }: Omit<RevokeDeps, 'keys'>): Promise<void> {
  await denylist.add({ kind: 'subject', id: sub, issuedUpTo: now, until: keepSubjectUntil(now) });
}
