/** What a session may still hold when it is refreshed, and what of that is asked for. */
import { JwtkitError } from '../errors.js';
import type { JsonObject } from '../jose/json.js';
import type { OptionKinds } from '../jose/options.js';
import { asList, type Claims, inBoth, isStringOrStrings, missingFrom, scopesOf } from './claims.js';

/** What a session may still hold. An absent list limits nothing. */
export interface SessionLimits {
  /** Scope tokens. */
  readonly scope?: readonly string[] | undefined;
  readonly role?: readonly string[] | undefined;
  readonly audience?: readonly string[] | undefined;
  /** Further claims of the access token, as its account has them now. Names that jwtkit gives a meaning are left out. */
  readonly claims?: Readonly<JsonObject> | undefined;
}

/** What the members of limits have to be. */
export const limitKinds: OptionKinds<SessionLimits> = {
  scope: 'an array of strings',
  role: 'an array of strings',
  audience: 'an array of strings',
  claims: 'an object',
};

/** Returns the `scope` that a session keeps, undefined if nothing is left. Without a limit it does not change. */
export function limitScope(claims: Claims, limit: readonly string[] | undefined): Claims {
  if (limit === undefined) return {};
  const allowed = new Set(limit);
  const held = scopesOf(claims);
  const left = held.filter((scope) => allowed.has(scope));
  return left.length === held.length && held.length > 0 ? {} : scopeClaim(left);
}

/**
 * Returns the `aud` that a session keeps. Without a limit it does not change.
 * @throws {JwtkitError} CLAIM_MISMATCH if nothing is left: a token without `aud` would be good for more.
 */
export function limitAudience({ aud }: Claims, limit: readonly string[] | undefined): Claims {
  if (limit === undefined) return {};
  const left = isStringOrStrings(aud) ? inBoth(asList(aud), limit) : [];
  if (left.length > 0) return audienceClaim(left);
  throw new JwtkitError('CLAIM_MISMATCH', 'the session is for none of the audiences that are allowed now');
}

/**
 * Returns the `aud` of an access token for requested audiences.
 * @throws {JwtkitError} CLAIM_MISMATCH for one that the session does not have (RFC 8707 §2.2).
 */
export function askedAudience({ aud }: Claims, asked: readonly string[] | undefined): Claims {
  if (asked === undefined) return {};
  const held = isStringOrStrings(aud) ? asList(aud) : [];
  if (asked.length > 0 && missingFrom(held, asked).length === 0) return audienceClaim(asked);
  throw new JwtkitError('CLAIM_MISMATCH', 'the session is not for the requested audience', {
    details: { reason: 'audience not held' },
  });
}

/** Returns the claim `aud`: a string for one value, absent for none. */
export function audienceClaim([first, ...rest]: readonly string[]): Claims {
  return first === undefined ? {} : { aud: rest.length === 0 ? first : [first, ...rest] };
}

/** Returns the `role` that a session keeps under all limits: a list, undefined if nothing is left. Without a limit it does not change. */
export function limitRole({ role }: Claims, limits: readonly (readonly string[] | undefined)[]): Claims {
  const sets = limits.filter((limit) => limit !== undefined).map((limit) => new Set(limit));
  if (sets.length === 0) return {};
  const held = isStringOrStrings(role) ? asList(role) : [];
  const left = held.filter((name) => sets.every((allowed) => allowed.has(name)));
  return { role: left.length === 0 ? undefined : left } as Claims;
}

/**
 * Returns the `scope` of an access token for requested scopes, without those that the session has lost. Refuses a request for
 * more than was granted before (RFC 6749 §6).
 */
export function askedScope(
  claims: Claims,
  asked: readonly string[] | undefined,
  limit: readonly string[] | undefined,
): Claims {
  if (asked === undefined) return {};
  const held = scopesOf(claims);
  const wider = missingFrom(held, asked);
  if (wider.length > 0) {
    throw new JwtkitError('CLAIM_MISMATCH', `the refresh token does not hold the scope ${wider.join(' ')}`, {
      hint: held.length === 0 ? 'it has no scope' : `it holds: ${held.join(' ')}`,
      details: { ...scopeNotHeld },
    });
  }
  const granted = inBoth(asked, limit ?? held);
  if (granted.length === 0 && asked.length > 0) {
    throw new JwtkitError('CLAIM_MISMATCH', `the session no longer holds the scope ${asked.join(' ')}`, {
      details: { ...scopeNotHeld },
    });
  }
  return scopeClaim(granted);
}

/** Marks an error of the requested scope, rather than of the token. */
const scopeNotHeld = { reason: 'scope not held' } as const;

/** Returns the claim `scope`, undefined for an empty list. */
function scopeClaim(scopes: readonly string[]): Claims {
  return { scope: scopes.length === 0 ? undefined : scopes.join(' ') } as Claims;
}
