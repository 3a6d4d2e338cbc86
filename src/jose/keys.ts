/**
 * Keys come in by content, never by file name and never by guess: JSON is a JWK or JWK Set, a PEM label or a DER structure
 * is an asymmetric key, anything else is refused. Shared secrets have a way of their own, `loadSecret`.
 */
import {
  createSecretKey,
  generateKeyPair as generateKeyPairCallback,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, curveRow } from './algorithms.js';
import { derTypes, isPkcs12, isWholeDer, readDer } from './der.js';
import { decryptPem, decryptPkcs8, encryptPkcs8, isEncryptedPkcs8, type Passphrase } from './encrypted-key.js';
import { JsonError, own, parseJsonObject, quoteText } from './json.js';
import { importJwk, importJwkSet } from './jwk.js';
import { createKey, type Key, type KeyTraits, maxKeyBytes } from './key.js';
import { findKeyIn } from './secret.js';
import { certificateTraits } from './x509.js';

/** How {@link loadKeys} takes its input. */
export interface LoadKeysOptions {
  /**
   * `verify` takes public halves and refuses private ones; `sign` takes private halves and oct JWKs; `any` takes all, for who
   * keeps keys and does not use them.
   */
  purpose: 'sign' | 'verify' | 'any';
  /** A name for reports and messages, such as the file's. */
  source?: string | undefined;
  /** A `kid` for a format that has none, or instead of the one of a JWK. */
  kid?: string | undefined;
  /** Opens a private key that is encrypted, which takes as long as its maker chose: a tenth of a second and more. */
  passphrase?: Passphrase | undefined;
}

/**
 * Loads the keys in a text or in bytes: PEM (SPKI, PKCS#1, PKCS#8, SEC1, certificate), DER of the same, a JWK or a JWK Set.
 * Private keys may be encrypted (RFC 5958 §3, RFC 1421 §4.6); the passphrase is ignored where none is.
 * @throws {JwtkitError} KEY_INVALID for anything else or for the wrong half, KEY_TOO_WEAK; KEY_ENCRYPTED where a
 * passphrase is needed and none was given, PASSPHRASE_WRONG, USAGE_INVALID for an empty one or one above 1023 bytes.
 */
export function loadKeys(content: string | Uint8Array, options: LoadKeysOptions): Key[] {
  const { purpose, source } = options;
  const where = source === undefined ? '' : `${source}: `;
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
  if (bytes.length > maxKeyBytes) throw new JwtkitError('KEY_INVALID', `${where}a key is at most ${maxKeyBytes} bytes`);
  const decrypt = decryption(options, where);
  const keys = readKeys(bytes, { source, kid: options.kid }, where, decrypt);
  for (const key of keys) {
    refuseKeyAsSecret(key, where);
    if (purpose === 'verify' && key.keyObject.type === 'private') {
      throw new JwtkitError('KEY_INVALID', `${where}this is a private key, verifying takes the public half`, {
        hint: 'a verifier must not hold the private key; make the public half with: openssl pkey -in FILE -pubout',
      });
    }
    if (purpose === 'sign' && key.keyObject.type === 'public') {
      throw new JwtkitError('KEY_INVALID', `${where}this is a public key, signing takes the private half`);
    }
    if (purpose !== 'any' && !key.operations.includes(purpose)) {
      throw new JwtkitError('KEY_INVALID', `${where}the JWK's key_ops does not allow ${purpose}`);
    }
  }
  return keys;
}

/** How {@link unlockKeys} takes its input. */
export interface UnlockKeysOptions extends Omit<LoadKeysOptions, 'passphrase'> {
  passphrase?: PassphraseSource | undefined;
}

/**
 * A passphrase, or a function that gets one and is called only once a key turns out to be encrypted; it is told what the
 * key is called. Undefined stands for none.
 */
export type PassphraseSource =
  | Passphrase
  | ((source: string | undefined) => Passphrase | undefined | Promise<Passphrase | undefined>);

/**
 * Loads keys as {@link loadKeys} does, and asks for the passphrase only where one is needed.
 * @throws {JwtkitError} as `loadKeys`, and whatever the function throws.
 */
export async function unlockKeys(content: string | Uint8Array, options: UnlockKeysOptions): Promise<Key[]> {
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

/** Decrypts with the passphrase that was given, one reader for each form. */
type Decrypt = <T extends string | Buffer>(
  encrypted: T,
  read: (encrypted: T, passphrase: Passphrase, where: string) => KeyObject,
) => KeyObject;

function decryption({ passphrase, purpose }: LoadKeysOptions, where: string): Decrypt {
  return (encrypted, read) => {
    if (passphrase !== undefined && purpose !== 'verify') return read(encrypted, passphrase, where);
    throw new JwtkitError('KEY_ENCRYPTED', `${where}the private key is encrypted`, {
      hint:
        purpose !== 'verify'
          ? 'give its passphrase with --passphrase-file or --passphrase-env'
          : 'verifying takes the public half; make it with: openssl pkey -in FILE -pubout',
    });
  };
}

/** An oct JWK is a secret: one that is somebody's public key is known to everybody. */
function refuseKeyAsSecret({ keyObject }: Key, where: string): void {
  if (keyObject.type !== 'secret') return;
  const kind = findKeyIn(keyObject.export());
  if (kind !== undefined) throw new JwtkitError('KEY_INVALID', `${where}the secret k is ${kind}`);
}

function readKeys(
  bytes: Buffer,
  traits: { source: string | undefined; kid: string | undefined },
  where: string,
  decrypt: Decrypt,
): Key[] {
  const text = bytes.toString('latin1');
  if (/^\s*[{[]/.test(text)) return readJwks(bytes, traits, where);
  if (text.includes('-----BEGIN')) return [readPem(text, traits, where, decrypt)];
  const fromDer = readDer(bytes);
  if (fromDer !== undefined) return [createKey(fromDer, { ...traits, ...readTraits(bytes, where) })];
  if (isEncryptedPkcs8(bytes)) return [createKey(decrypt(bytes, decryptPkcs8), traits)];
  throw new JwtkitError('KEY_INVALID', `${where}this is no key: expected PEM, DER, a JWK or a JWK Set`, {
    hint: foreignFormatHint(bytes, text),
  });
}

/** When a key in DER is valid, if it is a certificate. */
function readTraits(der: Buffer, where: string): Pick<Key, 'validity'> {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return {};
  }
  return certificateTraits(certificate, where);
}

function foreignFormatHint(bytes: Buffer, text: string): string {
  if (isPkcs12(bytes)) return 'a PKCS#12 file is brought into a keyring with: jwtkit keys import FILE';
  if (/^(ssh|ecdsa|sk)-/.test(text)) return 'an OpenSSH public key becomes PEM with: ssh-keygen -e -m PKCS8 -f FILE';
  return 'a shared secret is given with --secret-file or --secret-env';
}

function readJwks(
  bytes: Buffer,
  traits: { source: string | undefined; kid: string | undefined },
  where: string,
): Key[] {
  let json: ReturnType<typeof parseJsonObject>;
  try {
    json = parseJsonObject(bytes);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new JwtkitError('KEY_INVALID', `${where}the JWK ${error.message}`);
  }
  if (own(json, 'keys') === undefined || own(json, 'kty') !== undefined) return [importJwk(json, traits)];
  const { keys, skipped } = importJwkSet(json, traits);
  if (keys.length === 0) {
    const reasons = skipped.length === 0 ? 'it is empty' : (skipped[0]?.reason ?? '');
    throw new JwtkitError('KEY_INVALID', `${where}the JWK Set holds no usable signature key: ${reasons}`);
  }
  return keys;
}

const pemBlock = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n([\s\S]*?)^-----END \1-----[ \t]*\r?$/gm;

/** RFC 7468 §2: text before and after the block is explanation; one key a file, so that nobody has to guess which. */
function readPem(text: string, traits: KeyTraits, where: string, decrypt: Decrypt): Key {
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  // Before the expression, whose work grows with their square.
  const labels = text.split('-----BEGIN').length - 1;
  if (labels > 100) throw invalid(`the PEM holds ${labels} blocks, one is read`);
  const blocks = [...text.matchAll(pemBlock)].filter(([, label]) => label !== 'EC PARAMETERS');
  if (blocks.length !== labels - (text.match(/^-----BEGIN EC PARAMETERS/gm)?.length ?? 0)) {
    throw invalid(
      'the PEM is damaged: each label stands on a line of its own, with the base64 lines between',
      'restore its line breaks; \\n escapes are not read',
    );
  }
  const [block, ...rest] = blocks;
  if (block === undefined) throw invalid('the PEM holds no key');
  if (rest.length > 0) {
    const isChain = blocks.every(([, label]) => label === 'CERTIFICATE');
    const hint = isChain
      ? "a chain's first is the key's own, as a rule; keep it alone: openssl x509 -in FILE -out leaf.pem"
      : 'keep the one key or certificate to trust';
    throw invalid(`the PEM holds ${blocks.length} blocks, one is read`, hint);
  }
  const [whole, label = '', body = ''] = block;
  if (/^(RSA|EC) PRIVATE KEY$/.test(label) && body.includes('Proc-Type:')) {
    return createKey(decrypt(whole, decryptPem), traits);
  }
  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY';
  if (!isEncrypted && !Object.hasOwn(derTypes, label))
    throw invalid(`PEM label ${quoteText(label)} is no key that signs a JWS`);
  const base64 = body.replace(/[\r\n\t ]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) throw invalid(`the PEM's base64 is damaged`);
  if (isEncrypted) return createKey(decrypt(der, decryptPkcs8), traits);
  let key: KeyObject;
  try {
    if (!isWholeDer(der)) throw new Error('length');
    key = derTypes[label as keyof typeof derTypes](der);
    if (key.type === 'public' && label.endsWith('PUBLIC KEY') && readDer(der)?.type !== 'public')
      throw new Error('private');
  } catch {
    throw invalid(`the PEM ${label} block holds no valid key`);
  }
  return createKey(key, label === 'CERTIFICATE' ? { ...traits, ...readTraits(der, where) } : traits);
}

/** A fresh key: both halves, or a secret. */
export type GeneratedKey = { privateKey: KeyObject; publicKey: KeyObject } | { secret: KeyObject };

/** The RSA size that {@link generateKey} uses unless told, in bits. */
const defaultRsaBits = 2048;

/**
 * Generates a key for an algorithm: RSA of `bits` (2048 to 16384), the algorithm's curve (Ed25519 for EdDSA unless
 * `crv` says Ed448), or a secret as long as the hash's output (RFC 7518 §3.2).
 * @throws {JwtkitError} USAGE_INVALID for a size or curve that the algorithm does not have.
 */
export async function generateKey(
  alg: AlgorithmName,
  options: { bits?: number | undefined; crv?: string | undefined } = {},
): Promise<GeneratedKey> {
  const row = algorithm(alg);
  if (options.bits !== undefined && row.kty !== 'RSA') {
    throw new JwtkitError('USAGE_INVALID', `a size in bits is for RSA keys, ${alg} has its own`);
  }
  const crv = options.crv ?? row.curves?.[0];
  if (options.crv !== undefined && !row.curves?.some((name) => name === options.crv)) {
    throw new JwtkitError('USAGE_INVALID', `${alg} is not defined for the curve ${options.crv}`);
  }
  if (row.kty === 'oct') return { secret: createSecretKey(randomBytes(row.minimumBits / 8)) };
  if (row.kty === 'RSA') {
    const bits = options.bits ?? defaultRsaBits;
    if (!Number.isInteger(bits) || bits < row.minimumBits || bits > 16384 || bits % 8 !== 0) {
      throw new JwtkitError('USAGE_INVALID', `an RSA key has 2048 to 16384 bits in steps of 8, not ${bits}`);
    }
    return generateKeyPair('rsa', { modulusLength: bits });
  }
  const nodeName = curveRow(crv ?? '')?.nodeName ?? '';
  return row.kty === 'EC' ? generateKeyPair('ec', { namedCurve: nodeName }) : generateKeyPair(nodeName, {});
}

function generateKeyPair(type: string, options: object): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return new Promise((resolve, reject) => {
    // One signature for all types: the overloads of @types/node are per literal type.
    const generate = generateKeyPairCallback as unknown as (
      type: string,
      options: object,
      done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
    ) => void;
    generate(type, options, (error, publicKey, privateKey) =>
      error === null ? resolve({ publicKey, privateKey }) : reject(error),
    );
  });
}

/**
 * A private key as PEM, PKCS#8 (RFC 5958). With a passphrase it is encrypted (PBES2: PBKDF2-HMAC-SHA256 of 600,000
 * iterations, AES-256-CBC), which takes a tenth of a second and more.
 * @throws {JwtkitError} USAGE_INVALID for an empty passphrase or one of more than 1023 bytes.
 */
export function exportPrivatePem(key: KeyObject, options: { passphrase?: Passphrase | undefined } = {}): string {
  if (options.passphrase === undefined) return key.export({ format: 'pem', type: 'pkcs8' }) as string;
  const base64 = encryptPkcs8(key.export({ format: 'der', type: 'pkcs8' }), options.passphrase).toString('base64');
  const label = 'ENCRYPTED PRIVATE KEY';
  return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

/** A public key as PEM, SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
export function exportPublicPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }) as string;
}
