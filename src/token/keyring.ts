/**
 * What the keys of a keyring do at a moment. Their times decide; no key has a status:
 *
 * - A key verifies until its `exp` has passed.
 * - A key can sign from its `nbf` on, else from its `iat`. Without an `exp` it can sign for good. With an `exp` it can sign until
 *   the key that follows it begins. If no key follows, it is retired.
 * - Of the keys that can sign, the one that began last signs.
 */
import { JwtkitError } from '../errors.js';
import { quoteText } from '../jose/json.js';
import { type Jwk, type JwkSet, privateMembers } from '../jose/jwk.js';
import type { Key } from '../jose/key.js';

/**
 * A key in its place in time, whatever it is for, and whether its private half is here. A key for encryption (`use` is `enc`) has the
 * same times: others encrypt to it while a signing key would sign, and it decrypts while a signing key would verify.
 */
export interface DatedKey {
  readonly kid: string;
  readonly jwk: Jwk;
  readonly hasPrivateHalf: boolean;
}

/** A signing key of a keyring: its public half, its place in time, and whether its private half is here. */
export interface KeyringEntry extends DatedKey {
  readonly key: Key;
}

/** Whether a key verifies at a moment. */
export function isVerifying({ jwk }: DatedKey, now: number): boolean {
  return jwk.exp === undefined || jwk.exp > now;
}

/** Returns the keys that verify at a moment. */
export function verificationKeys(entries: readonly KeyringEntry[], now: number): Key[] {
  return entries.filter((entry) => isVerifying(entry, now)).map(({ key }) => key);
}

/** Returns the JWK Set to publish at a moment: the keys that verify then, also those that sign later. */
export function publishedSet(entries: readonly DatedKey[], now: number): JwkSet {
  // A set that was edited by hand may hold parts of a private key.
  const isPrivate = (name: string) => privateMembers.some((each) => each === name);
  const publicHalf = ({ jwk }: DatedKey) =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => !isPrivate(name))) as unknown as Jwk;
  return { keys: entries.filter((entry) => isVerifying(entry, now)).map(publicHalf) };
}

/**
 * Returns the entry that signs at a moment, or the one named by `kid`.
 * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND if it cannot sign, with the reason.
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
 * Returns the entry of a kid.
 * @throws {JwtkitError} KEY_NOT_FOUND.
 */
export function entryOf<Entry extends DatedKey>(entries: readonly Entry[], kid: string): Entry {
  const entry = entries.find((one) => one.kid === kid);
  if (entry !== undefined) return entry;
  throw new JwtkitError('KEY_NOT_FOUND', `the keyring has no key ${quoteText(kid)}`, {
    hint: entries.length === 0 ? 'it is empty' : kidsHint(entries),
  });
}

/** Returns the entry that signs at a moment; undefined if none does. */
export function findSigner<Entry extends DatedKey>(entries: readonly Entry[], now: number): Entry | undefined {
  const able = entries
    .filter((entry) => signingObstacle(entry, entries, now) === undefined)
    .sort((one, other) => signsFrom(one) - signsFrom(other));
  // The first key signs also before it was made: a clock may be behind, or a fixture dated back.
  return able.findLast((entry) => signsFrom(entry) <= now) ?? able[0];
}

/** What a key does at a moment. */
export interface KeyState<Entry extends DatedKey = KeyringEntry> {
  readonly entry: Entry;
  /** NumericDate; undefined for a key that never signs, or never again. */
  readonly signsFrom: number | undefined;
  readonly signs: boolean;
  readonly verifies: boolean;
}

/** Returns what each key does at a moment. */
export function keyStates<Entry extends DatedKey>(entries: readonly Entry[], now: number): KeyState<Entry>[] {
  const signer = findSigner(entries, now);
  return entries.map((entry) => ({
    entry,
    signsFrom: entry.hasPrivateHalf && !isRetired(entry) ? signsFrom(entry) : undefined,
    signs: entry === signer,
    verifies: isVerifying(entry, now),
  }));
}

/** From when a key can sign: its `nbf`, else its `iat`. */
export function signsFrom({ jwk }: DatedKey): number {
  return jwk.nbf ?? jwk.iat ?? 0;
}

/**
 * Returns when the key that follows another one begins to sign; undefined if none follows. A key without its private half counts
 * if it has an `nbf`: then it signs elsewhere.
 */
export function nextSignerStart(entry: DatedKey, entries: readonly DatedKey[]): number | undefined {
  if (isRetired(entry)) return undefined;
  const from = signsFrom(entry);
  const able = entries.filter((other) => !isRetired(other) && (other.hasPrivateHalf || other.jwk.nbf !== undefined));
  const following = able.map(signsFrom).filter((start) => start > from);
  return following.length === 0 ? undefined : Math.min(...following);
}

/** Whether a key was retired by {@link retired}: it begins to sign only when it ends. */
export function isRetired({ jwk }: DatedKey): boolean {
  return jwk.nbf !== undefined && jwk.exp !== undefined && jwk.nbf >= jwk.exp;
}

/** Returns the JWK of a retired key: it verifies until `exp`. It begins to sign only then, so it never signs again. */
export function retired(jwk: Jwk, exp: number): Jwk {
  return { ...jwk, nbf: exp, exp };
}

function signingObstacle(entry: DatedKey, entries: readonly DatedKey[], now: number): string | undefined {
  if (!entry.hasPrivateHalf) return 'its private half is not here';
  const { exp, nbf = 0 } = entry.jwk;
  const next = nextSignerStart(entry, entries);
  if (exp !== undefined && (next === undefined || Math.min(exp, next) <= now)) return 'it was retired';
  return nbf > now ? 'its time has not come' : undefined;
}

function notFound(message: string, hint: string): JwtkitError {
  return new JwtkitError('SIGNING_KEY_NOT_FOUND', message, { hint });
}

function kidsHint(entries: readonly DatedKey[]): string {
  return `its keys: ${entries.map(({ kid }) => kid).join(', ')}`;
}
