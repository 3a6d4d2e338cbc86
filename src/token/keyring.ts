/**
 * What a keyring's keys do at a moment. There is no status to flip, times decide:
 *
 * - A key verifies until its `exp` has passed.
 * - It can sign from its `nbf` (else `iat`) on. Without an `exp` it can sign for good; with one, it was handed over and can
 *   sign until the key that follows it begins. Where no key follows, it was retired.
 * - Of the keys that can sign, the one that began last does.
 */
import { JwtkitError } from '../errors.js';
import { quoteText } from '../jose/json.js';
import type { Jwk, JwkSet } from '../jose/jwk.js';
import type { Key } from '../jose/key.js';

/** A key of a keyring: its public half, its place in time, and whether its private half is here. */
export interface KeyringEntry {
  readonly kid: string;
  readonly key: Key;
  readonly jwk: Jwk;
  readonly hasPrivateHalf: boolean;
}

/** Whether a key verifies at a moment: its `exp` has not passed. */
export function isVerifying({ jwk }: KeyringEntry, now: number): boolean {
  return jwk.exp === undefined || jwk.exp > now;
}

/** Keys that verify at a moment: those whose `exp` has not passed. */
export function verificationKeys(entries: readonly KeyringEntry[], now: number): Key[] {
  return entries.filter((entry) => isVerifying(entry, now)).map(({ key }) => key);
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const;

/** The JWK Set to publish at a moment: the keys that verify then, those announced for later among them. */
export function publishedSet(entries: readonly KeyringEntry[], now: number): JwkSet {
  const keys = entries.filter((entry) => isVerifying(entry, now)).map(({ jwk }) => ({ ...jwk }));
  // A set edited by hand could hold a prime without the exponent that would have made it a private key.
  for (const jwk of keys) for (const name of privateMembers) delete jwk[name];
  return { keys };
}

/**
 * The entry that signs at a moment, or the one named by `kid` if it may.
 * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND, saying what stands against it.
 */
export function signingEntry(entries: readonly KeyringEntry[], now: number, kid?: string): KeyringEntry {
  const hint = 'make one with: jwtkit keygen';
  if (kid !== undefined) {
    const named = entries.find((entry) => entry.kid === kid);
    if (named === undefined) throw notFound(`the keyring has no key ${JSON.stringify(kid)}`, kidsHint(entries));
    const obstacle = signingObstacle(named, entries, now);
    if (obstacle !== undefined) throw notFound(`the key ${kid} does not sign: ${obstacle}`, hint);
    return named;
  }
  const chosen = findSigner(entries, now);
  if (chosen === undefined) {
    const [first] = entries;
    const obstacle = first === undefined ? 'it is empty' : `${first.kid}: ${signingObstacle(first, entries, now)}`;
    throw notFound(`the keyring has no key that signs now (${obstacle})`, hint);
  }
  return chosen;
}

/**
 * The entry of a kid.
 * @throws {JwtkitError} KEY_NOT_FOUND.
 */
export function entryOf(entries: readonly KeyringEntry[], kid: string): KeyringEntry {
  const entry = entries.find((one) => one.kid === kid);
  if (entry !== undefined) return entry;
  throw new JwtkitError('KEY_NOT_FOUND', `the keyring has no key ${quoteText(kid)}`, {
    hint: entries.length === 0 ? 'it is empty' : kidsHint(entries),
  });
}

/** The entry that signs at a moment, undefined where none does. */
export function findSigner(entries: readonly KeyringEntry[], now: number): KeyringEntry | undefined {
  const able = entries.filter((entry) => signingObstacle(entry, entries, now) === undefined);
  const begun = able.filter((entry) => signsFrom(entry) <= now);
  // Before the first key was made (a fixture dated back, a clock behind the one that stamped it) the first key signs.
  return begun.length > 0 ? begun.reduce(later) : able.length > 0 ? able.reduce(earlier) : undefined;
}

/** What a key does at a moment. */
export interface KeyState {
  readonly entry: KeyringEntry;
  /** NumericDate; undefined for a key that never signs, or never again. */
  readonly signsFrom: number | undefined;
  readonly signs: boolean;
  readonly verifies: boolean;
}

/** What each key does at a moment. */
export function keyStates(entries: readonly KeyringEntry[], now: number): KeyState[] {
  const signer = findSigner(entries, now);
  return entries.map((entry) => ({
    entry,
    signsFrom: entry.hasPrivateHalf && !isRetired(entry) ? signsFrom(entry) : undefined,
    signs: entry === signer,
    verifies: isVerifying(entry, now),
  }));
}

function later(one: KeyringEntry, other: KeyringEntry): KeyringEntry {
  return signsFrom(other) >= signsFrom(one) ? other : one;
}

function earlier(one: KeyringEntry, other: KeyringEntry): KeyringEntry {
  return signsFrom(other) < signsFrom(one) ? other : one;
}

/** From when a key can sign: its `nbf`, else its `iat`. */
export function signsFrom({ jwk }: KeyringEntry): number {
  return jwk.nbf ?? jwk.iat ?? 0;
}

/**
 * Until when a key can sign: for good without an `exp`, else until the key that follows it begins, and no longer than its
 * `exp`. A retired key has no such time: undefined.
 */
function signsUntil(entry: KeyringEntry, entries: readonly KeyringEntry[]): number | undefined {
  const { exp } = entry.jwk;
  if (exp === undefined) return Number.POSITIVE_INFINITY;
  const next = handover(entry, entries);
  return next === undefined ? undefined : Math.min(exp, next);
}

/**
 * When the key begins that follows one: the next to begin after it. One whose private half is not here counts where it has an
 * `nbf`, since it signs elsewhere then; others only verify. Undefined where none follows.
 */
export function handover(entry: KeyringEntry, entries: readonly KeyringEntry[]): number | undefined {
  if (isRetired(entry)) return undefined;
  const from = signsFrom(entry);
  const able = entries.filter((other) => !isRetired(other) && (other.hasPrivateHalf || other.jwk.nbf !== undefined));
  const following = able.map(signsFrom).filter((start) => start > from);
  return following.length === 0 ? undefined : Math.min(...following);
}

/** Whether a key was retired by {@link retired}: it would begin to sign when it has ended. */
export function isRetired({ jwk }: KeyringEntry): boolean {
  return jwk.nbf !== undefined && jwk.exp !== undefined && jwk.nbf >= jwk.exp;
}

/**
 * A key's JWK once it is retired: it verifies until `exp`, and as it begins to sign only then, it never signs again,
 * whichever keys are announced later.
 */
export function retired(jwk: Jwk, exp: number): Jwk {
  return { ...jwk, nbf: exp, exp };
}

function signingObstacle(entry: KeyringEntry, entries: readonly KeyringEntry[], now: number): string | undefined {
  if (!entry.hasPrivateHalf) return 'its private half is not here';
  const until = signsUntil(entry, entries);
  if (until === undefined || until <= now) return 'it was retired';
  return (entry.jwk.nbf ?? 0) > now ? 'its time has not come' : undefined;
}

function notFound(message: string, hint: string): JwtkitError {
  return new JwtkitError('SIGNING_KEY_NOT_FOUND', message, { hint });
}

function kidsHint(entries: readonly KeyringEntry[]): string {
  return `its keys: ${entries.map(({ kid }) => kid).join(', ')}`;
}
