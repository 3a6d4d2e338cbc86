/** Signing keys of a keyring directory come and go: rotated, retired, removed. Times are planned in token/rotate.ts. */
import { existsSync } from 'node:fs';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm } from '../jose/algorithms.js';
import type { Passphrase } from '../jose/encrypted-key.js';
import { generateKey } from '../jose/keys.js';
import { defaultLifetimes } from '../token/issue.js';
import { findSigner, type KeyringEntry } from '../token/keyring.js';
import {
  type KeyTemplate,
  planRemoval,
  planRetirement,
  planRotation,
  type RetirementTime,
  rotationTemplate,
} from '../token/rotate.js';
import { changeKeyring, checkFreeKid, freshEntry, isEncryptedPem, refusedSecret } from './keyring-changes.js';
import { privatePath, readEntries, setPath } from './keyring-directory.js';

/** What {@link rotateKeys} is told; the new key is of the kind of the one that it replaces unless this says otherwise. */
export interface RotateKeysOptions extends KeyTemplate {
  /** NumericDate: the new key's `iat`. */
  readonly now: number;
  /** Seconds until the new key signs, in which verifiers learn of it; 0 by default. */
  readonly activateIn?: number | undefined;
  /** Seconds for which the replaced key verifies after that: the longest life of its tokens, seven days by default. */
  readonly grace?: number | undefined;
  /** The thumbprint by default. */
  readonly kid?: string | undefined;
  /** Encrypts the new private half. */
  readonly passphrase?: Passphrase | undefined;
  /** Makes the key; {@link generateKey} by default. */
  readonly generate?: typeof generateKey | undefined;
}

/** A rotation that has been written. */
export interface RotatedKeys {
  readonly kid: string;
  readonly alg: AlgorithmName;
  /** NumericDate from which the new key signs. */
  readonly signsFrom: number;
  /** The key that signs until then, and the NumericDate until which it verifies; null where none did. */
  readonly replaced: {
    readonly kid: string;
    readonly verifiesUntil: number;
    /** Whether its private half is under a passphrase. */
    readonly isEncrypted: boolean;
  } | null;
}

/**
 * Makes a new signing key in the keyring of a directory, which is made if need be. The new key is published at once and signs
 * from `now + activateIn` on; the one that signs until then verifies for `grace` seconds more. One write, safe from any
 * number of processes.
 * @throws {JwtkitError} USAGE_INVALID, FILE_EXISTS for a kid that is taken, KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function rotateKeys(directory: string, options: RotateKeysOptions): Promise<RotatedKeys> {
  const now = Math.floor(options.now);
  const activateIn = checkDuration('activateIn', options.activateIn ?? 0);
  const grace = checkDuration('grace', options.grace ?? defaultLifetimes.refresh);
  const { alg, bits, crv } = rotationTemplate(entriesOf(directory), now + activateIn, options);
  // Before a key is made that nobody could keep.
  if (algorithm(alg).kty === 'oct') throw refusedSecret();
  const pair = await (options.generate ?? generateKey)(alg, { bits, crv });
  const { entry, pem } = freshEntry(directory, pair, { alg, now, kid: options.kid, passphrase: options.passphrase });
  return changeKeyring(directory, { make: true }, (entries) => {
    checkFreeKid(entry.kid, entries);
    const times = { now, activation: now + activateIn, grace };
    const rotation = planRotation(entries, entry, times);
    const replaced = rotation.replaced && {
      kid: rotation.replaced.kid,
      verifiesUntil: rotation.replaced.jwk.exp as number,
      isEncrypted: isEncryptedPem(privatePath(directory, rotation.replaced.kid)),
    };
    return {
      entries: rotation.entries,
      halves: new Map([[entry.kid, pem]]),
      result: { kid: entry.kid, alg, signsFrom: times.activation, replaced: replaced ?? null },
    };
  });
}

/** The entries of a keyring that may be yet to be made. */
function entriesOf(directory: string): readonly KeyringEntry[] {
  return existsSync(setPath(directory)) ? readEntries(directory) : [];
}

function checkDuration(name: string, seconds: number): number {
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new JwtkitError('USAGE_INVALID', `${name} is a number of seconds, 0 or more`);
  }
  return Math.floor(seconds);
}

/** What a keyring is like after a key was retired or removed. */
export interface RetiredKey {
  readonly kid: string;
  /** NumericDate until which the key verifies; null for one that was removed. */
  readonly verifiesUntil: number | null;
  /** The kid of the key that signs now; null where none does. */
  readonly signing: string | null;
}

/** What {@link retireKey} is told. */
export interface RetireKeyOptions {
  readonly now: number;
  /** NumericDate until which the key verifies. */
  readonly at?: number | undefined;
  /** Seconds for which it verifies where `at` is not given, never longer than it would have; seven days by default. */
  readonly grace?: number | undefined;
  /** Retire a key without which none would sign. */
  readonly force?: boolean | undefined;
}

/**
 * Takes a key of a keyring out of service: it signs no more, and verifies for a while.
 * @throws {JwtkitError} KEY_NOT_FOUND; KEY_IN_USE where no key would sign any more, unless `force`; USAGE_INVALID for a key
 * that has ended and would verify again; KEYRING_NOT_FOUND, KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function retireKey(directory: string, kid: string, options: RetireKeyOptions): Promise<RetiredKey> {
  const now = Math.floor(options.now);
  const end: RetirementTime =
    options.at === undefined
      ? { grace: checkDuration('grace', options.grace ?? defaultLifetimes.refresh) }
      : { at: Math.floor(options.at) };
  return changeKeyring(directory, { make: false }, (before) => {
    const entries = planRetirement(before, kid, { now, end, force: options.force === true });
    return { entries, result: describe(kid, entries, now) };
  });
}

/** What {@link removeKey} is told. */
export interface RemoveKeyOptions {
  readonly now: number;
  /** Remove a key that still verifies: all its tokens are refused from then on. */
  readonly force?: boolean | undefined;
}

/**
 * Removes a key from a keyring, its private half too.
 * @throws {JwtkitError} KEY_NOT_FOUND; KEY_IN_USE for a key that still verifies, unless `force`; KEYRING_NOT_FOUND,
 * KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function removeKey(directory: string, kid: string, options: RemoveKeyOptions): Promise<RetiredKey> {
  const now = Math.floor(options.now);
  return changeKeyring(directory, { make: false }, (before) => {
    const entries = planRemoval(before, kid, { now, force: options.force === true });
    return { entries, result: describe(kid, entries, now) };
  });
}

function describe(kid: string, entries: readonly KeyringEntry[], now: number): RetiredKey {
  const exp = entries.find((entry) => entry.kid === kid)?.jwk.exp;
  return { kid, verifiesUntil: exp ?? null, signing: findSigner(entries, now)?.kid ?? null };
}
