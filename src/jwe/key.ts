/** A key that encrypts or decrypts. It is another type than a signing key, so that neither can be taken for the other. */
import { createSecretKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { requireContent, requireKeyObject } from '../jose/arguments.js';
import { createKey, publicHalfOf, type Validity } from '../jose/key.js';
import { checkOptions, type OptionKinds } from '../jose/options.js';
import {
  type ContentEncryptionName,
  contentEncryptionBits,
  contentEncryptionNames,
  type KeyManagementName,
  keyManagement,
  keyManagementNames,
} from './algorithms.js';

/** What an encryption key may be used for. */
export type EncryptionOperation = 'encrypt' | 'decrypt';

/** A trusted key for encryption. It was checked when it was loaded. */
export interface EncryptionKey {
  readonly keyObject: KeyObject;
  readonly kid?: string;
  /** The key management algorithms that the key allows, the preferred one first; never empty. */
  readonly algorithms: readonly KeyManagementName[];
  /** The content encryption algorithms of a secret for `dir`; by default those of its size. */
  readonly encryptions?: readonly ContentEncryptionName[];
  readonly operations: readonly EncryptionOperation[];
  readonly shape: EncryptionKeyShape;
  /** Where the key came from, for reports: a file, a keyring, a variable's name. */
  readonly source?: string;
  /** When the key's certificate is valid. */
  readonly validity?: Validity;
}

/** The type, curve and size of a key for encryption. */
export interface EncryptionKeyShape {
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'oct';
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'X25519';
  readonly bits: number;
}

/** What the caller or a JWK says of a key for encryption. */
export interface EncryptionKeyTraits {
  kid?: string | undefined;
  /** The only algorithm that the key allows; by default all that fit it. */
  alg?: KeyManagementName | undefined;
  /** The only content encryption of a secret for `dir`. */
  enc?: ContentEncryptionName | undefined;
  operations?: readonly EncryptionOperation[] | undefined;
  source?: string | undefined;
  validity?: Validity | undefined;
}

const curves: readonly (string | undefined)[] = ['P-256', 'P-384', 'P-521'];

/** The sizes of secrets: of AES keys, and of the keys of content encryption that `dir` uses. */
const secretBits: readonly number[] = [128, 192, 256, 384, 512];

const traitKinds: OptionKinds<EncryptionKeyTraits> = {
  kid: 'a string',
  alg: 'a string',
  enc: 'a string',
  operations: 'an array of strings',
  source: 'a string',
  validity: 'an object',
};

const traitWords = {
  algorithm: 'the only algorithm is alg',
  algorithms: 'the only algorithm is alg; decryptToken narrows to several',
};

/**
 * Makes a key for encryption of a KeyObject: RSA, EC on P-256, P-384 or P-521, X25519, or a secret.
 * @throws {JwtkitError} KEY_INVALID for another type or size, for a point of small order, and for an `alg` that does not fit;
 * KEY_TOO_WEAK for an RSA key below 2048 bits and a secret below 16 bytes.
 */
export function createEncryptionKey(keyObject: KeyObject, traits: EncryptionKeyTraits = {}): EncryptionKey {
  requireKeyObject(keyObject);
  checkOptions('the second argument', traits, traitKinds, traitWords);
  const { alg, enc, kid, source, validity } = traits;
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const shape = shapeOf(keyObject, source, where, invalid);
  const fitting = keyManagementNames.filter((name) => fitsKey(shape, name));
  if (alg !== undefined && !fitting.includes(alg)) {
    throw invalid(`alg ${alg} does not fit the key (${describeEncryptionKey(shape)})`);
  }
  if (enc !== undefined && !directEncryptions(shape).includes(enc)) {
    throw invalid(`alg ${enc} does not fit the key (${describeEncryptionKey(shape)})`);
  }
  return {
    keyObject,
    ...(enc === undefined ? {} : { encryptions: [enc] }),
    algorithms: alg === undefined ? fitting : [alg],
    operations: traits.operations ?? (keyObject.type === 'public' ? ['encrypt'] : ['encrypt', 'decrypt']),
    shape,
    ...(kid === undefined ? {} : { kid }),
    ...(source === undefined ? {} : { source }),
    ...(validity === undefined ? {} : { validity }),
  };
}

/**
 * Makes a key of a passphrase, for PBES2 alone (RFC 7518 §4.8).
 * @throws {JwtkitError} USAGE_INVALID for an empty passphrase.
 */
export function createPassphraseKey(passphrase: Uint8Array, source?: string): EncryptionKey {
  requireContent(passphrase, 'passphrase');
  if (passphrase.length === 0) throw new JwtkitError('USAGE_INVALID', 'the passphrase is empty');
  return {
    keyObject: createSecretKey(passphrase),
    algorithms: keyManagementNames.filter((name) => keyManagement(name).kind === 'passphrase'),
    operations: ['encrypt', 'decrypt'],
    shape: { kty: 'oct', bits: passphrase.length * 8 },
    ...(source === undefined ? {} : { source }),
  };
}

type Refuse = (message: string, hint?: string) => JwtkitError;

function shapeOf(keyObject: KeyObject, source: string | undefined, where: string, invalid: Refuse): EncryptionKeyShape {
  if (keyObject.type === 'secret') {
    const bits = (keyObject.symmetricKeySize ?? 0) * 8;
    if (bits < 128)
      throw new JwtkitError('KEY_TOO_WEAK', `${where}the secret has ${bits} bits, at least 128 are needed`);
    if (secretBits.includes(bits)) return { kty: 'oct', bits };
    throw invalid(
      `a secret for encryption has 16, 24, 32, 48 or 64 bytes, this one has ${bits / 8}`,
      'if it is written as text, name its encoding: --secret-encoding base64url, base64 or hex',
    );
  }
  const type = keyObject.asymmetricKeyType;
  if (type === 'x25519') {
    if (isOfSmallOrder(keyObject)) throw invalid('the X25519 public key is a point of small order');
    return { kty: 'OKP', crv: 'X25519', bits: 255 };
  }
  if (type !== 'rsa' && type !== 'ec') {
    const hint = type?.startsWith('ed') ? 'make a key for encryption with: jwtkit keygen --use enc' : undefined;
    throw invalid(`a key of type ${type} is not for encryption`, hint);
  }
  // It refuses weak and damaged keys, whatever they are for.
  const { kty, crv, bits } = createKey(keyObject, { source }).shape;
  if (kty === 'RSA') return { kty, bits };
  if (!curves.includes(crv)) throw invalid(`a key on the curve ${crv} is not for encryption`);
  return { kty: 'EC', crv: crv as 'P-256', bits };
}

/** RFC 7748 §6.1: such a point makes the same shared secret, zero, with every key. OpenSSL refuses to compute it. */
function isOfSmallOrder(keyObject: KeyObject): boolean {
  const { privateKey } = generateKeyPairSync('x25519');
  try {
    diffieHellman({ privateKey, publicKey: publicHalfOf(keyObject) });
    return false;
  } catch {
    return true;
  }
}

/** Whether an algorithm fits the type and size of a key. */
function fitsKey({ kty, bits }: EncryptionKeyShape, name: KeyManagementName): boolean {
  const row = keyManagement(name);
  if (kty === 'RSA') return row.kind === 'RSA';
  if (kty === 'EC' || kty === 'OKP') return row.kind === 'ECDH';
  if (row.kind !== 'secret') return false;
  return row.bits === undefined ? directEncryptions({ kty, bits }).length > 0 : row.bits === bits;
}

/** The content encryption algorithms for which a secret is the key (`dir`), the preferred one first. */
export function directEncryptions({ kty, bits }: EncryptionKeyShape): ContentEncryptionName[] {
  return contentEncryptionNames.filter((name) => kty === 'oct' && contentEncryptionBits(name) === bits);
}

/** A key in words, for messages: "RSA 2048", "EC P-256", "OKP X25519", "oct 256". */
export function describeEncryptionKey({ kty, crv, bits }: EncryptionKeyShape): string {
  return `${kty} ${crv ?? bits}`;
}
