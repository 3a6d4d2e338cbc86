/** Reads key files for a keyring: public halves as JWKs with their times, and private halves if there are any. */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { isPkcs12 } from '../jose/der.js';
import { type JsonObject, own, quoteText } from '../jose/json.js';
import { exportPublicJwk, type Jwk, thumbprint } from '../jose/jwk.js';
import { importJwkSet, noUsableKey, type SkippedJwk } from '../jose/jwk-set.js';
import { createKey, type Key } from '../jose/key.js';
import { isJsonText } from '../jose/key-content.js';
import { readKeyJson } from '../jose/key-json.js';
import { loadKeys, loadPemMap, type PassphraseSource, type UnlockKeysOptions, unlockKeys } from '../jose/keys.js';
import { mendingNote, openWrappedKey } from '../jose/mended-key.js';
import type { OptionKinds } from '../jose/options.js';
import { isNumericDate } from './time.js';

/** How {@link readKeyFile} takes its input. */
export interface ReadKeyFileOptions {
  /** NumericDate: the `iat` of a key that states none. */
  readonly now: number;
  /** The algorithm of keys that do not name their own. */
  readonly alg?: AlgorithmName | undefined;
  /** The kid of a single key. */
  readonly kid?: string | undefined;
  /** Leave private halves out. */
  readonly publicOnly?: boolean | undefined;
  /** A name for messages, such as the file's. */
  readonly source?: string | undefined;
  /** Opens an encrypted private key. */
  readonly passphrase?: PassphraseSource | undefined;
  /** Called with each fact that a person should know, such as what was mended. */
  readonly note?: ((text: string) => void) | undefined;
}

/** What the options of {@link readKeyFile} have to be. */
export const readKeyFileKinds: OptionKinds<ReadKeyFileOptions> = {
  now: 'checked elsewhere',
  alg: 'a string',
  kid: 'a string',
  publicOnly: 'true or false',
  source: 'a string',
  passphrase: 'checked elsewhere',
  note: 'a function',
};

/** A key to put into a keyring. */
interface IncomingKey {
  /** The public half with `kid`, `alg`, `use` and its times. */
  readonly jwk: Jwk & { readonly kid: string; readonly alg: AlgorithmName };
  readonly privateKey: KeyObject | undefined;
  /** Whether neither the file nor the caller named the algorithm, and the key allows others. */
  readonly isAlgGuessed: boolean;
}

/** The keys of a key file. */
export interface KeyFile {
  readonly keys: readonly IncomingKey[];
  /** Members of a JWK Set that are no signature keys, such as keys for encryption. */
  readonly skipped: readonly SkippedJwk[];
}

/**
 * Reads a key file: PEM, DER, certificate, PKCS#12, JWK or JWK Set, of either half. A JWK's own `kid`, `alg` and times are kept, except
 * for an `nbf` without a private half, which says nothing. A JWK Set is read whole or not at all.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG; USAGE_INVALID for secrets, and for a kid for several keys.
 */
export async function readKeyFile(content: Uint8Array, options: ReadKeyFileOptions): Promise<KeyFile> {
  const where = options.source === undefined ? '' : `${options.source}: `;
  const { content: bytes, mended } = openWrappedKey(Buffer.from(content), where);
  const { found, skipped } = isJsonText(bytes)
    ? await readJwks(bytes, options, where)
    : {
        found: (await readBareKeys(bytes, options, where)).map((key) => ({ key, jwk: undefined })),
        skipped: [],
      };
  if (mended.length > 0) options.note?.(mendingNote(where, mended));
  if (options.kid !== undefined && found.length > 1) {
    throw new JwtkitError('USAGE_INVALID', `${where}a kid is for one key, here are ${found.length}`);
  }
  return { keys: found.map(({ key, jwk }) => toIncoming(key, jwk, options, where)), skipped };
}

type BareKeyOptions = Pick<UnlockKeysOptions, 'source' | 'passphrase' | 'note' | 'onSkipped'>;

/**
 * Loads the keys of a file as `unlockKeys` does for any purpose, PKCS#12 included.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG.
 */
export function loadAnyKeys(content: Uint8Array, options: BareKeyOptions): Promise<readonly Key[]> {
  const where = options.source === undefined ? '' : `${options.source}: `;
  const { content: bytes, mended } = openWrappedKey(Buffer.from(content), where);
  if (mended.length > 0) options.note?.(mendingNote(where, mended));
  return readBareKeys(bytes, options, where);
}

async function readBareKeys(
  content: Uint8Array,
  { source, passphrase, note, onSkipped }: BareKeyOptions,
  where: string,
): Promise<readonly Key[]> {
  if (!isPkcs12(content)) return unlockKeys(content, { purpose: 'any', source, passphrase, note, onSkipped });
  const opening = typeof passphrase === 'function' ? await passphrase(source) : passphrase;
  if (opening === undefined) {
    throw new JwtkitError('KEY_ENCRYPTED', `${where}a PKCS#12 file takes its passphrase`, {
      hint: 'give it with --passphrase-file or --passphrase-env; if it is empty, take the key out first: openssl pkcs12 -in FILE -nodes -passin pass:',
    });
  }
  const { readPkcs12 } = await import('../jose/pkcs12.js');
  const { privateKey } = await readPkcs12(content, opening, where);
  return [createKey(privateKey, { source })];
}

interface FoundKey {
  readonly key: Key;
  readonly jwk: JsonObject | undefined;
}

/** Returns each key with its JWK, which holds its times. */
async function readJwks(
  content: Uint8Array,
  { source, passphrase, note }: ReadKeyFileOptions,
  where: string,
): Promise<{ found: FoundKey[]; skipped: SkippedJwk[] }> {
  const read = readKeyJson(content, { where, purpose: 'any' });
  if (read.form === 'member') {
    const keys = await unlockKeys(content, { purpose: 'any', source, passphrase, note });
    return { found: keys.map((key) => ({ key, jwk: undefined })), skipped: [] };
  }
  const { form, json, notes } = read;
  for (const each of notes) note?.(each);
  if (form === 'JWK') {
    const [key] = loadKeys(content, { purpose: 'any', source });
    return { found: [{ key, jwk: json }], skipped: [] };
  }
  const { members, skipped, hint } = form === 'PEM map' ? loadPemMap(json, source) : importJwkSet(json, { source });
  const found = [...members].map(([key, jwk]) => ({ key, jwk }));
  if (found.length === 0) throw new JwtkitError('KEY_INVALID', `${where}${noUsableKey(skipped)}`, { hint });
  const kids = new Set<string>();
  for (const { kid } of members.keys()) {
    if (kid === undefined) continue;
    // A keyring names the private key's file by the kid.
    if (kids.has(kid)) throw new JwtkitError('KEY_INVALID', `${where}two keys have the kid ${quoteText(kid)}`);
    kids.add(kid);
  }
  return { found, skipped };
}

function toIncoming(key: Key, stated: JsonObject | undefined, options: ReadKeyFileOptions, where: string): IncomingKey {
  const { keyObject } = key;
  if (keyObject.type === 'secret') {
    throw new JwtkitError('USAGE_INVALID', `${where}a shared secret has no public half, a keyring holds key pairs`, {
      hint: 'keep it in a file of its own, for --secret-file',
    });
  }
  const isStated = stated !== undefined && own(stated, 'alg') !== undefined;
  const [preferred, ...others] = key.algorithms as [AlgorithmName, ...AlgorithmName[]];
  if (isStated && options.alg !== undefined && options.alg !== preferred) {
    throw new JwtkitError('KEY_INVALID', `${where}the JWK's alg is ${preferred}, not ${options.alg}`);
  }
  const alg = options.alg ?? preferred;
  // Refuses an algorithm that the key is not for, or too small for.
  createKey(keyObject, { alg, source: options.source });
  const privateKey = keyObject.type === 'private' && options.publicOnly !== true ? keyObject : undefined;
  if (privateKey !== undefined && !key.operations.includes('sign')) {
    throw new JwtkitError('KEY_INVALID', `${where}the JWK's key_ops does not allow sign`, {
      hint: 'its public half verifies: import it with --public-half',
    });
  }
  const kid = options.kid ?? key.kid ?? thumbprint(keyObject);
  const jwk = { ...exportPublicJwk(keyObject), kid, alg, use: 'sig', ...timesOf(stated, privateKey, options, where) };
  return { jwk, privateKey, isAlgGuessed: !isStated && options.alg === undefined && others.length > 0 };
}

/** Returns the times of a new key: those that its JWK states, and `iat` in any case. */
export function timesOf(
  stated: JsonObject | undefined,
  privateKey: KeyObject | undefined,
  { now }: Pick<ReadKeyFileOptions, 'now'>,
  where: string,
): Pick<Jwk, 'iat' | 'nbf' | 'exp'> {
  const times: Pick<Jwk, 'iat' | 'nbf' | 'exp'> = { iat: now };
  for (const name of ['iat', 'nbf', 'exp'] as const) {
    const moment = stated === undefined ? undefined : own(stated, name);
    if (moment === undefined || (name === 'nbf' && privateKey === undefined)) continue;
    if (!isNumericDate(moment)) {
      throw new JwtkitError('KEY_INVALID', `${where}the JWK's ${name} is no NumericDate`);
    }
    times[name] = moment;
  }
  return times;
}
