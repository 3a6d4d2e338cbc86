/** Rules about when the keys of a keyring sign and end. */
import { type KeyUse, keyWords } from '../../token/key-words.js';
import { type DatedKey, findSigner, isRetired, isVerifying, signsFrom } from '../../token/keyring.js';
import { formatDistance, formatMoment } from '../../token/time.js';
import { from, halves, keyring, newKey, oldKey, until } from '../example-keyring.js';
import { type KeyringFolder, rule } from '../rule.js';

const day = 86_400;
const uses = ['sig', 'enc'] as const;
/** Each moment is tried with each key: a keyring of more keys is not looked at ahead of its time. */
const mostKeysAhead = 100;

/** What a rule says about the keys of each use. */
function forEachUse(
  { keys }: KeyringFolder,
  say: (keys: readonly DatedKey[], use: KeyUse) => string | false | undefined,
): string[] {
  return uses.flatMap((use) => say(keys[use], use) || []);
}

/** The first moment after now from which no key signs. */
function endOfSigning(keys: readonly DatedKey[], now: number): number | undefined {
  if (keys.length > mostKeysAhead) return undefined;
  const moments = keys.flatMap(({ jwk: { nbf, exp } }) => [nbf ?? now, exp ?? now]).filter((moment) => moment > now);
  return moments.sort((one, other) => one - other).find((moment) => findSigner(keys, moment) === undefined);
}

export const keyringTimeRules = [
  rule({
    id: 'keyring/no-signer',
    level: 'error',
    about: 'keyring',
    means:
      'The keyring has private keys, but none that signs, or none that others encrypt to: each has ended, was retired, or begins later.',
    help: 'make a new key: jwtkit keys rotate (for encryption: jwtkit keys rotate --use enc)',
    source: 'docs/keys.md, "The keyring"; tutorial, advice "key rotation with a time of grace"',
    bad: keyring([{ ...oldKey, ...from(3), ...until(3) }], { 'key-2026.pem': halves.old }),
    good: keyring(
      [
        { ...oldKey, ...until(3) },
        { ...newKey, ...from(-4) },
      ],
      {
        'key-2026.pem': halves.old,
        'key-2027.pem': halves.new,
      },
    ),
    check: (value, { now }) =>
      forEachUse(value, (keys, use) => {
        if (findSigner(keys, now) !== undefined) return undefined;
        const able = keys.filter(({ hasPrivateHalf }) => hasPrivateHalf);
        const later = able.filter((key) => !isRetired(key) && signsFrom(key) > now);
        // A first key that is announced leaves no gap.
        if (able.length === later.length) return undefined;
        const next = Math.min(...later.map(signsFrom));
        const { noneSigns } = keyWords[use];
        return later.length === 0 ? noneSigns : `${noneSigns}, before ${formatMoment(next)}`;
      }),
  }),
  rule({
    id: 'keyring/signing-ends',
    level: 'warning',
    about: 'keyring',
    means: 'A key signs now, but the keyring says that it stops, and no private key is here that follows.',
    help: 'jwtkit keys list --at TIME shows the keys of that moment; rotate before it: jwtkit keys rotate',
    source: 'docs/keys.md, "The keyring"; NIST SP 800-57 §5.3.6',
    bad: keyring(
      [
        { ...oldKey, ...until(10) },
        { ...newKey, ...from(3) },
      ],
      { 'key-2026.pem': halves.old },
    ),
    good: keyring(
      [
        { ...oldKey, ...until(10) },
        { ...newKey, ...from(3) },
      ],
      {
        'key-2026.pem': halves.old,
        'key-2027.pem': halves.new,
      },
    ),
    check: (value, { now }) =>
      forEachUse(value, (keys, use) => {
        const end = findSigner(keys, now) === undefined ? undefined : endOfSigning(keys, now);
        const { noneSigns } = keyWords[use];
        return end !== undefined && `${noneSigns.replace(/ now$/, '')} from ${formatMoment(end)} on`;
      }),
  }),
  rule({
    id: 'keyring/old-key-signs',
    level: 'note',
    about: 'keyring',
    means:
      'The key that signs is older than two years, though the set has newer ones: perhaps a private key is missing.',
    help: 'jwtkit keys list shows which key signs; replace it: jwtkit keys rotate',
    source: 'NIST SP 800-57 §5.3.6; tutorial, advice "key rotation with a time of grace"',
    bad: keyring([{ ...oldKey, ...from(-800) }, newKey], { 'key-2026.pem': halves.old }),
    good: keyring([oldKey, newKey], { 'key-2026.pem': halves.old }),
    check: (value, { now }) =>
      forEachUse(value, (keys, use) => {
        const limit = now - 730 * day;
        const signer = findSigner(keys, now);
        const made = signer?.jwk.iat;
        // The rule set/key-too-old looks at the newest signing key.
        const isTold = use === 'sig' && keys.every(({ jwk: { iat = now } }) => iat < limit);
        return made !== undefined && made < limit && !isTold && `${signer?.kid} was made ${formatDistance(made, now)}`;
      }),
  }),
  rule({
    id: 'keyring/replaced-key-without-end',
    level: 'note',
    about: 'keyring',
    means:
      'A key was replaced by one of the same algorithm more than 90 days ago and has no end: verifiers trust it for ever, and its private half is still here.',
    help: 'end it, unless --kid names it: jwtkit keys retire KID; jwtkit keys rotate ends the key that it replaces, jwtkit keygen does not',
    source: 'NIST SP 800-57 §5.3; tutorial, advice "key rotation with a time of grace"',
    bad: keyring([oldKey, { ...newKey, ...from(-100) }], { 'key-2026.pem': halves.old, 'key-2027.pem': halves.new }),
    good: keyring([oldKey, { ...newKey, ...from(-20) }], { 'key-2026.pem': halves.old, 'key-2027.pem': halves.new }),
    check: ({ keys }, { now }) =>
      uses.flatMap((use) => {
        const signer = findSigner(keys[use], now);
        // Keys of several algorithms sign beside each other, by name.
        const begins = new Map<unknown, number[]>();
        for (const key of keys[use]) {
          const start = signsFrom(key);
          if (!key.hasPrivateHalf || isRetired(key) || start > now - 90 * day) continue;
          const others = begins.get(key.jwk.alg);
          if (others === undefined) begins.set(key.jwk.alg, [start]);
          else others.push(start);
        }
        return keys[use].flatMap((key) => {
          if (key === signer || !key.hasPrivateHalf || key.jwk.exp !== undefined) return [];
          const later = begins.get(key.jwk.alg)?.filter((start) => start > signsFrom(key)) ?? [];
          if (later.length === 0) return [];
          return `${key.kid} was replaced ${formatDistance(Math.min(...later), now)} and has no end`;
        });
      }),
  }),
  rule({
    id: 'keyring/ended-key-kept',
    level: 'warning',
    about: 'keyring',
    means:
      'A key ended more than 30 days ago and is still in jwks.json. Many verifiers ignore the exp of a JWK: where this file is published, they still trust the key.',
    help: 'jwtkit keys prune removes ended keys; publish what jwtkit keys jwks prints, which leaves them out',
    source: 'RFC 7517 §4 (which has no exp); NIST SP 800-57 §8.3.4',
    bad: keyring(
      [
        { ...oldKey, ...until(-40) },
        { ...newKey, ...from(-50) },
      ],
      { 'key-2027.pem': halves.new },
    ),
    good: keyring(
      [
        { ...oldKey, ...until(-10) },
        { ...newKey, ...from(-20) },
      ],
      { 'key-2027.pem': halves.new },
    ),
    check: ({ keys }, { now }) =>
      uses.flatMap((use) =>
        keys[use]
          .filter((key) => !isVerifying(key, now - 30 * day))
          .map(({ kid, jwk: { exp = now } }) => `${kid} ended ${formatDistance(exp, now)}`),
      ),
  }),
];
