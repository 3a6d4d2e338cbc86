/**
 * What was ended before its time: single tokens by `jti`, sessions by `family`, everything of a subject up to a moment. A
 * store keeps it; the rules that both stores share are here.
 */
import { own } from '../jose/json.js';
import type { Claims } from './claims.js';
import { isNumericDate, maxNumericDate } from './time.js';

/** An entry of a denylist; NumericDates. */
export type Revocation =
  | {
      readonly kind: 'token';
      /** The token's `jti`. */
      readonly id: string;
      /** `consumed`: a refresh token that was rotated, whose second use betrays a thief. */
      readonly reason: 'revoked' | 'consumed';
      readonly until: number;
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

/** What a denylist is asked by: the claims that identify a token. */
export interface TokenIdentity {
  readonly jti?: string | undefined;
  readonly sub?: string | undefined;
  readonly iat?: number | undefined;
  readonly family?: string | undefined;
}

/**
 * A store of revocations, shared by several processes. Every method rejects with STORE_UNAVAILABLE when the store cannot
 * answer: a question without an answer is never "not revoked".
 */
export interface Denylist {
  /** The revocation that a token falls under, if any. */
  find(token: TokenIdentity): Promise<Revocation | undefined>;
  /** Records a revocation. One that is there already is kept if it says more; doing it twice is no error. */
  add(revocation: Revocation): Promise<void>;
  /**
   * Marks a token as used, once: of any number of simultaneous calls exactly one resolves to undefined, the others to what
   * stands in the way.
   */
  consume(jti: string, until: number): Promise<Revocation | undefined>;
  /** Every entry, in no particular order. */
  list(): AsyncIterable<Revocation>;
  /** Removes entries whose `until` has passed and resolves to how many. Stores do it by themselves too, little by little. */
  prune(now: number): Promise<number>;
  close(): Promise<void>;
}

/** The greatest leeway that a verifier may use, in seconds: an entry outlives its token by this much. */
export const maxLeeway = 3600;

const day = 86_400;
/** How long a subject's entry is kept, in seconds: its tokens may have been issued for any lifetime. */
const subjectRetention = 3653 * day;
/** The least time that a family's entry is kept, in seconds. */
const familyRetention = 400 * day;

/** Until when the entry of a token is kept that expires at `exp`; one that never expires is kept as long as any. */
export function keepTokenUntil(exp: number | undefined, now: number): number {
  return Math.ceil(exp ?? now + subjectRetention) + maxLeeway;
}

/** Until when the entry of a family is kept: longer than any of its tokens lives, which all have lifetimes like this one's. */
export function keepFamilyUntil(claims: Claims, now: number): number {
  const { exp, iat } = claims;
  const lifetime = isNumericDate(exp) ? exp - (isNumericDate(iat) ? iat : now) : subjectRetention;
  return Math.ceil(now + Math.max(familyRetention, lifetime)) + maxLeeway;
}

/** Until when the entry of a subject is kept. */
export function keepSubjectUntil(now: number): number {
  return Math.ceil(now) + subjectRetention;
}

/**
 * Until when a consumption is kept: an hour by the store's own clock at least, so that a caller whose clock is set back
 * (`--at`) cannot consume one token twice.
 */
export function consumedUntil(until: number, now: number): number {
  return Math.max(until, now + maxLeeway);
}

/** A moment as a store keeps it: whole seconds, not before the one asked for, and one that every store can express. */
export function storedUntil(until: number): number {
  // What is not a number would be an entry that no store can end, or none at all.
  if (Number.isNaN(until)) return maxNumericDate;
  return Math.min(Math.ceil(until), maxNumericDate);
}

/** What identifies a token, out of claims whose shape may be anything. */
export function tokenIdentity(claims: Claims): TokenIdentity {
  const text = (name: string) => {
    const value = own(claims, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const iat = own(claims, 'iat');
  return { jti: text('jti'), sub: text('sub'), family: text('family'), iat: typeof iat === 'number' ? iat : undefined };
}

/** Whether an entry applies to a token: one without `iat` cannot show that it is younger than its subject's entry. */
export function applies(revocation: Revocation, token: TokenIdentity): boolean {
  return revocation.kind !== 'subject' || token.iat === undefined || Math.floor(token.iat) <= revocation.issuedUpTo;
}

/** Two entries for one id as the one that says more: the later moments, and once consumed, always consumed. */
export function mergeRevocations<T extends Revocation>(one: T, other: Revocation): T {
  const until = Math.max(one.until, other.until);
  if (one.kind === 'token' && other.kind === 'token') {
    return { ...one, until, reason: other.reason === 'consumed' ? 'consumed' : one.reason };
  }
  if (one.kind === 'subject' && other.kind === 'subject') {
    return { ...one, until, issuedUpTo: Math.max(one.issuedUpTo, other.issuedUpTo) };
  }
  return { ...one, until };
}

/** A revocation in words, for the report of a refused token. */
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
