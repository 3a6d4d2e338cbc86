/**
 * What a keyring's keys do at a moment. There is no status to flip: the key with the latest `nbf` (else `iat`) that is not
 * in the future signs, unless it has an `exp`; and every key verifies until its `exp` has passed.
 */
import { JwtkitError } from '../errors.js';
import type { Jwk } from '../jose/jwk.js';
import type { Key } from '../jose/key.js';

/** A key of a keyring: its public half, its place in time, and whether its private half is here. */
export interface KeyringEntry {
  readonly kid: string;
  readonly key: Key;
  readonly jwk: Jwk;
  readonly hasPrivateHalf: boolean;
}

/** Keys that verify at a moment: those whose `exp` has not passed. */
export function verificationKeys(entries: readonly KeyringEntry[], now: number): Key[] {
  return entries.filter(({ jwk }) => jwk.exp === undefined || jwk.exp > now).map(({ key }) => key);
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
    const obstacle = signingObstacle(named, now);
    if (obstacle !== undefined) throw notFound(`the key ${kid} does not sign: ${obstacle}`, hint);
    return named;
  }
  const able = entries.filter((entry) => signingObstacle(entry, now) === undefined);
  const begun = able.filter((entry) => signsFrom(entry) <= now);
  // Before the first key was made (a fixture dated back, a clock behind the one that stamped it) the first key signs.
  const chosen = begun.length > 0 ? begun.reduce(later) : able.length > 0 ? able.reduce(earlier) : undefined;
  if (chosen === undefined) {
    const [first] = entries;
    const obstacle = first === undefined ? 'it is empty' : `${first.kid}: ${signingObstacle(first, now)}`;
    throw notFound(`the keyring has no key that signs now (${obstacle})`, hint);
  }
  return chosen;
}

function later(one: KeyringEntry, other: KeyringEntry): KeyringEntry {
  return signsFrom(other) >= signsFrom(one) ? other : one;
}

function earlier(one: KeyringEntry, other: KeyringEntry): KeyringEntry {
  return signsFrom(other) < signsFrom(one) ? other : one;
}

function signsFrom({ jwk }: KeyringEntry): number {
  return jwk.nbf ?? jwk.iat ?? 0;
}

function signingObstacle(entry: KeyringEntry, now: number): string | undefined {
  if (!entry.hasPrivateHalf) return 'its private half is not here';
  if (entry.jwk.exp !== undefined) return 'it was retired';
  return (entry.jwk.nbf ?? 0) > now ? 'its time has not come' : undefined;
}

function notFound(message: string, hint: string): JwtkitError {
  return new JwtkitError('SIGNING_KEY_NOT_FOUND', message, { hint });
}

function kidsHint(entries: readonly KeyringEntry[]): string {
  return `its keys: ${entries.map(({ kid }) => kid).join(', ')}`;
}
