/** Rules about the files of a keyring folder: its set, its private keys, and what lies beside them. */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../../errors.js';
import { isSamePublicKey, publicHalfOf } from '../../jose/key.js';
import { importEncryptionJwk } from '../../jwe/jwk.js';
import { findSigner, isRetired, signsFrom } from '../../token/keyring.js';
import { from, halves, keyring, newKey, oldKey, passphrase, until } from '../example-keyring.js';
import { type KeyringFolder, type Remark, rule } from '../rule.js';

const uses = ['sig', 'enc'] as const;

/** The private halves that do not fit their keys. Encrypted ones are not opened. */
function findMismatches({ keys, halves: files }: KeyringFolder): Remark[] {
  const publicHalves = [
    ...keys.sig.map(({ kid, key }) => ({ kid, read: () => key.keyObject })),
    ...keys.enc.map(({ kid, jwk }) => ({ kid, read: () => importEncryptionJwk(jwk).keyObject })),
  ];
  return publicHalves.flatMap(({ kid, read }) => {
    const half = files.get(kid);
    if (half === undefined || half.isEncrypted) return [];
    const { spot, count, key } = half;
    if (count !== 1) return [{ message: `it holds ${count === 0 ? 'no private key' : `${count} private keys`}`, spot }];
    if (key === undefined || isSame(key, read)) return [];
    return [{ message: `it is not the private half of ${kid} in jwks.json`, spot }];
  });
}

function isSame(key: KeyObject, read: () => KeyObject): boolean {
  try {
    return isSamePublicKey(publicHalfOf(key), read());
  } catch (error) {
    // A key for encryption that cannot be read: a rule about keys says so.
    if (error instanceof JwtkitError) return true;
    throw error;
  }
}

/** Files with such a name are tried first. */
function rank(name: string): number {
  return /pass|phrase|pw|secret/i.test(/[^\\/]*$/.exec(name)?.[0] ?? '') ? 0 : 1;
}

export const keyringRules = [
  rule({
    id: 'keyring/refused',
    level: 'error',
    about: 'keyring',
    means: 'Every command refuses this keyring, because of its jwks.json.',
    help: 'mend jwks.json, or take it from a backup; jwtkit keys list says what is wrong',
    source: 'docs/keys.md, "The keyring"',
    bad: keyring([newKey, newKey], { 'key-2027.pem': halves.new }),
    good: keyring([newKey], { 'key-2027.pem': halves.new }),
    check: ({ problem }) => problem,
  }),
  rule({
    id: 'keyring/halves-differ',
    level: 'error',
    about: 'keyring',
    means:
      'The file of a private key does not hold the private half of its key in jwks.json: the key cannot sign or decrypt.',
    help: 'put the right file back, or take the key out: jwtkit keys rotate, then jwtkit keys remove KID --force',
    source: 'docs/keys.md, "The keyring"',
    bad: keyring([newKey], { 'key-2027.pem': halves.old }),
    good: keyring([newKey], { 'key-2027.pem': halves.new }),
    check: (value) => findMismatches(value),
  }),
  rule({
    id: 'keyring/stray-private-key',
    level: 'warning',
    about: 'keyring',
    means:
      'A private key lies in the folder and is no key of the set: the copy of an editor or a backup, the rest of a stopped run, or a key that the next prune deletes.',
    help: 'jwtkit keys prune removes the rest of stopped runs; move other keys elsewhere, and delete copies',
    source: 'NIST SP 800-57 §8.3.4; OWASP secrets management cheat sheet',
    bad: keyring([newKey], { 'key-2027.pem': halves.new, 'key-2027.pem~': halves.old }),
    good: keyring([newKey], { 'key-2027.pem': halves.new }),
    check: ({ strays }): Remark[] =>
      strays.map((spot) => ({ message: 'no key of the keyring has this private key', spot })),
  }),
  rule({
    id: 'keyring/some-keys-in-clear',
    level: 'warning',
    about: 'keyring',
    means: 'Private keys of the keyring are encrypted, but not the one that signs, now or later.',
    help: 'replace it by an encrypted key: jwtkit keys rotate --encrypt',
    source: 'NIST SP 800-57 §6.2.2.3; OWASP secrets management cheat sheet',
    bad: keyring(
      [
        { ...newKey, ...until(4) },
        { ...oldKey, ...from(-3) },
      ],
      {
        'key-2027.pem': halves.locked,
        'key-2026.pem': halves.old,
      },
    ),
    good: keyring([newKey], { 'key-2027.pem': halves.locked }),
    check: ({ keys, halves: files }, { now }) => {
      if (![...files.values()].some(({ isEncrypted }) => isEncrypted)) return undefined;
      return uses.flatMap((use) => {
        const signer = findSigner(keys[use], now);
        const later = keys[use].filter((key) => key !== signer && !isRetired(key) && signsFrom(key) > now);
        return [...(signer === undefined ? [] : [signer]), ...later].flatMap(({ kid }): Remark[] => {
          const half = files.get(kid);
          return half?.key === undefined ? [] : [{ message: `${kid} is not encrypted, others are`, spot: half.spot }];
        });
      });
    },
  }),
  rule({
    id: 'keyring/passphrase-beside-key',
    level: 'warning',
    about: 'keyring',
    means: 'A file in the folder has the passphrase of its private keys. A copy of the folder holds both.',
    help: 'keep the passphrase elsewhere, in a secret store, and give the keys another one',
    source: 'NIST SP 800-57 §6.2.2.3; OWASP secrets management cheat sheet',
    bad: keyring([newKey], { 'key-2027.pem': halves.locked, 'passphrase.txt': `${passphrase}\n` }),
    good: keyring([newKey], { 'key-2027.pem': halves.locked, 'readme.txt': 'The keys of the shop\n' }),
    check: ({ halves: files, lines }, { opensKey }) => {
      const [locked] = [...files.values()].flatMap(({ encrypted }) => encrypted ?? []);
      if (locked === undefined) return undefined;
      const likely = lines.toSorted((one, other) => rank(one.spot.source.name) - rank(other.spot.source.name));
      const found = likely.find(({ text }) => opensKey(locked, text));
      return found && { message: 'it has the passphrase of a private key beside it', spot: found.spot };
    },
  }),
  rule({
    id: 'keyring/folder-writable',
    level: 'error',
    about: 'keyring',
    means: 'Other users of this machine can put keys into the folder, or replace its files.',
    help: 'chmod 700 FOLDER; if others were here, replace the keys',
    source: 'SECURITY.md, "The working folder"; NIST SP 800-57 §6.2',
    bad: keyring([newKey], { 'key-2027.pem': halves.new }, { mode: 0o777 }),
    good: keyring([newKey], { 'key-2027.pem': halves.new }, { mode: 0o755 }),
    check: ({ folder: { mode = 0 } }) => (mode & 0o002) !== 0 && 'others can write the folder',
  }),
];
