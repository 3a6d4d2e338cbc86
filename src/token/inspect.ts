import { JwtkitError } from '../errors.js';
import { readExact } from '../jose/exact-json.js';
import { checkDeps } from '../jose/options.js';
import { type Claims, claimShapeProblem } from './claims.js';
import { type DecodedToken, decodeToken } from './decode.js';
import { formatDistance, formatDuration, formatMoment, requireNow } from './time.js';

/** The times that a token states, unverified; NumericDates and seconds, undefined if the token has none. */
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
 * @throws {JwtkitError} TOKEN_MALFORMED; CLAIM_MALFORMED for a time claim that is no NumericDate; USAGE_INVALID for such a `now`.
 */
export function inspectToken(token: string, deps: { now: number; maxLength?: number | undefined }): TokenLife {
  checkDeps('the second argument', deps, '{ now }', { now: 'checked elsewhere', maxLength: 'a number' });
  requireNow(deps.now);
  const { claims, claimsText } = decodeToken(token, { maxLength: deps.maxLength });
  return readLife(claims, claimsText, deps.now);
}

/** {@link inspectToken} for a token that was decoded. */
export function readLife(claims: Claims, claimsText: string, now: number): TokenLife {
  for (const name of ['iat', 'nbf', 'exp']) {
    if (claimShapeProblem(claims, name) === undefined) continue;
    throw new JwtkitError('CLAIM_MALFORMED', `claim ${claimShapeProblem(readExact(claimsText, claims), name)}`);
  }
  const { iat: issuedAt, exp: expiresAt } = claims;
  const activeFrom = claims.nbf === undefined ? issuedAt : Math.max(claims.nbf, issuedAt ?? 0);
  const remaining = expiresAt === undefined ? undefined : Math.max(0, expiresAt - now);
  return {
    issuedAt,
    activeFrom,
    expiresAt,
    lifetime: expiresAt === undefined || activeFrom === undefined ? undefined : Math.max(0, expiresAt - activeFrom),
    remaining,
    state: remaining === 0 ? 'expired' : activeFrom !== undefined && activeFrom > now ? 'not-yet-active' : 'active',
  };
}

/** What `inspect --json` prints, and `inspect --batch` a line: NumericDates and seconds, null if the token has none. */
export function lifeReport(life: TokenLife, { claims, claimsText }: DecodedToken) {
  const { iat = null, nbf = null, exp = null } = readExact(claimsText, claims);
  return {
    state: life.state,
    issued_at: iat,
    active_from: life.activeFrom === claims.nbf ? nbf : iat,
    expires_at: exp,
    lifetime: life.lifetime ?? null,
    remaining: life.remaining ?? null,
  };
}

/**
 * Returns why a token cannot be used for another `minTtl` seconds; undefined if it can. Codes: TOKEN_EXPIRED, TOKEN_EXPIRES_SOON,
 * TOKEN_NOT_YET_VALID.
 */
export function lifeProblem(life: TokenLife, now: number, minTtl = 0): JwtkitError | undefined {
  const { expiresAt, remaining, activeFrom, state } = life;
  const hint = 'issue or refresh a token';
  if (expiresAt !== undefined && remaining !== undefined) {
    const when = `${formatDistance(expiresAt, now)} (${formatMoment(expiresAt)})`;
    if (state === 'expired') return new JwtkitError('TOKEN_EXPIRED', `token expired ${when}`, { hint });
    if (remaining < minTtl) {
      const message = `token expires ${when}, sooner than ${formatDuration(minTtl)} from now`;
      return new JwtkitError('TOKEN_EXPIRES_SOON', message, { hint });
    }
  }
  if (activeFrom === undefined || state !== 'not-yet-active') return undefined;
  const when = `${formatMoment(activeFrom)} (${formatDistance(activeFrom, now)})`;
  return new JwtkitError('TOKEN_NOT_YET_VALID', `token is not valid before ${when}`);
}
