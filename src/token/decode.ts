import { parseClaims, parseJws } from '../jose/compact.js';
import type { JsonObject } from '../jose/json.js';
import type { Claims } from './claims.js';

/** What a token says of itself. Nothing in it was checked: anybody may have written it. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly claims: Claims;
}

/**
 * Reads a token without checking its signature or its claims. Its syntax is held to the same rules as by `verifyToken`.
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function decodeToken(token: string, options: { maxLength?: number | undefined } = {}): DecodedToken {
  const { header, payload } = parseJws(token, options);
  return { header, claims: parseClaims(payload) };
}
