/**
 * Keys are recognized by their content, never by a file's name: JSON is a JWK or a JWK Set, a PEM label or a DER structure
 * is an asymmetric key. Anything else is refused. `loadSecret` loads shared secrets.
 */
import { JwtkitError } from '../errors.js';
import { requireContent, requireObject } from './arguments.js';
import { ForeignKey, readDer } from './der.js';
import { findKeyIn } from './disguised-key.js';
import { decryptPkcs8, isEncryptedPkcs8, type Passphrase } from './encrypted-key.js';
import { foreignFormatHint } from './foreign-key.js';
import type { JsonObject } from './json.js';
import { importJwk } from './jwk.js';
import { type ImportedJwkSet, importJwkSet, noUsableKey, type SkippedJwk } from './jwk-set.js';
import { createKey, type Key, maxKeyBytes } from './key.js';
import { isJsonText } from './key-content.js';
import { readKeyJson, withJwkHint } from './key-json.js';
import { mendingNote, openWrappedKey } from './mended-key.js';
import { checkOptions, type OptionKinds } from './options.js';
import { type FoundKeys, readPemKeys } from './pem-keys.js';
import { importPemMap } from './pem-map.js';
import { readSshKey, sshNote } from './ssh-key.js';
import { validityOf } from './x509.js';

/** How {@link loadKeys} takes its input. */
export interface LoadKeysOptions {
  /**
   * What the keys are for. `verify` takes public halves and refuses private ones; `sign` takes private halves and oct JWKs;
   * `any` takes all, for a caller that stores keys.
   */
  purpose: 'sign' | 'verify' | 'any';
  /** A name for reports and messages, such as the file's. */
  source?: string | undefined;
  /** A `kid` for a format that has none; replaces the `kid` of a JWK. */
  kid?: string | undefined;
  /** Opens an encrypted private key. The key's maker chose how long that takes, at least a tenth of a second. */
  passphrase?: Passphrase | undefined;
  /** Called for each member of a set that is left out. Give the members to `verifyToken`, so that its refusals name them. */
  onSkipped?: ((skipped: SkippedJwk) => void) | undefined;
  /** Called with each fact that a person should know: what was mended, which of several certificates is trusted. */
  note?: ((text: string) => void) | undefined;
}

const optionKinds: OptionKinds<LoadKeysOptions> = {
  purpose: 'checked elsewhere',
  source: 'a string',
  kid: 'a string',
  passphrase: 'checked elsewhere',
  onSkipped: 'a function',
  note: 'a function',
};

const narrowing = 'the policy of verifyToken and the options of verifyJws narrow the algorithms: algorithms';
const otherWords = { alg: narrowing, algorithm: narrowing, algorithms: narrowing };

/**
 * Loads the keys in a text or in bytes: PEM (SPKI, PKCS#1, PKCS#8, SEC1, certificate), DER of the same, a JWK, a JWK Set, or a
 * JSON map from `kid` to PEM.
 * They may be mangled or wrapped: line breaks lost, quoted, in base64, in the JSON of a service account. Of several PEM blocks
 * the one private key signs; each public key verifies, and of a certificate chain the leaf's, without a check of the chain.
 * Private keys may be encrypted (RFC 5958 §3, RFC 1421 §4.6). If none is, the passphrase is ignored.
 * There is one key at least, so `const [key] = loadKeys(…)` is a `Key` whatever the settings of TypeScript.
 * @throws {JwtkitError} KEY_INVALID for anything else and for the wrong half; KEY_TOO_WEAK; KEY_ENCRYPTED if a passphrase is
 * needed and missing; PASSPHRASE_WRONG; USAGE_INVALID for an empty passphrase or one of more than 1023 bytes.
 */
export function loadKeys(content: string | Uint8Array, options: LoadKeysOptions): [Key, ...Key[]] {
  requireContent(content, 'key');
  requireObject(options, 'the second argument', "{ purpose: 'verify' }, or 'sign'");
  checkOptions('the second argument', options, optionKinds, otherWords);
  const { purpose, source } = options;
  if (!['sign', 'verify', 'any'].includes(purpose)) {
    throw new JwtkitError('USAGE_INVALID', 'purpose must be sign, verify or any: what the keys are for');
  }
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const bytes = Buffer.from(content as string);
  if (bytes.length > maxKeyBytes) throw invalid(`a key is at most ${maxKeyBytes} bytes`);
  let found: FoundKeys;
  try {
    found = readKeys(bytes, options, where);
  } catch (error) {
    throw error instanceof ForeignKey ? invalid(error.message) : error;
  }
  const { keys, mended, notes } = found;
  for (const { keyObject, operations } of keys) {
    // Everybody knows a public key, so it makes no secret.
    const kind = keyObject.type === 'secret' ? findKeyIn(keyObject.export()) : undefined;
    if (kind !== undefined) throw invalid(`the secret k is ${kind}`);
    if (purpose === 'verify' && keyObject.type === 'private') {
      throw invalid(
        'this is a private key, verifying takes the public half',
        `a verifier must not hold the private key; make the public half with: ${publicHalf}${keys.length > 1 ? ' --format jwks' : ''}`,
      );
    }
    if (purpose === 'sign' && keyObject.type === 'public') {
      throw invalid('this is a public key, signing takes the private half');
    }
    if (purpose !== 'any' && !operations.includes(purpose))
      throw invalid(`the JWK's key_ops does not allow ${purpose}`);
  }
  if (mended.length > 0) options.note?.(mendingNote(where, mended));
  for (const note of notes) options.note?.(note);
  // A file without a key was refused where it was read.
  return keys as [Key, ...Key[]];
}

/** How {@link unlockKeys} takes its input. */
export interface UnlockKeysOptions extends Omit<LoadKeysOptions, 'passphrase'> {
  passphrase?: PassphraseSource | undefined;
}

/**
 * A passphrase, or a function that returns one. The function is called only if a key is encrypted, with the key's name; it
 * returns undefined if there is no passphrase.
 */
export type PassphraseSource =
  | Passphrase
  | ((source: string | undefined) => Passphrase | undefined | Promise<Passphrase | undefined>);

/**
 * Loads keys as {@link loadKeys} does, and gets the passphrase only if a key is encrypted.
 * @throws {JwtkitError} what `loadKeys` throws, and what the passphrase function throws.
 */
export async function unlockKeys(content: string | Uint8Array, options: UnlockKeysOptions): Promise<[Key, ...Key[]]> {
  requireObject(options, 'the second argument', "{ purpose: 'verify' }, or 'sign'");
  const { passphrase: source, ...rest } = options;
  try {
    return loadKeys(content, rest);
  } catch (error) {
    const isLocked = error instanceof JwtkitError && error.code === 'KEY_ENCRYPTED' && rest.purpose !== 'verify';
    if (!isLocked) throw error;
    const passphrase = typeof source === 'function' ? await source(rest.source) : source;
    if (passphrase === undefined) throw error;
    return loadKeys(content, { ...rest, passphrase });
  }
}

function readKeys(bytes: Buffer, options: LoadKeysOptions, where: string, depth = 2): FoundKeys {
  const traits = { source: options.source, kid: options.kid };
  const { content, mended } = openWrappedKey(bytes, where);
  const alone = (key: Key): FoundKeys => ({ keys: [key], mended, notes: [] });
  if (isJsonText(content)) return readJson(content, mended, options, where, depth);
  if (content.includes('-----BEGIN')) {
    const passphrase = () => requirePassphrase(options, where);
    const found = readPemKeys(content.toString(), { purpose: options.purpose, traits, where, passphrase });
    return { ...found, mended: [...mended, ...found.mended] };
  }
  const fromSsh = readSshKey(content.toString());
  if (fromSsh !== undefined) return { ...alone(createKey(fromSsh, traits)), notes: [`${where}${sshNote}`] };
  const fromDer = readDer(content);
  if (fromDer !== undefined) return alone(createKey(fromDer, { ...traits, ...validityOf(content, where) }));
  if (isEncryptedPkcs8(content)) {
    return alone(createKey(decryptPkcs8(content, requirePassphrase(options, where), where), traits));
  }
  throw new JwtkitError('KEY_INVALID', `${where}this is no key: expected PEM, DER, a JWK or a JWK Set`, {
    hint: foreignFormatHint(content, content.toString()),
  });
}

/** Reads whatever `loadKeys` reads, unlike openssl. */
const publicHalf = 'jwtkit keys convert FILE --public-half';

function requirePassphrase({ passphrase, purpose }: LoadKeysOptions, where: string): Passphrase {
  if (passphrase !== undefined && purpose !== 'verify') return passphrase;
  throw new JwtkitError('KEY_ENCRYPTED', `${where}the private key is encrypted`, {
    hint:
      purpose !== 'verify'
        ? 'give its passphrase with --passphrase-file or --passphrase-env'
        : `verifying takes the public half; make it with: ${publicHalf}`,
  });
}

function readJson(
  bytes: Buffer,
  mended: readonly string[],
  options: LoadKeysOptions,
  where: string,
  depth: number,
): FoundKeys {
  const { source, kid, onSkipped, purpose } = options;
  const read = readKeyJson(bytes, { where, purpose, isDeep: depth > 0 });
  const { notes } = read;
  if (read.form === 'member') {
    const { name, text, kid: stated } = read.member;
    const inner = { ...options, kid: kid ?? stated };
    const found = readKeys(Buffer.from(text), inner, `${where}${name}: `, depth - 1);
    return { ...found, mended: [...mended, ...found.mended], notes: [...notes, ...found.notes] };
  }
  const { form, json } = read;
  if (form === 'JWK') {
    return { keys: [withJwkHint(json, () => importJwk(json, { source, kid }))], mended, notes };
  }
  const { keys, skipped, hint } = form === 'JWK Set' ? importJwkSet(json, { source }) : loadPemMap(json, source);
  if (keys.length === 0) throw new JwtkitError('KEY_INVALID', `${where}${noUsableKey(skipped)}`, { hint });
  for (const each of skipped) onSkipped?.(each);
  return { keys, mended, notes };
}

/**
 * Loads the keys of a map from `kid` to the PEM of a certificate or public key.
 * @throws {JwtkitError} KEY_INVALID for a map with a private key in it.
 */
export function loadPemMap(map: JsonObject, source: string | undefined, checkTime?: () => void): ImportedJwkSet {
  const load = (pem: string, kid: string) => loadKeys(pem, { purpose: 'any', source, kid });
  return importPemMap(map, { load, source, checkTime });
}
