/**
 * The form of a refresh token that no resource server takes for an access token (RFC 8725 §3.11, §3.12). Its header has a `typ` of
 * its own. Its `aud` is where it is good. What its session holds is in the claim `session`, not under the names that resource
 * servers read. A token that is signed with a shared secret, or names no issuer, has the form of the tutorials instead: that of an
 * access token, but for its `type`.
 */
import { readExact, writeJson } from '../jose/exact-json.js';
import { isJsonObject, type JsonObject, own } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import type { Claims } from './claims.js';
import type { DecodedToken } from './decode.js';

/** Header `typ` of a refresh token in its own form. */
export const refreshTyp = 'refresh+jwt';

/** The claims that a refresh token has itself. All others belong to its session. */
const ownClaims: ReadonlySet<string> = new Set(['iss', 'sub', 'exp', 'nbf', 'iat', 'jti', 'type', 'family']);

/** Whether a refresh token with these claims gets a form of its own when this key signs it. */
export function takesRefreshForm({ keyObject }: Key, { iss }: Claims): boolean {
  return keyObject.type !== 'secret' && typeof iss === 'string' && iss !== '';
}

/**
 * Returns the claims of a refresh token in its own form.
 * @param claims those that its access tokens share, with an `iss`.
 * @param audience where it is good: the issuer's token endpoint. The issuer itself by default.
 */
export function toRefreshForm(claims: Claims, audience: string | undefined): Claims {
  const kept = pick(claims, (name) => ownClaims.has(name));
  const session = pick(claims, (name) => !ownClaims.has(name));
  return { ...kept, aud: audience ?? (claims.iss as string), session };
}

function pick(object: JsonObject, isWanted: (name: string) => boolean): JsonObject {
  const members = Object.entries(object).filter(([name, value]) => value !== undefined && isWanted(name));
  return Object.fromEntries(members);
}

type Readable = Pick<DecodedToken, 'header' | 'claims'>;

/** Whether a token has the form of a refresh token. Another issuer's token with this `typ` has no `session`. */
export function hasRefreshForm({ header, claims }: Readable): boolean {
  return own(header, 'typ') === refreshTyp && isJsonObject(own(claims, 'session'));
}

/**
 * Returns what a refresh token holds in either form, under the names that its access tokens have. `aud` is theirs, too.
 * @param token its claims may have exact numbers.
 */
export function sessionClaims(token: Readable): Claims {
  if (!hasRefreshForm(token)) return token.claims;
  const { session, aud: _, ...kept } = token.claims;
  return { ...pick(session as JsonObject, (name) => !ownClaims.has(name)), ...kept };
}

/** A refresh token with the claims that {@link sessionClaims} returns, and their text. Any other token comes back as it is. */
export function withSessionClaims(token: DecodedToken): DecodedToken {
  if (!hasRefreshForm(token)) return token;
  const { header, claims, claimsText } = token;
  const exact = sessionClaims({ header, claims: readExact(claimsText, claims) });
  return { header, claims: sessionClaims(token), claimsText: writeJson(exact) };
}
