/** Rules about a keyring and the copies of its set that the same run reads: at a URL, or in another file. */
import { own } from '../../jose/json.js';
import { type DatedKey, findSigner, isRetired, isVerifying, signsFrom } from '../../token/keyring.js';
import { formatDistance } from '../../token/time.js';
import { from, halves, keyring, liveSet, newKey, oldKey, until } from '../example-keyring.js';
import { type KeyringFolder, type Remark, rule, type Spot, type Subject } from '../rule.js';

const day = 86_400;
/** How many keyrings with one key are compared with a set. */
const mostKeyrings = 10;

/** A copy of a keyring's set: the keys that interest a rule and are in it, and those that are not. */
interface Copy {
  readonly folder: string;
  readonly spot: Spot;
  readonly present: readonly DatedKey[];
  readonly missing: readonly DatedKey[];
}

function identityOf(jwk: object): string {
  return JSON.stringify(['kty', 'crv', 'n', 'x', 'y'].map((name) => own(jwk, name)));
}

/**
 * Finds the sets outside of keyrings that have a key whose private half is in a keyring. A set that shares only public keys with it
 * is that of a partner. A set inside a larger document does not count: it may be a cached answer. `choose` names the keys that interest the rule.
 */
function copiesOf(
  subjects: readonly Subject[],
  choose: (keys: readonly DatedKey[]) => readonly DatedKey[],
): readonly Copy[] {
  const keyrings = subjects.flatMap(({ kind, value }) => (kind === 'keyring' ? [value] : []));
  const folders = new Set(keyrings.map(({ folder }) => folder));
  const chosen = new Map(keyrings.map((keyring) => [keyring, choose(keyring.keys.sig)]));
  const holders = holdersOf(keyrings);
  return subjects.flatMap(({ kind, value, spot }): Copy[] => {
    const { folder } = spot.source;
    if (kind !== 'set' || spot.part !== undefined || (folder !== undefined && folders.has(folder))) return [];
    const identities = new Set(value.keys.map(identityOf));
    return nearestOf(identities, holders).map((keyring) => {
      const isPresent = ({ jwk }: DatedKey) => identities.has(identityOf(jwk));
      const keys = chosen.get(keyring) ?? [];
      const missing = keys.filter((key) => !isPresent(key));
      return { folder: keyring.folder.name, spot, present: keys.filter(isPresent), missing };
    });
  });
}

/** The keyrings that hold the private half of a key, by its identity. */
function holdersOf(keyrings: readonly KeyringFolder[]): ReadonlyMap<string, readonly KeyringFolder[]> {
  const holders = new Map<string, KeyringFolder[]>();
  for (const keyring of keyrings) {
    for (const { jwk, hasPrivateHalf } of keyring.keys.sig) {
      if (!hasPrivateHalf) continue;
      const identity = identityOf(jwk);
      const others = holders.get(identity);
      if (others === undefined) holders.set(identity, [keyring]);
      else if (others.length < mostKeyrings && others.at(-1) !== keyring) others.push(keyring);
    }
  }
  return holders;
}

/** The keyrings with which a set shares most keys: keyrings may have a key in common. */
function nearestOf(
  identities: ReadonlySet<string>,
  holders: ReadonlyMap<string, readonly KeyringFolder[]>,
): KeyringFolder[] {
  const shared = new Map<KeyringFolder, number>();
  for (const keyring of [...identities].flatMap((identity) => holders.get(identity) ?? []))
    shared.set(keyring, (shared.get(keyring) ?? 0) + 1);
  const most = Math.max(...shared.values());
  return [...shared.keys()].filter((keyring) => shared.get(keyring) === most).slice(0, mostKeyrings);
}

/** The key that signs, and those that will within a day. */
function signersOf(keys: readonly DatedKey[], now: number): DatedKey[] {
  const signer = findSigner(keys, now);
  return keys.filter((key) => {
    const begins = signsFrom(key);
    return key === signer || (key.hasPrivateHalf && !isRetired(key) && begins > now && begins < now + day);
  });
}

export const keyringCopyRules = [
  rule({
    id: 'keyring/signer-not-published',
    level: 'error',
    about: 'everything',
    means:
      'A copy of the set of a keyring lacks the key that signs, or will within a day: verifiers that use the copy refuse its tokens.',
    help: 'publish what jwtkit keys jwks prints after each jwtkit keys rotate, before the new key signs (--activate-in)',
    source: 'OpenID Connect Core §10.1.1; tutorial, advice "key rotation with a time of grace"',
    bad: keyring(
      [
        { ...oldKey, ...until(3) },
        { ...newKey, ...from(-4) },
      ],
      { 'key-2026.pem': halves.old, 'key-2027.pem': halves.new },
      { elsewhere: [liveSet(oldKey)] },
    ),
    good: keyring(
      [
        { ...oldKey, ...until(3) },
        { ...newKey, ...from(-4) },
      ],
      { 'key-2026.pem': halves.old, 'key-2027.pem': halves.new },
      { elsewhere: [liveSet(oldKey, newKey)] },
    ),
    check: (subjects, { now }) =>
      copiesOf(subjects, (keys) => signersOf(keys, now)).flatMap(({ folder, missing, spot }): Remark[] =>
        missing.map((key) => {
          const begins = signsFrom(key);
          const signs = begins > now ? `signs ${formatDistance(begins, now)}` : 'signs';
          return { message: `${key.kid} of ${folder} ${signs} and is missing here`, spot };
        }),
      ),
  }),
  rule({
    id: 'keyring/ended-key-published',
    level: 'warning',
    about: 'everything',
    means:
      'A copy of the set of a keyring has a key that ended more than a day ago: verifiers that use the copy still trust it.',
    help: 'publish what jwtkit keys jwks prints now',
    source: 'NIST SP 800-57 §8.3.4; RFC 7517 §4 (which has no exp)',
    bad: keyring(
      [
        { ...oldKey, ...until(-4) },
        { ...newKey, ...from(-10) },
      ],
      { 'key-2027.pem': halves.new },
      { elsewhere: [liveSet(oldKey, newKey)] },
    ),
    good: keyring(
      [
        { ...oldKey, ...until(-4) },
        { ...newKey, ...from(-10) },
      ],
      { 'key-2027.pem': halves.new },
      { elsewhere: [liveSet(newKey)] },
    ),
    check: (subjects, { now }) =>
      copiesOf(subjects, (keys) => keys.filter((key) => !isVerifying(key, now - day))).flatMap(
        ({ folder, present, spot }): Remark[] =>
          present.map(({ kid, jwk: { exp = now } }) => {
            return { message: `${kid} of ${folder} ended ${formatDistance(exp, now)}`, spot };
          }),
      ),
  }),
];
