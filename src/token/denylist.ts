/**
 * Revocations of single tokens by `jti`, of sessions by `family`, and of a subject's tokens up to a moment. Stores keep them by the
 * rules of this file.
 */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPlainObject } from '../jose/arguments.js';
import { own } from '../jose/json.js';
import type { Claims } from './claims.js';
import { isNumericDate, maxNumericDate } from './time.js';

/** The refresh token that replaced a consumed one. NumericDates. */
export interface Successor {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** The use of a consumed refresh token: when, as a NumericDate, and what it gave. */
export interface TokenUse {
  readonly at: number;
  readonly successor: Successor;
}

/** An entry of a denylist; NumericDates. */
export type Revocation =
  | {
      readonly kind: 'token';
      /** The token's `jti`. */
      readonly id: string;
      /** `consumed`: a refresh token that was rotated. Its second use reveals a thief. */
      readonly reason: 'revoked' | 'consumed';
      readonly until: number;
      /** Of a consumed token that may give its successor again. Absent once the token is revoked. */
      readonly use?: TokenUse | undefined;
    }
  | { readonly kind: 'family'; readonly id: string; readonly until: number }
  | {
      readonly kind: 'subject';
      /** The `sub`. */
      readonly id: string;
      /** Tokens with an `iat` up to and including this moment are revoked. */
      readonly issuedUpTo: number;
      readonly until: number;
    };

/** The claims that identify a token. */
export interface TokenIdentity {
  readonly jti?: string | undefined;
  readonly sub?: string | undefined;
  readonly iat?: number | undefined;
  readonly family?: string | undefined;
}

/** A store of revocations, shared by several processes. Every method rejects with STORE_UNAVAILABLE if the store cannot answer. */
export interface Denylist {
  /** Resolves to the revocation of a token, if any. */
  find(token: TokenIdentity): Promise<Revocation | undefined>;
  /** Records a revocation, merged with the one that is there already. */
  add(revocation: Revocation): Promise<void>;
  /**
   * Marks a token as used, in one atomic step that also records its successor. Exactly one of several calls resolves to undefined,
   * the others to the revocation that was there.
   */
  consume(jti: string, until: number, use?: TokenUse): Promise<Revocation | undefined>;
  /** Every entry, in no particular order. */
  list(): AsyncIterable<Revocation>;
  /** Removes entries whose `until` has passed, and resolves to their number. Stores also do this by themselves. */
  prune(now: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Checks that an argument is a denylist, with `find` and the other methods that are called.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireDenylist(denylist: Denylist, ...methods: readonly (keyof Denylist)[]): void {
  // An array has a method `find`, too.
  if (isPlainObject(denylist) && ['find' as const, ...methods].every((name) => typeof denylist[name] === 'function'))
    return;
  throw new JwtkitError('USAGE_INVALID', `denylist is ${describeArgument(denylist)}, not a Denylist`, {
    hint: "open one: await openDenylist('lmdb:FOLDER', { mode, now })",
  });
}

/** The greatest leeway of a verifier, in seconds. An entry is kept this long after the `exp` of its token, which such a verifier still accepts. */
export const maxLeeway = 3600;

/** The longest grace of a rotation, in seconds: a thief has as much time. */
export const maxRotateGrace = 300;

/** The `until` of an entry for tokens of any lifetime: no store removes it. */
export const keptForGood = maxNumericDate;

/** Seconds that a store keeps the entry of a family at least. */
const familyRetention = 400 * 86_400;

/** Returns until when a store keeps the entry of a token that expires at `exp`, or never. */
export function keepTokenUntil(exp: number | undefined): number {
  return exp === undefined ? keptForGood : Math.min(Math.ceil(exp) + maxLeeway, keptForGood);
}

/**
 * Returns until when a store keeps the entry of a family: longer than any of its tokens lives.
 * @param claims those of the family's latest refresh token.
 * @param longestLifetime seconds that every other token of the family lives at most; undefined if unknown.
 */
export function keepFamilyUntil({ exp, iat }: Claims, now: number, longestLifetime: number | undefined): number {
  if (longestLifetime === undefined || !isNumericDate(exp)) return keptForGood;
  // An `iat` in the future makes a lifetime look shorter than what is left of it.
  const lifetime = exp - Math.min(isNumericDate(iat) ? iat : now, now);
  return keepTokenUntil(now + Math.max(familyRetention, longestLifetime, lifetime));
}

/** Returns until when a store keeps a consumption: an hour by its own clock at least, since the caller's clock may be behind. */
export function consumedUntil(until: number, now: number): number {
  return Math.max(until, now + maxLeeway);
}

/** Rounds a moment up to whole seconds that every store can express. */
export function storedUntil(until: number): number {
  // An entry without an end is kept for good.
  if (Number.isNaN(until)) return maxNumericDate;
  return Math.min(Math.ceil(until), maxNumericDate);
}

/** Returns what identifies a token. Its claims may have any shape. */
export function tokenIdentity(claims: Claims): TokenIdentity {
  const text = (name: string) => {
    const value = own(claims, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const iat = own(claims, 'iat');
  return { jti: text('jti'), sub: text('sub'), family: text('family'), iat: typeof iat === 'number' ? iat : undefined };
}

/** Whether a revocation applies to a token. A token without `iat` counts as older than its subject's revocation. */
export function applies(revocation: Revocation, token: TokenIdentity): boolean {
  return revocation.kind !== 'subject' || token.iat === undefined || Math.floor(token.iat) <= revocation.issuedUpTo;
}

/** Merges two entries of one id: the later moments, and `consumed` if one is. */
export function mergeRevocations<T extends Revocation>(one: T, other: Revocation): T {
  const until = Math.max(one.until, other.until);
  if (one.kind === 'token' && other.kind === 'token') {
    return { ...one, until, reason: other.reason === 'consumed' ? 'consumed' : one.reason, use: undefined };
  }
  if (one.kind === 'subject' && other.kind === 'subject') {
    return { ...one, until, issuedUpTo: Math.max(one.issuedUpTo, other.issuedUpTo) };
  }
  return { ...one, until };
}

/** Describes a revocation, for the report of a refused token. */
export function describeRevocation(revocation: Revocation): string {
  switch (revocation.kind) {
    case 'token':
      return revocation.reason === 'consumed' ? 'token was used before, this is a reuse' : 'token was revoked';
    case 'family':
      return 'the session that the token belongs to was ended';
    case 'subject':
      return 'all earlier tokens of the subject were revoked';
  }
}
