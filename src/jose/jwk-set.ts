import { JwtkitError } from '../errors.js';
import { isJsonObject, type JsonObject, own, quoteText } from './json.js';
import { holdsSecret, importJwk, ofJwk, thumbprint, UnusableJwk } from './jwk.js';
import { jwkHint } from './jwk-hint.js';
import type { Key } from './key.js';

/** The largest published sets have some dozens of keys. */
export const maxSetKeys = 1000;

/** A member of a set that was left out, and why. */
export interface SkippedJwk {
  /** The `kid` of the member; a number is given by its digits. */
  readonly kid: string | undefined;
  readonly reason: string;
  /** False for a well-made key for another purpose, or of a type that jwtkit does not know. */
  readonly isBroken: boolean;
}

/** How {@link importJwkSet} works. */
export interface ImportJwkSetOptions {
  readonly source?: string | undefined;
  /** Called before each key. It throws if the work has taken too long. */
  readonly checkTime?: (() => void) | undefined;
}

/** The keys of a set. */
export interface ImportedJwkSet {
  readonly keys: Key[];
  /** The JWK that each key came from. */
  readonly members: ReadonlyMap<Key, JsonObject>;
  readonly skipped: SkippedJwk[];
  /** What to change in the first member that was left out. */
  readonly hint?: string | undefined;
}

/**
 * Imports a JWK Set (RFC 7517 §5) of at most 1000 keys. Leaves out members that cannot be used, with the reason. Several keys may
 * have one kid (§4.5); a key that is there twice counts once. A private or shared key that is broken, and secrets beside public
 * keys, make the whole set untrustworthy.
 * @throws {JwtkitError} KEY_INVALID.
 */
export function importJwkSet(set: unknown, { source, checkTime }: ImportJwkSetOptions = {}): ImportedJwkSet {
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${message}`);
  const list = isJsonObject(set) ? own(set, 'keys') : undefined;
  if (!Array.isArray(list)) throw invalid('a JWK Set has an array of keys');
  if (list.length > maxSetKeys) throw invalid(`the JWK Set holds ${list.length} keys, at most ${maxSetKeys} are taken`);
  const members = new Map<Key, JsonObject>();
  const skipped: SkippedJwk[] = [];
  let hint: string | undefined;
  for (const member of list) {
    checkTime?.();
    try {
      members.set(importJwk(member, { source }), member);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      const isSound = error instanceof UnusableJwk || error.code === 'KEY_TOO_WEAK';
      if (!isSound && holdsSecret(member)) throw error;
      const kid = isJsonObject(member) ? own(member, 'kid') : undefined;
      if (skipped.length === 0) hint = jwkHint(member, error.message);
      skipped.push(skippedKey(kid, error, where));
    }
  }
  dropRepeated(members);
  const keys = [...members.keys()];
  if (new Set(keys.map(({ shape }) => shape.kty === 'oct')).size > 1) {
    throw invalid('secrets and public keys are mixed in one JWK Set');
  }
  return { keys, members, skipped, hint };
}

/** Describes a member that is left out because of an error. */
export function skippedKey(kid: unknown, error: JwtkitError, where: string): SkippedJwk {
  const message = error.message.startsWith(where) ? error.message.slice(where.length) : error.message;
  return {
    kid: typeof kid === 'string' || typeof kid === 'number' ? String(kid) : undefined,
    reason: message.startsWith(ofJwk) ? message.slice(ofJwk.length) : message,
    isBroken: !(error instanceof UnusableJwk),
  };
}

/** Removes a key that stands in the set twice. Of copies with other uses the wider one stays, or both. */
function dropRepeated(members: Map<Key, JsonObject>): void {
  const counts = new Map<string | undefined, number>();
  for (const { kid } of members.keys()) counts.set(kid, (counts.get(kid) ?? 0) + 1);
  const kept = new Map<string, Key[]>();
  for (const [key, member] of members) {
    const { kid, keyObject } = key;
    if (counts.get(kid) === 1) continue;
    const exp = own(member, 'exp');
    // By thumbprint: comparing each key with each would take quadratic time.
    const identity = [kid, keyObject.type, thumbprint(keyObject), typeof exp === 'number' ? exp : undefined];
    const name = JSON.stringify(identity);
    const others = kept.get(name) ?? [];
    if (others.some((other) => allowsAll(other, key))) {
      members.delete(key);
      continue;
    }
    for (const other of others) if (allowsAll(key, other)) members.delete(other);
    kept.set(name, [...others.filter((other) => members.has(other)), key]);
  }
}

/** Whether a key allows all that another one does. */
function allowsAll(key: Key, { algorithms, operations }: Key): boolean {
  return (
    algorithms.every((alg) => key.algorithms.includes(alg)) && operations.every((each) => key.operations.includes(each))
  );
}

/** The reason why a set has no usable key, to complete an error. */
export function noUsableKey(skipped: readonly SkippedJwk[]): string {
  const [first] = skipped;
  const kid = first?.kid === undefined ? '' : ` (kid ${quoteText(first.kid)})`;
  return `the JWK Set holds no usable signature key: ${first?.reason ?? 'it is empty'}${kid}`;
}
