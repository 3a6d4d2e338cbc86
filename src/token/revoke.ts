import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import { type Denylist, keepFamilyUntil, keepTokenUntil, tokenIdentity } from './denylist.js';
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
  readonly jti: string;
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
  const report = await reportToken(token, { type: 'any', allowNoExp: true }, { keys, now });
  const { claims } = report;
  if (claims === undefined) throw verdictError(report);
  const { jti, family } = tokenIdentity(claims);
  if (jti === undefined) {
    throw new JwtkitError('CLAIM_MISSING', 'token has no jti to revoke it by', {
      hint: "revoke all of the subject's tokens with: jwtkit revoke --sub ID",
    });
  }
  // A session without a name is named after its first refresh token, as rotating it would.
  const session = claims.type === 'refresh' ? (family ?? jti) : null;
  const until = keepTokenUntil(typeof claims.exp === 'number' ? claims.exp : undefined, now);
  if (until <= now) return { jti, family: session, recorded: false };
  await denylist.add({ kind: 'token', id: jti, reason: 'revoked', until });
  if (session !== null) await denylist.add({ kind: 'family', id: session, until: keepFamilyUntil(claims, now) });
  return { jti, family: session, recorded: true };
}
