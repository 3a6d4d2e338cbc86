import { JwtkitError } from '../../errors.js';
import { thumbprint } from '../../jose/jwk.js';
import type { DatedKey } from '../../token/keyring.js';
import { keepRetiredKeysRetired } from '../../token/rotate.js';
import { byFoldedKid, checkFreeKid, foldKid } from './changes.js';

/** A key of a file, as the entry that it becomes, with the PEM of its private half if there is one. */
export interface Incoming<Entry extends DatedKey> {
  readonly entry: Entry;
  readonly pem: string | undefined;
}

/** How keys are placed. */
interface Placing {
  /** NumericDate. */
  readonly now: number;
  /** The kid that the caller named. */
  readonly kid?: string | undefined;
  /** The keyring's keys of the other use: one key serves one use. */
  readonly others: readonly DatedKey[];
  /** What the keys of the other use do, and what to make instead. */
  readonly otherUse: string;
}

/** The keys of a keyring after an import. */
interface Placement<Entry> {
  readonly entries: readonly Entry[];
  /** The PEMs of new private halves, by kid. */
  readonly halves: ReadonlyMap<string, string>;
  /** For each incoming key its entry, and whether that was there and got its private half. */
  readonly placed: readonly { readonly entry: Entry; readonly isCompleted: boolean }[];
}

/**
 * Places incoming keys among those of a keyring. A new key becomes an entry; an existing one gets a missing private half.
 * @throws {JwtkitError} FILE_EXISTS for an existing key or kid; USAGE_INVALID for a kid that cannot name a file.
 */
export function placeKeys<Entry extends DatedKey>(
  before: readonly Entry[],
  incoming: readonly Incoming<Entry>[],
  { now, kid, others, otherUse }: Placing,
): Placement<Entry> {
  const ofOtherUse = new Map(others.map((other) => [thumbprint(other.jwk), other.kid]));
  // By thumbprint: comparing each key with each would take quadratic time.
  const known = new Map([...before].reverse().map((entry) => [thumbprint(entry.jwk), entry]));
  const taken = byFoldedKid(before);
  const after = new Map(before.map((entry) => [entry.kid, entry]));
  const halves = new Map<string, string>();
  const placed = incoming.map(({ entry: fresh, pem }) => {
    const print = thumbprint(fresh.jwk);
    const other = ofOtherUse.get(print);
    if (other !== undefined) throw alreadyThere(other, otherUse);
    const same = known.get(print);
    if (same === undefined) checkFreeKid(fresh.kid, taken);
    else if (same.hasPrivateHalf || pem === undefined || (kid ?? same.kid) !== same.kid) throw alreadyThere(same.kid);
    const entry = { ...(same ?? fresh), hasPrivateHalf: pem !== undefined };
    if (pem !== undefined) halves.set(entry.kid, pem);
    after.set(entry.kid, entry);
    known.set(print, entry);
    taken.set(foldKid(entry.kid), entry);
    return { entry, isCompleted: same !== undefined };
  });
  return { entries: keepRetiredKeysRetired(before, [...after.values()], now), halves, placed };
}

function alreadyThere(kid: string, otherUse?: string): JwtkitError {
  const more = otherUse === undefined ? '' : `, ${otherUse}`;
  return new JwtkitError('FILE_EXISTS', `the keyring already has this key, as ${kid}${more}`);
}
