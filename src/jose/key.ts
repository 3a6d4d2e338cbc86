/** A key that may be trusted. {@link createKey} is the only way to one, so no weak or unsuitable key gets past. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import {
  type AlgorithmName,
  algorithm,
  algorithmNames,
  algorithmsFor,
  type Curve,
  describeShape,
  fits,
  type KeyShape,
  keyShape,
  requireAlgorithm,
} from './algorithms.js';
import { requireKeyObject } from './arguments.js';
import { checkOptions, type OptionKinds } from './options.js';
import { isRocaModulus, type RsaNumbers, rsaNumberProblem, rsaNumbers, rsaSizeProblem, toBigint } from './rsa.js';

/** The largest key file or secret, in bytes. */
export const maxKeyBytes = 1024 * 1024;

/** The longest passphrase in bytes. OpenSSL's tools read no longer passphrase. */
export const maxPassphraseBytes = 1023;

/** What a key may be used for. */
export type KeyOperation = 'sign' | 'verify';

/** A trusted key. It was checked when it was loaded. */
export interface Key {
  readonly keyObject: KeyObject;
  readonly kid?: string;
  /** The algorithms that the key allows, the preferred one first; never empty. */
  readonly algorithms: readonly AlgorithmName[];
  readonly operations: readonly KeyOperation[];
  readonly shape: KeyShape;
  /** Where the key came from, for reports: a file, a keyring, a variable's name. */
  readonly source?: string;
  /** When the key's certificate is valid. `verifyToken` checks it; `verifyJws` has no clock and does not. */
  readonly validity?: Validity;
}

/** The time in which a certificate is valid, both ends included (RFC 5280 §4.1.2.5); NumericDates. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What the caller or a JWK says of a key. */
export interface KeyTraits {
  kid?: string | undefined;
  /** The only algorithm that the key allows; by default all that fit it. */
  alg?: AlgorithmName | undefined;
  /** By default what the type of key can do. */
  operations?: readonly KeyOperation[] | undefined;
  source?: string | undefined;
  validity?: Validity | undefined;
}

const traitKinds: OptionKinds<KeyTraits> = {
  kid: 'a string',
  alg: 'checked elsewhere',
  operations: 'an array of strings',
  source: 'a string',
  validity: 'an object',
};

const traitWords = {
  algorithm: 'the only algorithm is alg',
  algorithms: 'the only algorithm is alg; the policy of verifyToken narrows to several',
};

/**
 * Makes a trusted key of a KeyObject.
 * @throws {JwtkitError} KEY_INVALID for a type, curve, exponent or point that signs no JWS, and for an `alg` that does not
 * fit; KEY_TOO_WEAK below the sizes of RFC 7518 §3.2 and §3.3.
 */
export function createKey(keyObject: KeyObject, traits: KeyTraits = {}): Key {
  requireKeyObject(keyObject, 'KEY_INVALID');
  checkOptions('the second argument', traits, traitKinds, traitWords);
  if (traits.alg !== undefined) requireAlgorithm(traits.alg);
  return makeKey(keyObject, traits);
}

/**
 * As {@link createKey}, with the numbers of a public RSA key if its maker has them: reading them again costs more than the checks.
 * @throws {JwtkitError} as `createKey`.
 */
export function makeKey(keyObject: KeyObject, traits: KeyTraits, numbers?: RsaNumbers): Key {
  const { alg, kid, source, validity } = traits;
  const where = source === undefined ? '' : `${source}: `;
  const invalid: Refuse = (message, cause) => new JwtkitError('KEY_INVALID', `${where}${message}`, { cause });
  // These checks come first: only then is it safe to ask Node about the key.
  const modulus = boundedModulus(keyObject, numbers, invalid);
  refuseDamagedEc(keyObject, invalid);
  const shape = keyShape(keyObject);
  if (shape === undefined) {
    const type = keyObject.asymmetricKeyDetails?.namedCurve ?? keyObject.asymmetricKeyType;
    throw invalid(`a key of type ${type} signs no JWS`);
  }
  if (modulus !== undefined) checkModulus(keyObject, modulus, where, invalid);
  const problem = shape.kty === 'OKP' ? pointProblem(keyObject, shape.crv as Curve) : undefined;
  if (problem !== undefined) throw invalid(`the ${shape.crv} public key is ${problem}`);
  const algorithms = alg === undefined ? algorithmsFor(shape) : [alg];
  if (alg !== undefined) {
    const { minimumBits } = algorithm(alg);
    if (!fits(shape, algorithm(alg))) throw invalid(`alg ${alg} does not fit the key (${describeShape(shape)})`);
    if (shape.bits < minimumBits) throw tooWeak(where, shape, minimumBits, `for ${alg}`);
  }
  if (algorithms.length === 0 && !algorithmNames.some((name) => fits(shape, algorithm(name)))) {
    throw invalid('the RSA-PSS key is restricted to parameters that no JWS algorithm uses');
  }
  if (algorithms.length === 0) throw tooWeak(where, shape, shape.kty === 'oct' ? 256 : 2048, 'at least');
  return {
    keyObject,
    algorithms,
    operations: traits.operations ?? (keyObject.type === 'public' ? ['verify'] : ['sign', 'verify']),
    shape,
    ...(kid === undefined ? {} : { kid }),
    ...(source === undefined ? {} : { source }),
    ...(validity === undefined ? {} : { validity }),
  };
}

type Refuse = (message: string, cause?: unknown) => JwtkitError;

function tooWeak(where: string, { kty, bits }: KeyShape, needed: number, rest: string): JwtkitError {
  const isSecret = kty === 'oct';
  const what = isSecret ? 'secret' : 'key';
  return new JwtkitError('KEY_TOO_WEAK', `${where}the ${what} has ${bits} bits, ${needed} are needed ${rest}`, {
    hint: `RFC 7518 §3.${isSecret ? 2 : 3} sets the size; make a new one with: jwtkit keygen${isSecret ? ' --alg HS256 --private FILE' : ''}`,
  });
}

/** The modulus of an RSA key whose numbers are within bounds; undefined for other keys. */
function boundedModulus(keyObject: KeyObject, known: RsaNumbers | undefined, invalid: Refuse): bigint | undefined {
  if (keyObject.asymmetricKeyType !== 'rsa' && keyObject.asymmetricKeyType !== 'rsa-pss') return undefined;
  let numbers: RsaNumbers;
  try {
    numbers = known ?? rsaNumbers(keyObject);
  } catch (cause) {
    // OpenSSL reads a key with an impossible salt or trailer, and throws when it writes that key.
    throw invalid('the RSA key has parameters that no signature has', cause);
  }
  const problem = rsaSizeProblem(numbers);
  if (problem !== undefined) throw invalid(`the RSA ${problem}`);
  return toBigint(numbers.n);
}

/** Node ends the process when it is asked for the curve of an EC key with a damaged private number. Writing the key throws. */
function refuseDamagedEc(keyObject: KeyObject, invalid: Refuse): void {
  if (keyObject.type !== 'private' || keyObject.asymmetricKeyType !== 'ec') return;
  try {
    keyObject.export({ format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw invalid('the EC private key is damaged', cause);
  }
}

/** RFC 8017 §3.1, and moduli that can be factored. */
function checkModulus(keyObject: KeyObject, modulus: bigint, where: string, invalid: Refuse): void {
  const problem = rsaNumberProblem(modulus, keyObject.asymmetricKeyDetails?.publicExponent ?? 0n);
  if (problem !== undefined) throw invalid(`the RSA ${problem}`);
  if (!isRocaModulus(modulus)) return;
  throw new JwtkitError('KEY_TOO_WEAK', `${where}the RSA key can be factored (ROCA, CVE-2017-15361)`, {
    hint: 'replace it: the device that made it made weak keys',
  });
}

const p25519 = 2n ** 255n - 19n;
const p448 = 2n ** 448n - 2n ** 224n - 1n;
/** The y coordinate of the four points of order 8 on edwards25519, up to its sign. */
const order8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/** RFC 8032 §5.1.3, §5.2.3: a coordinate is reduced. A point of small order accepts one signature for every message. */
function pointProblem(keyObject: KeyObject, crv: Curve): string | undefined {
  const bytes = Buffer.from(publicHalfOf(keyObject).export({ format: 'jwk' }).x ?? '', 'base64url');
  const top = bytes.length - 1;
  // The top bit of the last byte is the sign of x; the rest is y, little-endian.
  bytes[top] = (bytes[top] ?? 0) & 0x7f;
  const y = toBigint(bytes.reverse());
  const isEd25519 = crv === 'Ed25519';
  if (!isEd25519 && crv !== 'Ed448') throw new Error(`no check for points of ${crv}`);
  const p = isEd25519 ? p25519 : p448;
  const smallOrder = [0n, 1n, p - 1n, ...(isEd25519 ? [order8, p - order8] : [])];
  if (smallOrder.includes(y % p)) return 'a point of small order';
  return y >= p ? 'not in canonical form' : undefined;
}

/** The public half of an asymmetric key. A public key comes back unchanged. */
export function publicHalfOf(keyObject: KeyObject): KeyObject {
  return keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject;
}

/**
 * Whether two public keys are the same. Compares their types first: `KeyObject.equals` on two types leaves an error on
 * OpenSSL's queue, and reading the next private key fails with it.
 */
export function isSamePublicKey(one: KeyObject, other: KeyObject): boolean {
  return one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
}
