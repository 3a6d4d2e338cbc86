/** What a key file brings into a keyring: the public half as a JWK of ours, its place in time, the private half if it has one. */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { isPkcs12 } from '../jose/der.js';
import { JsonError, type JsonObject, own, parseJsonObject } from '../jose/json.js';
import { exportPublicJwk, importJwkSet, type Jwk, type SkippedJwk, thumbprint } from '../jose/jwk.js';
import { createKey, type Key } from '../jose/key.js';
import { loadKeys, type PassphraseSource, unlockKeys } from '../jose/keys.js';
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
  /** Opens a private key that is encrypted. */
  readonly passphrase?: PassphraseSource | undefined;
}

/** A key on its way into a keyring. */
export interface IncomingKey {
  /** The public half with `kid`, `alg`, `use` and its times. */
  readonly jwk: Jwk & { readonly kid: string; readonly alg: AlgorithmName };
  readonly privateKey: KeyObject | undefined;
  /** Whether nobody named the algorithm, and the key allows others. */
  readonly isAlgGuessed: boolean;
}

/** All that a key file brings. */
export interface KeyFile {
  readonly keys: readonly IncomingKey[];
  /** Members of a JWK Set that sign nothing, such as keys for encryption. */
  readonly skipped: readonly SkippedJwk[];
}

/**
 * Reads a key file: PEM, DER, certificate, PKCS#12, JWK or JWK Set, of either half. A JWK's own `kid`, `alg` and times are kept, except
 * for an `nbf` without a private half, which says nothing. A JWK Set is read whole or not at all.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK, KEY_ENCRYPTED, PASSPHRASE_WRONG; USAGE_INVALID for secrets, and for a kid for several keys.
 */
export async function readKeyFile(content: Uint8Array, options: ReadKeyFileOptions): Promise<KeyFile> {
  const { source, passphrase } = options;
  const where = options.source === undefined ? '' : `${options.source}: `;
  const isJson = /^\s*[{[]/.test(Buffer.from(content).toString('latin1'));
  const { found, skipped } = isJson
    ? readJwks(content, options, where)
    : {
        found: (await readBareKeys(content, { source, passphrase }, where)).map((key) => ({ key, jwk: undefined })),
        skipped: [],
      };
  if (options.kid !== undefined && found.length > 1) {
    throw new JwtkitError('USAGE_INVALID', `${where}a kid is for one key, here are ${found.length}`);
  }
  return { keys: found.map(({ key, jwk }) => toIncoming(key, jwk, options, where)), skipped };
}

/** Keys in a format that says nothing beside them. */
async function readBareKeys(
  content: Uint8Array,
  { source, passphrase }: Pick<ReadKeyFileOptions, 'source' | 'passphrase'>,
  where: string,
): Promise<readonly Key[]> {
  if (!isPkcs12(content)) return unlockKeys(content, { purpose: 'any', source, passphrase });
  const opening = typeof passphrase === 'function' ? await passphrase(source) : passphrase;
  if (opening === undefined) {
    throw new JwtkitError('KEY_ENCRYPTED', `${where}a PKCS#12 file takes its passphrase`, {
      hint: 'give it with --passphrase-file or --passphrase-env',
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

/** Each member on its own, so that its times stay beside its key. */
function readJwks(
  content: Uint8Array,
  { source }: ReadKeyFileOptions,
  where: string,
): { found: FoundKey[]; skipped: SkippedJwk[] } {
  let json: JsonObject;
  try {
    json = parseJsonObject(content);
  } catch (error) {
    throw error instanceof JsonError ? new JwtkitError('KEY_INVALID', `${where}the JWK ${error.message}`) : error;
  }
  if (own(json, 'keys') === undefined || own(json, 'kty') !== undefined) {
    const [key] = loadKeys(content, { purpose: 'any', source });
    return { found: [{ key: key as Key, jwk: json }], skipped: [] };
  }
  // As a whole first: two keys with one kid, a broken member.
  const { skipped } = importJwkSet(json, { source });
  const found = (own(json, 'keys') as JsonObject[]).flatMap((jwk) =>
    importJwkSet({ keys: [jwk] }, { source }).keys.map((key) => ({ key, jwk })),
  );
  if (found.length === 0) {
    const reason = skipped[0]?.reason ?? 'it is empty';
    throw new JwtkitError('KEY_INVALID', `${where}the JWK Set holds no usable signature key: ${reason}`);
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
      hint: 'its public half verifies: import it with --public',
    });
  }
  const kid = options.kid ?? key.kid ?? thumbprint(keyObject);
  const jwk = { ...exportPublicJwk(keyObject), kid, alg, use: 'sig', ...timesOf(stated, privateKey, options, where) };
  return { jwk, privateKey, isAlgGuessed: !isStated && options.alg === undefined && others.length > 0 };
}

function timesOf(
  stated: JsonObject | undefined,
  privateKey: KeyObject | undefined,
  { now }: ReadKeyFileOptions,
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

/** Whether two public JWKs are one key, whatever they say beside it. */
export function isSameKey(one: Jwk, other: Jwk): boolean {
  return thumbprint(one) === thumbprint(other);
}
