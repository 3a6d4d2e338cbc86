/** The claims of a new token and its payload, before anything signs or encrypts it. */
import { randomUUID } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { isJsonNumber } from '../jose/decimal.js';
import { readExact } from '../jose/exact-json.js';
import { writeClaims } from '../jose/given-json.js';
import { type Claims, claimShapeProblem, findMalformed, joinClaims, type TokenType } from './claims.js';
import type { IssuePolicy } from './issue-policy.js';
import { isNumericDate, requireNow } from './time.js';

/** Default lifetimes in seconds: access 30 minutes, refresh 7 days. */
export const defaultLifetimes: Readonly<Record<TokenType, number>> = { access: 1800, refresh: 604_800 };

/** What making claims needs. */
export interface ClaimDeps {
  /** NumericDate. */
  readonly now: number;
  /** Makes a `jti`; a random UUID (RFC 9562 §5.4) by default. */
  readonly newId?: (() => string) | undefined;
}

/** What a policy says of claims. */
export type ClaimPolicy = Pick<IssuePolicy, 'type' | 'ttl' | 'bare' | 'without'>;

/**
 * Returns a function that adds the claims of a policy to those given.
 * @throws {JwtkitError} USAGE_INVALID for a lifetime that is none; from the function, for a bare token without `exp`.
 */
export function prepareClaims(
  policy: ClaimPolicy,
  { now: time, newId = randomUUID }: ClaimDeps,
): (claims: Claims) => Claims {
  const now = Math.floor(requireNow(time));
  const { bare = false, without = [] } = policy;
  const type = policy.type ?? (bare ? undefined : 'access');
  const ttl = policy.ttl === undefined && !bare ? defaultLifetimes[type ?? 'access'] : policy.ttl;
  if (typeof ttl !== 'number' && ttl !== undefined && ttl !== null) throw refuse('a lifetime is a number of seconds');
  if (typeof ttl === 'number' && (!Number.isFinite(ttl) || ttl < 1)) {
    throw refuse(`a lifetime is at least 1 second, not ${ttl}`);
  }
  return (given) => {
    const claims = joinClaims(given);
    if (type !== undefined && claims.type === undefined) claims.type = type;
    if (!bare && claims.iat === undefined) claims.iat = now;
    if (typeof ttl === 'number') {
      const nbf = isJsonNumber(claims.nbf) ? Number(claims.nbf) : undefined;
      const start = Math.max(now, isNumericDate(nbf) ? nbf : 0);
      if (claims.exp === undefined) claims.exp = start + Math.floor(ttl);
    }
    if (!bare && claims.jti === undefined) claims.jti = newId();
    for (const name of without) delete claims[name];
    if (ttl === undefined && claims.exp === undefined) throw noExp();
    return claims;
  };
}

/** A payload, and what it says. */
export interface Payload {
  readonly payload: Buffer;
  readonly claims: Claims;
  readonly claimsText: string;
}

/**
 * Writes claims as a payload, and reads it back as strictly as verifiers do.
 * @throws {JwtkitError} USAGE_INVALID for claims that `verifyToken` would refuse.
 */
export function writePayload(claims: Claims, isBare: boolean): Payload {
  const { payload, value: issued, text: claimsText } = writeClaims(claims);
  refuseMalformed(isBare ? withoutOwn(issued) : issued, claimsText);
  return { payload, claims: issued, claimsText };
}

/** Refuses registered claims of another shape. */
export function refuseMalformed(claims: Claims, text: string): void {
  const malformed = findMalformed(claims);
  if (malformed !== undefined) throw refuse(`claim ${claimShapeProblem(readExact(text, claims), malformed)}`);
}

function noExp(): JwtkitError {
  return new JwtkitError('USAGE_INVALID', 'a bare token needs an exp: neither the claims nor a lifetime set it', {
    hint: 'pass --ttl 10m, or --no-exp for a token that never expires',
  });
}

/** Claims without those whose shape is ours to choose: other services want a list of scopes, or other types. */
function withoutOwn({ type: _type, scope: _scope, role: _role, family: _family, ...others }: Claims): Claims {
  return others;
}

/** The error for claims that cannot be issued. */
export function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message);
}
