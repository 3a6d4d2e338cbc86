/** Rotates, retires and removes keys of a keyring directory. `token/rotate.ts` plans the times. */
import { existsSync } from 'node:fs';
import { type AlgorithmName, algorithm, requireAlgorithm } from '../../jose/algorithms.js';
import { requireText } from '../../jose/arguments.js';
import { generateKey, type KeyMaker } from '../../jose/generate-key.js';
import type { OptionKinds } from '../../jose/options.js';
import { type KeyUse, useOf } from '../../token/key-words.js';
import { type DatedKey, entryOf, findSigner } from '../../token/keyring.js';
import { defaultLifetimes } from '../../token/new-claims.js';
import {
  type KeyTemplate,
  planRemoval,
  planRetirement,
  planRotation,
  type RetirementTime,
  rotationTemplate,
} from '../../token/rotate.js';
import { requireDuration, requireNow } from '../../token/time.js';
import {
  type AddKeyOptions,
  byFoldedKid,
  changeEncryptionKeys,
  changeKeyring,
  checkFreeKid,
  freshEntry,
  isEncryptedPem,
  refusedSecret,
} from './changes.js';
import { privatePath, readEntries, readMembers, setPath } from './directory.js';
import { checkKeyringOptions } from './keyring-options.js';

/** The options of {@link rotateKeys}. By default the new key has the kind of the one that it replaces. */
export interface RotateKeysOptions extends KeyTemplate, Omit<AddKeyOptions, 'alg'> {
  /** Seconds until the new key signs, so that verifiers learn of it first; 0 by default. */
  readonly activateIn?: number | undefined;
  /** Seconds for which the replaced key then verifies: the longest life of its tokens, seven days by default. */
  readonly grace?: number | undefined;
  /** Makes the key; {@link generateKey} by default. */
  readonly generate?: KeyMaker | undefined;
}

const rotateKinds: OptionKinds<RotateKeysOptions> = {
  alg: 'a string',
  bits: 'a number',
  crv: 'a string',
  now: 'checked elsewhere',
  kid: 'a string',
  passphrase: 'checked elsewhere',
  activateIn: 'a number',
  grace: 'a number',
  generate: 'a function',
};

/** The result of a rotation. */
export interface RotatedKeys {
  readonly kid: string;
  readonly alg: AlgorithmName;
  /** NumericDate from which the new key signs. */
  readonly signsFrom: number;
  /** The key that signs until then; null if there is none. */
  readonly replaced: {
    readonly kid: string;
    /** NumericDate. */
    readonly verifiesUntil: number;
    /** Whether its private key is encrypted. */
    readonly isEncrypted: boolean;
  } | null;
}

/**
 * Makes a new signing key in the keyring of a directory, which is made if need be. The new key is published at once and signs from
 * `now + activateIn`. The key before it verifies for `grace` seconds more.
 * @throws {JwtkitError} USAGE_INVALID, FILE_EXISTS for a kid that is taken, KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function rotateKeys(directory: string, options: RotateKeysOptions): Promise<RotatedKeys> {
  checkKeyringOptions(directory, options, rotateKinds);
  const now = Math.floor(options.now);
  const activateIn = requireDuration('activateIn', options.activateIn ?? 0);
  const grace = requireDuration('grace', options.grace ?? defaultLifetimes.refresh);
  const activation = now + activateIn;
  const current = existsSync(setPath(directory)) ? readEntries(directory) : [];
  const { alg, bits, crv } = rotationTemplate(current, activation, options);
  requireAlgorithm(alg);
  // Fails before a key is made.
  if (algorithm(alg).kty === 'oct') throw refusedSecret();
  const pair = await (options.generate ?? generateKey)(alg, { bits, crv });
  const { entry, pem } = freshEntry(directory, pair, { ...options, alg, now });
  return changeKeyring(directory, { make: true }, (entries) => {
    checkFreeKid(entry.kid, byFoldedKid(entries));
    const { replaced, ...rotation } = planRotation(entries, entry, { now, activation, grace });
    const old = replaced && {
      kid: replaced.kid,
      verifiesUntil: replaced.jwk.exp as number,
      isEncrypted: isEncryptedPem(privatePath(directory, replaced.kid)),
    };
    const result = { kid: entry.kid, alg, signsFrom: activation, replaced: old ?? null };
    return { entries: rotation.entries, halves: new Map([[entry.kid, pem]]), result };
  });
}

/** The result of retiring or removing a key. */
export interface RetiredKey {
  readonly kid: string;
  /** `enc` for a key for encryption, which decrypts while others verify. */
  readonly use: KeyUse;
  /** NumericDate until which the key verifies; null for a removed key. */
  readonly verifiesUntil: number | null;
  /** The kid of the key that signs now, or to which others encrypt, or null. */
  readonly signing: string | null;
}

/** The options of {@link retireKey}. */
export interface RetireKeyOptions {
  readonly now: number;
  /** NumericDate until which the key verifies. */
  readonly at?: number | undefined;
  /** Seconds for which it verifies without `at`, but never longer than before; seven days by default. */
  readonly grace?: number | undefined;
  /** Retire the key even if no other signs. */
  readonly force?: boolean | undefined;
}

const retireKinds: OptionKinds<RetireKeyOptions> = {
  now: 'checked elsewhere',
  at: 'a number',
  grace: 'a number',
  force: 'true or false',
};

/**
 * Retires a key of a keyring: it signs no more, and verifies for a while.
 * @throws {JwtkitError} KEY_NOT_FOUND; KEY_IN_USE if no key would sign any more, unless `force`; USAGE_INVALID for an ended key that
 * would verify again; KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function retireKey(directory: string, kid: string, options: RetireKeyOptions): Promise<RetiredKey> {
  checkKeyringOptions(directory, options, retireKinds);
  requireText(kid, 'kid');
  const now = Math.floor(options.now);
  const end: RetirementTime =
    options.at === undefined
      ? { grace: requireDuration('grace', options.grace ?? defaultLifetimes.refresh) }
      : { at: Math.floor(requireNow(options.at, 'at')) };
  return changeKeysLike(directory, kid, (before) => {
    const entries = planRetirement(before, kid, { now, end, force: options.force === true });
    return { entries, result: retiredKeyOf(kid, before, entries, now) };
  });
}

/** The options of {@link removeKey}. */
export interface RemoveKeyOptions {
  readonly now: number;
  /** Remove the key even if it verifies. All its tokens are then refused. */
  readonly force?: boolean | undefined;
}

const removeKinds: OptionKinds<RemoveKeyOptions> = { now: 'checked elsewhere', force: 'true or false' };

/**
 * Removes a key and its private half from a keyring.
 * @throws {JwtkitError} KEY_NOT_FOUND; KEY_IN_USE for a key that verifies, unless `force`; KEYRING_NOT_FOUND,
 * KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function removeKey(directory: string, kid: string, options: RemoveKeyOptions): Promise<RetiredKey> {
  checkKeyringOptions(directory, options, removeKinds);
  requireText(kid, 'kid');
  const now = Math.floor(options.now);
  return changeKeysLike(directory, kid, (before) => {
    const entries = planRemoval(before, kid, { now, force: options.force === true });
    return { entries, result: retiredKeyOf(kid, before, entries, now) };
  });
}

/** Changes the keys of the kind of a key: those that sign, or those for encryption. */
function changeKeysLike<T>(
  directory: string,
  kid: string,
  plan: <Entry extends DatedKey>(before: readonly Entry[]) => { entries: readonly Entry[]; result: T },
): Promise<T> {
  const isEncryption = readMembers(directory).encryptionKeys.some((key) => key.kid === kid);
  return isEncryption
    ? changeEncryptionKeys(directory, { make: false }, plan)
    : changeKeyring(directory, { make: false }, plan);
}

function retiredKeyOf(kid: string, before: readonly DatedKey[], after: readonly DatedKey[], now: number): RetiredKey {
  const exp = after.find((entry) => entry.kid === kid)?.jwk.exp;
  const use = useOf(entryOf(before, kid).jwk);
  return { kid, use, verifiesUntil: exp ?? null, signing: findSigner(after, now)?.kid ?? null };
}
