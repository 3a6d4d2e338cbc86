/**
 * A key that may be trusted. Everything that signs or verifies takes a {@link Key}, and {@link createKey} is the only way to
 * one, so that no weak or unsuitable key gets past.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import {
  type AlgorithmName,
  algorithm,
  algorithmsFor,
  type Curve,
  describeShape,
  fits,
  type KeyShape,
  keyShape,
} from './algorithms.js';

/** The largest key file or secret read, in bytes. */
export const maxKeyBytes = 1024 * 1024;

/** What a key may be used for: its `use` and `key_ops`, else what its type can do. */
export type KeyOperation = 'sign' | 'verify';

/** A key that the caller trusts, checked once when it was loaded: strong enough, of a known type, with what it allows. */
export interface Key {
  readonly keyObject: KeyObject;
  readonly kid?: string;
  /** The algorithms that the key allows, the preferred one first; never empty. */
  readonly algorithms: readonly AlgorithmName[];
  readonly operations: readonly KeyOperation[];
  readonly shape: KeyShape;
  /** Where the key came from, for reports: a file, a keyring, a variable's name. */
  readonly source?: string;
  /** Set for the key of a certificate. Who has a clock judges it: `verifyToken` does, `verifyJws` does not. */
  readonly validity?: Validity;
}

/** The time in which a certificate is valid, both ends included (RFC 5280 §4.1.2.5); NumericDates. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What the caller or a JWK says of a key beside its material. */
export interface KeyTraits {
  kid?: string | undefined;
  alg?: AlgorithmName | undefined;
  operations?: readonly KeyOperation[] | undefined;
  source?: string | undefined;
  validity?: Validity | undefined;
  /** The RSA modulus where the caller has it at hand: exporting it from the KeyObject takes a millisecond of a start. */
  modulus?: bigint | undefined;
}

/**
 * Makes a trusted key of a KeyObject: the only way in, so that no weak or unsuitable key gets past.
 * @throws {JwtkitError} KEY_INVALID for a type, curve, exponent or point that signs no JWS, or an `alg` that does not
 * fit; KEY_TOO_WEAK below the sizes of RFC 7518 §3.2, §3.3.
 */
export function createKey(keyObject: KeyObject, traits: KeyTraits = {}): Key {
  const shape = keyShape(keyObject);
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  if (shape === undefined) {
    const type = keyObject.asymmetricKeyDetails?.namedCurve ?? keyObject.asymmetricKeyType;
    throw new JwtkitError('KEY_INVALID', `${where}a key of type ${type} signs no JWS`);
  }
  if (keyObject.type !== 'secret') checkMaterial(keyObject, shape, traits.modulus, where);
  const algorithms = traits.alg === undefined ? algorithmsFor(shape) : [traits.alg];
  if (traits.alg !== undefined) {
    const row = algorithm(traits.alg);
    if (!fits(shape, row)) {
      throw new JwtkitError('KEY_INVALID', `${where}alg ${traits.alg} does not fit the key (${describeShape(shape)})`);
    }
    if (shape.bits < row.minimumBits) throw tooWeak(where, shape, row.minimumBits, `for ${traits.alg}`);
  }
  if (algorithms.length === 0) throw tooWeak(where, shape, shape.kty === 'oct' ? 256 : 2048, 'at least');
  return {
    keyObject,
    algorithms,
    operations: traits.operations ?? (keyObject.type === 'public' ? ['verify'] : ['sign', 'verify']),
    shape,
    ...(traits.kid === undefined ? {} : { kid: traits.kid }),
    ...(traits.source === undefined ? {} : { source: traits.source }),
    ...(traits.validity === undefined ? {} : { validity: traits.validity }),
  };
}

function tooWeak(where: string, shape: KeyShape, bits: number, rest: string): JwtkitError {
  const [what, rfc] = shape.kty === 'oct' ? ['secret', '§3.2'] : ['key', '§3.3'];
  return new JwtkitError('KEY_TOO_WEAK', `${where}the ${what} has ${shape.bits} bits, ${bits} are needed ${rest}`, {
    hint: `RFC 7518 ${rfc} sets the size; make a new one with: jwtkit keygen${shape.kty === 'oct' ? ' --alg HS256 --private FILE' : ''}`,
  });
}

/** What a size cannot tell: RSA numbers (RFC 8017 §3.1), factorable moduli, points under which anything verifies. */
function checkMaterial(keyObject: KeyObject, shape: KeyShape, modulus: bigint | undefined, where: string): void {
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${message}`);
  if (shape.kty === 'RSA') {
    if (shape.bits > maxRsaBits) throw invalid(`the RSA key has ${shape.bits} bits, at most ${maxRsaBits} are taken`);
    const exponent = keyObject.asymmetricKeyDetails?.publicExponent ?? 0n;
    const n = modulus ?? modulusOf(keyObject, shape.bits, exponent);
    if (exponent < 3n || exponent % 2n === 0n || exponent >= n) {
      throw invalid('the RSA exponent must be odd, at least 3 and less than the modulus');
    }
    if (n % 2n === 0n) throw invalid('the RSA modulus is even');
    if (isRocaModulus(n)) {
      throw new JwtkitError('KEY_TOO_WEAK', `${where}the RSA key can be factored (ROCA, CVE-2017-15361)`, {
        hint: 'replace it: the device that made it made weak keys',
      });
    }
  }
  if (shape.kty === 'OKP') {
    const problem = pointProblem(keyObject, shape.crv as Curve);
    if (problem !== undefined) throw invalid(`the ${shape.crv} public key is ${problem}`);
  }
}

/** OpenSSL verifies with no larger RSA key. */
const maxRsaBits = 16_384;

/** The modulus, read off the end of the SubjectPublicKeyInfo: the form that every kind of RSA key can be exported to. */
function modulusOf(keyObject: KeyObject, bits: number, exponent: bigint): bigint {
  const der = publicHalfOf(keyObject).export({ format: 'der', type: 'spki' });
  const exponentBytes = Math.floor(exponent.toString(2).length / 8) + 1;
  const end = der.length - exponentBytes - 2;
  return BigInt(`0x${der.subarray(end - Math.ceil(bits / 8), end).toString('hex')}`);
}

/** Primes modulo which the powers of 65537 leave residues out; those of a weak modulus never fall outside. */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const rocaProduct = rocaPrimes.reduce((product, prime) => product * BigInt(prime), 1n);

/**
 * Whether a modulus has the fingerprint of Infineon's weak generator, whose primes are powers of 65537 modulo a primorial
 * (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, §3). A sound modulus has it once in 2.4 * 10^8.
 */
function isRocaModulus(modulus: bigint): boolean {
  const reduced = modulus % rocaProduct;
  return rocaPrimes.every((prime) => {
    const residue = Number(reduced % BigInt(prime));
    for (let power = 1; ; ) {
      if (power === residue) return true;
      power = (power * 65537) % prime;
      if (power === 1) return false;
    }
  });
}

const p25519 = 2n ** 255n - 19n;
const p448 = 2n ** 448n - 2n ** 224n - 1n;
/** The y coordinate shared by the four points of order 8 on edwards25519, up to its sign. */
const order8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/** RFC 8032 §5.1.3, §5.2.3: a coordinate is reduced; and a point of small order accepts one signature for every message. */
function pointProblem(keyObject: KeyObject, crv: Curve): string | undefined {
  const bytes = Buffer.from(publicHalfOf(keyObject).export({ format: 'jwk' }).x ?? '', 'base64url');
  const top = bytes.length - 1;
  // The top bit of the last byte is the sign of x; the rest is y, little-endian.
  bytes[top] = (bytes[top] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.reverse().toString('hex')}`);
  const p = crv === 'Ed25519' ? p25519 : p448;
  const smallOrder = [0n, 1n, p - 1n, ...(crv === 'Ed25519' ? [order8, p - order8] : [])];
  if (smallOrder.includes(y % p)) return 'a point of small order';
  return y >= p ? 'not in canonical form' : undefined;
}

/** The public half of an asymmetric key, which is itself for a public one. */
export function publicHalfOf(keyObject: KeyObject): KeyObject {
  return keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject;
}
