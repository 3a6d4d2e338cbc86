/** Plans changes of a keyring: entries in, entries out. Nothing is written here. A change only sets times. */
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { keyWords, useOf } from './key-words.js';
import {
  type DatedKey,
  entryOf,
  findSigner,
  isRetired,
  isVerifying,
  type KeyringEntry,
  nextSignerStart,
  retired,
  signsFrom,
} from './keyring.js';
import { formatMoment, isNumericDate, maxNumericDate } from './time.js';

/** The kind of the new key; an absent member is that of the replaced key. */
export interface KeyTemplate {
  alg?: AlgorithmName | undefined;
  /** Size of an RSA key. */
  bits?: number | undefined;
  /** Curve of an EdDSA key. */
  crv?: string | undefined;
}

/** Returns the kind of key that a rotation makes: the requested one, else that of the replaced key, else RS256. */
export function rotationTemplate(
  entries: readonly KeyringEntry[],
  activation: number,
  wish: KeyTemplate,
): KeyTemplate & { alg: AlgorithmName } {
  const halves = entries.filter(({ hasPrivateHalf }) => hasPrivateHalf);
  const old = findSigner(entries, activation) ?? halves.sort((one, other) => signsFrom(other) - signsFrom(one))[0];
  const alg = wish.alg ?? (old?.key.algorithms[0] as AlgorithmName | undefined) ?? 'RS256';
  if (old === undefined || !isOfKind(alg, old)) return { ...wish, alg };
  const { kty, crv, bits } = old.key.shape;
  if (kty === 'RSA') return { ...wish, alg, bits: wish.bits ?? bits };
  return kty === 'OKP' ? { ...wish, alg, crv: wish.crv ?? crv } : { ...wish, alg };
}

/** Whether a key of the same size and curve as the old one serves an algorithm. */
function isOfKind(alg: AlgorithmName, { key }: KeyringEntry): boolean {
  const isRsa = /^[RP]S/.test(alg);
  return key.algorithms.includes(alg) || (isRsa && key.shape.kty === 'RSA');
}

/** When a rotation takes place. */
export interface RotationTimes {
  readonly now: number;
  /** NumericDate from which the new key signs. */
  readonly activation: number;
  /** Seconds for which the replaced key verifies after that. */
  readonly grace: number;
}

/** A planned rotation. */
export interface Rotation<Entry extends DatedKey = KeyringEntry> {
  readonly entries: readonly Entry[];
  readonly made: Entry;
  /** The key that signs until the new one does, if any. */
  readonly replaced: Entry | undefined;
}

/**
 * Puts a fresh key into a keyring: it signs from `activation` on, and the key that would sign at that moment verifies until
 * `grace` after it. If a later key is announced already, the fresh key ends after that one begins.
 * @throws {JwtkitError} USAGE_INVALID for times beyond the year 9999.
 */
export function planRotation<Entry extends DatedKey>(
  entries: readonly Entry[],
  fresh: Entry,
  { now, activation, grace }: RotationTimes,
): Rotation<Entry> {
  const old = findSigner(entries, activation);
  const able = entries.filter((entry) => entry.hasPrivateHalf && !isRetired(entry));
  const next = able.flatMap(({ jwk }) => jwk.nbf ?? []).filter((nbf) => nbf > activation);
  const end = next.length === 0 ? {} : { exp: checkMoment(Math.min(...next) + grace) };
  // A first key signs from its iat, as keygen's does: also by a clock that is behind.
  const begin = old === undefined && activation <= now ? {} : { nbf: checkMoment(activation) };
  const made = { ...fresh, jwk: { ...fresh.jwk, ...begin, ...end } };
  const replaced = old && { ...old, jwk: { ...old.jwk, exp: checkMoment(activation + grace) } };
  const others = entries.map((entry) => (entry === old && replaced !== undefined ? replaced : entry));
  return { entries: keepRetiredKeysRetired(entries, [...others, made], now), made, replaced };
}

function checkMoment(moment: number): number {
  if (!isNumericDate(moment)) throw new JwtkitError('USAGE_INVALID', 'the time lies beyond the year 9999');
  return moment;
}

/** When a retired key ends: at a moment, or after a time of grace, but never later than it would anyway. */
export type RetirementTime = { readonly at: number } | { readonly grace: number };

/**
 * Takes a key out of service: it signs no more and verifies until its new end.
 * @throws {JwtkitError} KEY_NOT_FOUND; USAGE_INVALID for a key that has ended and would verify again; KEY_IN_USE if no
 * key would sign any more, unless `force`.
 */
export function planRetirement<Entry extends DatedKey>(
  entries: readonly Entry[],
  kid: string,
  options: { readonly now: number; readonly end: RetirementTime; readonly force: boolean },
): readonly Entry[] {
  const { now, end, force } = options;
  const entry = entryOf(entries, kid);
  const old = entry.jwk.exp ?? Number.POSITIVE_INFINITY;
  const wanted = checkMoment('at' in end ? end.at : Math.min(old, now + end.grace));
  if (old <= now && wanted > now) {
    throw new JwtkitError('USAGE_INVALID', `the key ${kid} ended at ${formatMoment(old)} and is not brought back`);
  }
  const exp = old <= now ? Math.min(old, wanted) : wanted;
  const changed = entries.map((one) => (one === entry ? { ...entry, jwk: retired(entry.jwk, exp) } : one));
  const after = keepRetiredKeysRetired(entries, changed, now);
  // An announced key may be the one that follows another: without it that one never signs either.
  const announced = entries.filter((one) => !isRetired(one) && signsFrom(one) > now).map(signsFrom);
  const isLost = [now, ...announced].some(
    (at) => findSigner(entries, at) !== undefined && findSigner(after, at) === undefined,
  );
  if (!force && isLost) {
    const { noneWouldSign, rotate } = keyWords[useOf(entry.jwk)];
    throw new JwtkitError('KEY_IN_USE', `${noneWouldSign} without ${kid}`, {
      hint: `put a new one in its place first: ${rotate}; or pass --force`,
    });
  }
  return after;
}

/**
 * Takes a key out of a keyring.
 * @throws {JwtkitError} KEY_NOT_FOUND; KEY_IN_USE for a key that still verifies, unless `force`.
 */
export function planRemoval<Entry extends DatedKey>(
  entries: readonly Entry[],
  kid: string,
  { now, force }: { readonly now: number; readonly force: boolean },
): readonly Entry[] {
  const entry = entryOf(entries, kid);
  if (isVerifying(entry, now) && !force) {
    const { verifies, loss } = keyWords[useOf(entry.jwk)];
    const until = entry.jwk.exp === undefined ? 'has no end' : `${verifies} until ${formatMoment(entry.jwk.exp)}`;
    throw new JwtkitError('KEY_IN_USE', `the key ${kid} ${until}, ${loss}`, {
      hint: `end it with: jwtkit keys retire ${kid}; or pass --force`,
    });
  }
  return keepRetiredKeysRetired(
    entries,
    entries.filter((one) => one !== entry),
    now,
  );
}

/**
 * Entries after a change, without keys that begin to sign again. A key that has stopped signing is retired if the change would
 * let it sign again. If the next key is removed before it begins to sign, the key before it signs on, and verifies for as much longer.
 */
export function keepRetiredKeysRetired<Entry extends DatedKey>(
  before: readonly Entry[],
  after: readonly Entry[],
  now: number,
): readonly Entry[] {
  return after.map((entry) => {
    const { kid, jwk } = entry;
    const old = before.find((one) => one.kid === kid);
    if (jwk.exp === undefined || jwk.exp <= now || old?.jwk.exp === undefined) return entry;
    const ended = nextSignerStart(old, before) ?? 0;
    const ends = nextSignerStart(entry, after) ?? 0;
    if (ends <= ended || ends <= now) return entry;
    if (ended <= now) return { ...entry, jwk: retired(jwk, jwk.exp) };
    return { ...entry, jwk: { ...jwk, exp: Math.min(maxNumericDate, jwk.exp + ends - ended) } };
  });
}
