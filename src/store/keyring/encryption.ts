/** The keys for encryption of a keyring directory: `use` is `enc` in `jwks.json`, and `<kid>.pem` holds the private half. */
import { existsSync } from 'node:fs';
import { JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { watchFile } from '../../files/watched-file.js';
import { requireText } from '../../jose/arguments.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import { exportPublicJwk, type Jwk, thumbprint } from '../../jose/jwk.js';
import { isSamePublicKey, maxKeyBytes, publicHalfOf } from '../../jose/key.js';
import type { PassphraseSource } from '../../jose/keys.js';
import type { OptionKinds } from '../../jose/options.js';
import { exportPrivatePem } from '../../jose/pem.js';
import { isKeyManagementName, type KeyManagementName, keyManagement } from '../../jwe/algorithms.js';
import { type EncryptionKeyKind, generateEncryptionKey } from '../../jwe/generate-key.js';
import { importEncryptionJwk } from '../../jwe/jwk.js';
import type { EncryptionKey } from '../../jwe/key.js';
import { loadEncryptionKeys } from '../../jwe/keys.js';
import { type DatedKey, entryOf, findSigner, isVerifying } from '../../token/keyring.js';
import { defaultLifetimes } from '../../token/new-claims.js';
import { planRotation } from '../../token/rotate.js';
import { requireDuration, requireNow } from '../../token/time.js';
import { byFoldedKid, changeEncryptionKeys, checkFreeKid, checkKid, isEncryptedPem } from './changes.js';
import { privatePath, readMembers, setPath } from './directory.js';
import { checkKeyringOptions } from './keyring-options.js';
import type { RotatedKeys } from './rotation.js';

/** The options of {@link addEncryptionKey}. Without `alg` and `crv` it is an EC key on P-256 for ECDH-ES. */
export interface AddEncryptionKeyOptions extends EncryptionKeyKind {
  /** NumericDate: the new key's `iat`. */
  readonly now: number;
  /** The thumbprint by default. */
  readonly kid?: string | undefined;
  /** Encrypts the private key. */
  readonly passphrase?: Passphrase | undefined;
}

const addKinds: OptionKinds<AddEncryptionKeyOptions> = {
  alg: 'a string',
  crv: 'a string',
  bits: 'a number',
  now: 'checked elsewhere',
  kid: 'a string',
  passphrase: 'checked elsewhere',
};
const rotateKinds: OptionKinds<RotateEncryptionKeysOptions> = {
  ...addKinds,
  activateIn: 'a number',
  grace: 'a number',
};
const openKinds: OptionKinds<Parameters<typeof keyringDecryptionKeys>[1]> = {
  now: 'checked elsewhere',
  kids: 'an array of strings',
  passphrase: 'checked elsewhere',
};

async function freshKey(options: AddEncryptionKeyOptions): Promise<{ key: DatedKey; pem: string }> {
  const now = Math.floor(requireNow(options?.now));
  const { alg = 'ECDH-ES+A256KW', kid, passphrase } = options;
  if (kid !== undefined) checkKid(kid);
  const { publicKey, privateKey } = await generateEncryptionKey(options);
  const jwk: Jwk = exportPublicJwk(publicKey);
  const named = kid ?? thumbprint(jwk);
  const key = { kid: named, jwk: { ...jwk, kid: named, alg, use: 'enc', iat: now }, hasPrivateHalf: true };
  return { key, pem: exportPrivatePem(privateKey, { passphrase }) };
}

/**
 * Adds a new key pair for encryption to the keyring of a directory, which is made if need be. Returns its kid.
 * @throws {JwtkitError} USAGE_INVALID, FILE_EXISTS for a kid that is taken; KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function addEncryptionKey(directory: string, options: AddEncryptionKeyOptions): Promise<string> {
  checkKeyringOptions(directory, options, addKinds);
  const { key, pem } = await freshKey(options);
  return changeEncryptionKeys(directory, { make: true }, (keys) => {
    checkFreeKid(key.kid, byFoldedKid(keys));
    return { entries: [...keys, key], halves: new Map([[key.kid, pem]]), result: key.kid };
  });
}

/** The options of {@link rotateEncryptionKeys}. By default the new key has the kind of the one that it replaces. */
export interface RotateEncryptionKeysOptions extends AddEncryptionKeyOptions {
  /** Seconds until others should encrypt to the new key. */
  readonly activateIn?: number | undefined;
  /** Seconds for which the replaced key then decrypts; by default as long as a refresh token lives. */
  readonly grace?: number | undefined;
}

/**
 * Makes a new key for encryption. The one before it decrypts for `grace` seconds more.
 * @throws {JwtkitError} as {@link addEncryptionKey}.
 */
export async function rotateEncryptionKeys(
  directory: string,
  options: RotateEncryptionKeysOptions,
): Promise<Omit<RotatedKeys, 'alg'> & { readonly alg: KeyManagementName }> {
  checkKeyringOptions(directory, options, rotateKinds);
  const now = Math.floor(options.now);
  const activation = now + requireDuration('activateIn', options.activateIn ?? 0);
  const grace = requireDuration('grace', options.grace ?? defaultLifetimes.refresh);
  const current = existsSync(setPath(directory))
    ? findSigner(readMembers(directory).encryptionKeys, activation)
    : undefined;
  const old = current && importEncryptionJwk(current.jwk);
  const alg = options.alg ?? old?.algorithms[0] ?? 'ECDH-ES+A256KW';
  if (!isKeyManagementName(alg)) throw new JwtkitError('USAGE_INVALID', 'alg is no key management algorithm');
  const isSameKind =
    old !== undefined && keyManagement(old.algorithms[0] as KeyManagementName).kind === keyManagement(alg).kind;
  const isRsa = old?.shape.kty === 'RSA';
  const kind = isSameKind
    ? { crv: options.crv ?? old.shape.crv, bits: options.bits ?? (isRsa ? old.shape.bits : undefined) }
    : {};
  const { key, pem } = await freshKey({ ...options, ...kind, alg, now });
  return changeEncryptionKeys(directory, { make: true }, (keys) => {
    checkFreeKid(key.kid, byFoldedKid(keys));
    const { entries, replaced } = planRotation(keys, key, { now, activation, grace });
    const ended = replaced && {
      kid: replaced.kid,
      verifiesUntil: replaced.jwk.exp as number,
      isEncrypted: isEncryptedPem(privatePath(directory, replaced.kid)),
    };
    const result = { kid: key.kid, alg, signsFrom: activation, replaced: ended ?? null };
    return { entries, halves: new Map([[key.kid, pem]]), result };
  });
}

/**
 * Returns the public key of a keyring to encrypt to at `now`, or the one named by `kid`.
 * @throws {JwtkitError} USAGE_INVALID for a `now` that is no NumericDate; KEY_NOT_FOUND; KEYRING_NOT_FOUND, KEYRING_INVALID.
 */
export function keyringRecipient(directory: string, now: number, kid?: string): EncryptionKey {
  requireText(directory, 'directory');
  requireNow(now);
  if (kid !== undefined) requireText(kid, 'kid');
  const keys = readMembers(directory).encryptionKeys.filter((key) => isVerifying(key, now));
  const found = kid === undefined ? findSigner(keys, now) : keys.find((key) => key.kid === kid);
  if (found !== undefined) return importEncryptionJwk(found.jwk, { source: setPath(directory) });
  const what =
    kid === undefined ? 'no key for encryption' : `no key for encryption with the kid ${JSON.stringify(kid)}`;
  const kids = kid === undefined ? [] : keys.map((key) => key.kid);
  const hint = kids.length > 0 ? `its keys: ${kids.join(', ')}` : 'make one with: jwtkit keygen --use enc';
  throw new JwtkitError('KEY_NOT_FOUND', `the keyring has ${what}`, { hint });
}

/**
 * Opens the private keys of a keyring that decrypt at `now`; of the named kids alone, if there are any.
 * @throws {JwtkitError} USAGE_INVALID for a `now` that is no NumericDate; KEY_NOT_FOUND if no key decrypts; KEYRING_NOT_FOUND,
 * KEYRING_INVALID, KEY_ENCRYPTED, PASSPHRASE_WRONG.
 */
export async function keyringDecryptionKeys(
  directory: string,
  options: { readonly now: number; readonly kids?: readonly string[]; readonly passphrase?: PassphraseSource },
): Promise<EncryptionKey[]> {
  checkKeyringOptions(directory, options, openKinds);
  const { now, kids = [], passphrase } = options;
  const keys = decrypting(readMembers(directory).encryptionKeys, now, kids);
  return Promise.all(keys.map((key) => openPrivateHalf(directory, key, passphrase)));
}

/**
 * Returns a function that opens the private keys of a keyring that decrypt at a moment, also after a change by another process. Each
 * is opened once.
 * @throws {JwtkitError} from each call, as {@link keyringDecryptionKeys}.
 */
export function watchDecryptionKeys(
  directory: string,
  passphrase?: PassphraseSource,
): (now: number) => Promise<EncryptionKey[]> {
  let halves = new Map<string, Promise<EncryptionKey>>();
  const current = watchFile(setPath(directory), () => {
    halves = new Map();
    return readMembers(directory).encryptionKeys;
  });
  const open = (key: DatedKey) => {
    const opened = halves.get(key.kid) ?? openPrivateHalf(directory, key, passphrase);
    halves.set(key.kid, opened);
    // A failed attempt is not cached.
    opened.catch(() => halves.delete(key.kid));
    return opened;
  };
  return async (now) => Promise.all(decrypting(current(), now, []).map(open));
}

/** Returns the keys that decrypt at `now`; of the named kids alone, if there are any. */
function decrypting(entries: readonly DatedKey[], now: number, kids: readonly string[]): readonly DatedKey[] {
  const all = entries.filter((key) => key.hasPrivateHalf && isVerifying(key, now));
  const keys = kids.length === 0 ? all : all.filter(({ kid }) => kids.includes(kid));
  if (keys.length === 0) {
    const named = kids.length === 0 ? '' : `, of the kid ${JSON.stringify(kids[0])}`;
    throw new JwtkitError('KEY_NOT_FOUND', `the keyring has no key to decrypt with${named}`, {
      hint:
        all.length === 0
          ? 'name one with --key, or make one with: jwtkit keygen --use enc'
          : `its kids: ${all.map(({ kid }) => kid).join(', ')}`,
    });
  }
  return keys;
}

async function openPrivateHalf(
  directory: string,
  { kid, jwk }: DatedKey,
  passphrase: PassphraseSource | undefined,
): Promise<EncryptionKey> {
  const path = privatePath(directory, kid);
  const stated = importEncryptionJwk(jwk, { source: setPath(directory) });
  const options = { purpose: 'decrypt', source: path, kid, passphrase } as const;
  const [key] = await loadEncryptionKeys(readFileBounded(path, maxKeyBytes), options);
  if (key === undefined || !isSamePublicKey(publicHalfOf(key.keyObject), stated.keyObject)) {
    throw new JwtkitError('KEYRING_INVALID', `${path} is not the private half of ${kid} in ${setPath(directory)}`);
  }
  return { ...key, algorithms: stated.algorithms };
}

/**
 * Returns a key for encryption of a keyring, whether it is used now or not: its public half, or its private half.
 * @throws {JwtkitError} KEY_NOT_FOUND, KEYRING_INVALID, FILE_NOT_READABLE, KEY_ENCRYPTED, PASSPHRASE_WRONG.
 */
export async function findEncryptionKey(
  directory: string,
  kid: string,
  isPrivate: boolean,
  passphrase?: PassphraseSource,
): Promise<{ key: EncryptionKey; jwk: Jwk }> {
  const found = entryOf(readMembers(directory).encryptionKeys, kid);
  const key = isPrivate ? await openPrivateHalf(directory, found, passphrase) : importEncryptionJwk(found.jwk);
  return { key, jwk: found.jwk };
}
