import { parseClaims, parseJws } from '../jose/compact.js';
import { readExact } from '../jose/exact-json.js';
import type { JsonObject } from '../jose/json.js';
import { checkOptions } from '../jose/options.js';
import type { Claims } from './claims.js';

/** The unverified content of a token: anybody may have written it. */
export interface DecodedToken {
  readonly header: JsonObject;
  /** What JSON.parse makes of the payload: large numbers are rounded. */
  readonly claims: Claims;
  /** The payload as it was written, in which numbers have all their digits. */
  readonly claimsText: string;
}

/**
 * Reads a token without checking its signature or its claims. The rules of syntax are those of `verifyToken`.
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function decodeToken(token: string, options: { maxLength?: number | undefined } = {}): DecodedToken {
  checkOptions('the second argument', options, { maxLength: 'a number' });
  const { header, payload } = parseJws(token, options);
  const { value: claims, text: claimsText } = parseClaims(payload);
  return { header, claims, claimsText };
}

/** Header and claims of a token that was read, each number with its own text. */
export function exactMembers(
  token: string,
  { header, claims, claimsText }: DecodedToken,
): Omit<DecodedToken, 'claimsText'> {
  const headerText = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString();
  return { header: readExact(headerText, header), claims: readExact(claimsText, claims) };
}

/** A token without the white space and the `Bearer` around it. */
export function trimToken(text: string): string {
  return text.trim().replace(/^bearer\s+/i, '');
}

/** The way out for a damaged token, when another command got it. */
export const damagedHint = 'the token is damaged: jwtkit decode shows what can be read of it';
