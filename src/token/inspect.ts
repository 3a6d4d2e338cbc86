import { JwtkitError } from '../errors.js';
import { claimShapeProblem } from './claims.js';
import { decodeToken } from './decode.js';
import { formatDistance, formatDuration, formatMoment } from './time.js';

/** The life of a token by its own word; NumericDates and seconds, undefined where the token does not say. */
export interface TokenLife {
  readonly issuedAt: number | undefined;
  /** From when it may be used: the later of `nbf` and `iat`. */
  readonly activeFrom: number | undefined;
  readonly expiresAt: number | undefined;
  /** Seconds from active to expiry. */
  readonly lifetime: number | undefined;
  /** Seconds left; 0 once expired, undefined for a token that never expires. */
  readonly remaining: number | undefined;
  readonly state: 'active' | 'expired' | 'not-yet-active';
}

/**
 * Reads when a token was issued, when it is active and how much of its life is left. No key is needed and no signature is
 * checked: this answers "will it last?", not "is it genuine?".
 * @throws {JwtkitError} TOKEN_MALFORMED; CLAIM_MALFORMED for a time claim that is no NumericDate.
 */
export function inspectToken(token: string, deps: { now: number; maxLength?: number | undefined }): TokenLife {
  const { claims } = decodeToken(token, deps);
  for (const name of ['iat', 'nbf', 'exp']) {
    const problem = claimShapeProblem(claims, name);
    if (problem !== undefined) throw new JwtkitError('CLAIM_MALFORMED', `claim ${problem}`);
  }
  const { iat: issuedAt, exp: expiresAt } = claims;
  const activeFrom = claims.nbf === undefined ? issuedAt : Math.max(claims.nbf, issuedAt ?? 0);
  const remaining = expiresAt === undefined ? undefined : Math.max(0, expiresAt - deps.now);
  return {
    issuedAt,
    activeFrom,
    expiresAt,
    lifetime: expiresAt === undefined || activeFrom === undefined ? undefined : Math.max(0, expiresAt - activeFrom),
    remaining,
    state:
      remaining === 0 ? 'expired' : activeFrom !== undefined && activeFrom > deps.now ? 'not-yet-active' : 'active',
  };
}

/**
 * What stands against using a token for another `minTtl` seconds, as an error to throw; undefined where nothing does.
 * Codes: TOKEN_EXPIRED, TOKEN_EXPIRES_SOON, TOKEN_NOT_YET_VALID.
 */
export function lifeProblem(life: TokenLife, now: number, minTtl = 0): JwtkitError | undefined {
  const { expiresAt, remaining, activeFrom, state } = life;
  const hint = 'issue or refresh a token';
  if (expiresAt !== undefined && state === 'expired') return expiredError(expiresAt, now, hint);
  if (expiresAt !== undefined && remaining !== undefined && remaining < minTtl) {
    const message = `token expires ${formatDistance(expiresAt, now)} (${formatMoment(expiresAt)}), sooner than ${formatDuration(minTtl)} from now`;
    return new JwtkitError('TOKEN_EXPIRES_SOON', message, { hint });
  }
  if (activeFrom !== undefined && state === 'not-yet-active') {
    return new JwtkitError(
      'TOKEN_NOT_YET_VALID',
      `token is not valid before ${formatMoment(activeFrom)} (${formatDistance(activeFrom, now)})`,
    );
  }
  return undefined;
}

function expiredError(expiresAt: number, now: number, hint: string): JwtkitError {
  const message = `token expired ${formatDistance(expiresAt, now)} (${formatMoment(expiresAt)})`;
  return new JwtkitError('TOKEN_EXPIRED', message, { hint });
}
