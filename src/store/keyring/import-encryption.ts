/** Imports the keys for encryption of a file into the keyring of a directory, all or none. */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../../errors.js';
import { requireContent } from '../../jose/arguments.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import { isJsonObject, type JsonObject, own, quoteText } from '../../jose/json.js';
import { exportPublicJwk, type Jwk, thumbprint } from '../../jose/jwk.js';
import type { SkippedJwk } from '../../jose/jwk-set.js';
import { isJsonText } from '../../jose/key-content.js';
import type { PassphraseSource } from '../../jose/keys.js';
import { mendingNote, openWrappedKey } from '../../jose/mended-key.js';
import type { OptionKinds } from '../../jose/options.js';
import { exportPrivatePem } from '../../jose/pem.js';
import { readJsonFile } from '../../jose/text.js';
import type { KeyManagementName } from '../../jwe/algorithms.js';
import { importEncryptionJwk, importEncryptionJwkSet, noEncryptionKey } from '../../jwe/jwk.js';
import { createEncryptionKey, type EncryptionKey } from '../../jwe/key.js';
import { loadEncryptionKeys } from '../../jwe/keys.js';
import { timesOf } from '../../token/import.js';
import { type DatedKey, findSigner } from '../../token/keyring.js';
import { changeEncryptionKeys, checkKid } from './changes.js';
import { checkKeyringOptions } from './keyring-options.js';
import { placeKeys } from './place-keys.js';

/** The options of {@link importEncryptionKeys}. */
export interface ImportEncryptionKeysOptions {
  /** NumericDate: the `iat` of a key that states none. */
  readonly now: number;
  /** The algorithm of keys that do not name their own. */
  readonly alg?: KeyManagementName | undefined;
  /** The kid of a single key. */
  readonly kid?: string | undefined;
  /** Leave private halves out. */
  readonly publicOnly?: boolean | undefined;
  /** A name for messages, such as the file's. */
  readonly source?: string | undefined;
  /** Opens an encrypted private key, and encrypts the keyring's copy. */
  readonly passphrase?: PassphraseSource | undefined;
  readonly note?: ((text: string) => void) | undefined;
}

const importKinds: OptionKinds<ImportEncryptionKeysOptions> = {
  now: 'checked elsewhere',
  alg: 'a string',
  kid: 'a string',
  publicOnly: 'true or false',
  source: 'a string',
  passphrase: 'checked elsewhere',
  note: 'a function',
};

/** The result of an import. */
export interface ImportedEncryptionKeys {
  readonly keys: readonly (DatedKey & {
    readonly alg: KeyManagementName;
    /** Whether the keyring had the public key already, and got its private half. */
    readonly isCompleted: boolean;
  })[];
  /** Members of a JWK Set that were left out, such as keys that sign. */
  readonly skipped: readonly SkippedJwk[];
  /** The kid of the key that others encrypt to now, or null. */
  readonly signing: string | null;
}

/**
 * Imports the keys for encryption of a file into the keyring of a directory, which is made if need be. Others encrypt to a key with
 * a private half from its `nbf`, else its `iat`, else from now on. An existing key gets a missing private half and does not
 * change otherwise.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG; FILE_EXISTS for an existing key or kid;
 * USAGE_INVALID for a secret or a kid that cannot name a file; KEYRING_INVALID, FILE_NOT_WRITABLE.
 */
export async function importEncryptionKeys(
  directory: string,
  content: Uint8Array,
  options: ImportEncryptionKeysOptions,
): Promise<ImportedEncryptionKeys> {
  checkKeyringOptions(directory, options, importKinds);
  requireContent(content, 'key');
  const now = Math.floor(options.now);
  const where = options.source === undefined ? '' : `${options.source}: `;
  const { found, skipped, passphrase } = await readFile(content, options, where);
  if (options.kid !== undefined && found.length > 1) {
    throw new JwtkitError('USAGE_INVALID', `${where}a kid is for one key, here are ${found.length}`);
  }
  // Encrypts before it takes the lock: encrypting is slow. Fails before a keyring is made.
  const incoming = found.map((each) => {
    const { privateKey, alg, ...entry } = toIncoming(each, { ...options, now }, where);
    checkKid(entry.kid);
    return { entry, alg, pem: privateKey === undefined ? undefined : exportPrivatePem(privateKey, { passphrase }) };
  });
  const otherUse = 'which signs; make another one for encryption';
  return changeEncryptionKeys(directory, { make: true }, (before, signing) => {
    const placing = { now, kid: options.kid, others: signing, otherUse };
    const { entries, halves, placed } = placeKeys(before, incoming, placing);
    const keys = placed.map(({ entry, isCompleted }, at) => {
      return { ...entry, alg: (incoming[at] as (typeof incoming)[number]).alg, isCompleted };
    });
    return { entries, halves, result: { keys, skipped, signing: findSigner(entries, now)?.kid ?? null } };
  });
}

interface Found {
  readonly key: EncryptionKey;
  readonly jwk?: JsonObject | undefined;
}

async function readFile(content: Uint8Array, options: ImportEncryptionKeysOptions, where: string) {
  const { source, note } = options;
  let passphrase: Passphrase | undefined = typeof options.passphrase === 'function' ? undefined : options.passphrase;
  const { content: bytes, mended } = openWrappedKey(Buffer.from(content), where);
  const set = isJsonText(bytes) ? readJwks(bytes, source, where) : undefined;
  if (set !== undefined) {
    if (mended.length > 0) note?.(mendingNote(where, mended));
    return { ...set, passphrase };
  }
  const ask: PassphraseSource = async (name) => {
    if (typeof options.passphrase === 'function') passphrase = await options.passphrase(name);
    return passphrase;
  };
  const keys = await loadEncryptionKeys(content, { purpose: 'any', source, note, passphrase: ask });
  return { found: keys.map((key): Found => ({ key })), skipped: [], passphrase };
}

/** Returns each key with its JWK, which holds its times; undefined for other JSON. */
function readJwks(
  bytes: Uint8Array,
  source: string | undefined,
  where: string,
): { found: Found[]; skipped: readonly SkippedJwk[] } | undefined {
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const { value: json } = readJsonFile(bytes, (problem, hint) => invalid(`the JWK ${problem}`, hint));
  if (own(json, 'kty') !== undefined)
    return { found: [{ key: importEncryptionJwk(json, { source }), jwk: json }], skipped: [] };
  if (!Array.isArray(own(json, 'keys'))) return undefined;
  const { members, skipped } = importEncryptionJwkSet(json, { source });
  if (members.size === 0) throw invalid(noEncryptionKey(skipped));
  return { found: [...members].map(([key, jwk]) => ({ key, jwk })), skipped };
}

interface Incoming extends DatedKey {
  readonly alg: KeyManagementName;
  readonly privateKey: KeyObject | undefined;
}

function toIncoming({ key, jwk: stated }: Found, options: ImportEncryptionKeysOptions, where: string): Incoming {
  const { keyObject } = key;
  if (keyObject.type === 'secret') {
    throw new JwtkitError('USAGE_INVALID', `${where}a shared secret has no public half, a keyring holds key pairs`, {
      hint: 'keep it in a file of its own, for --secret-file',
    });
  }
  const [preferred] = key.algorithms as [KeyManagementName];
  if (isJsonObject(stated) && own(stated, 'alg') !== undefined && (options.alg ?? preferred) !== preferred) {
    throw new JwtkitError('KEY_INVALID', `${where}the JWK's alg is ${quoteText(preferred)}, not ${options.alg}`);
  }
  const alg = options.alg ?? preferred;
  // Refuses an algorithm that the key is not for.
  createEncryptionKey(keyObject, { alg, source: options.source });
  const privateKey = keyObject.type === 'private' && options.publicOnly !== true ? keyObject : undefined;
  const kid = options.kid ?? key.kid ?? thumbprint(keyObject);
  const times = timesOf(stated, privateKey, options, where);
  const jwk: Jwk = { ...exportPublicJwk(keyObject), kid, alg, use: 'enc', ...times };
  return { kid, jwk, alg, privateKey, hasPrivateHalf: privateKey !== undefined };
}
