import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  KeyObject,
} from 'node:crypto';
import { JwtkitError } from '../errors.js';
import {
  type AlgorithmName,
  algorithm,
  algorithmsFor,
  type Curve,
  curveRow,
  describeShape,
  fits,
  isAlgorithmName,
  type KeyShape,
  keyShape,
} from './algorithms.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from './json.js';

/** A JSON Web Key (RFC 7517 §4), with the members that jwtkit writes and reads. */
export interface Jwk {
  kty: string;
  kid?: string;
  alg?: string;
  use?: string;
  key_ops?: string[];
  /** When the key was made; NumericDate. */
  iat?: number;
  /** From when the key signs; NumericDate. */
  nbf?: number;
  /** Until when the key verifies; NumericDate. */
  exp?: number;
  crv?: string;
  n?: string;
  e?: string;
  x?: string;
  y?: string;
  d?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
  k?: string;
}

/** A JWK Set (RFC 7517 §5). */
export interface JwkSet {
  keys: Jwk[];
}

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
}

/** What the caller or a JWK says of a key beside its material. */
export interface KeyTraits {
  kid?: string | undefined;
  alg?: AlgorithmName | undefined;
  operations?: readonly KeyOperation[] | undefined;
  source?: string | undefined;
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
  const publicHalf = keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject;
  const der = publicHalf.export({ format: 'der', type: 'spki' });
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
  const bytes = Buffer.from(exportPublicJwk(keyObject).x ?? '', 'base64url');
  const top = bytes.length - 1;
  // The top bit of the last byte is the sign of x; the rest is y, little-endian.
  bytes[top] = (bytes[top] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.reverse().toString('hex')}`);
  const p = crv === 'Ed25519' ? p25519 : p448;
  const smallOrder = [0n, 1n, p - 1n, ...(crv === 'Ed25519' ? [order8, p - order8] : [])];
  if (smallOrder.includes(y % p)) return 'a point of small order';
  return y >= p ? 'not in canonical form' : undefined;
}

const kinds = {
  RSA: { required: ['n', 'e'], private: ['d', 'p', 'q', 'dp', 'dq', 'qi'] },
  EC: { required: ['x', 'y'], private: ['d'] },
  OKP: { required: ['x'], private: ['d'] },
  oct: { required: ['k'], private: [] },
} as const;

/** Why a member of a JWK Set was passed over rather than trusted. */
export interface SkippedJwk {
  readonly kid: string | undefined;
  readonly reason: string;
}

/** Raised inside this file for a JWK that is well made but not for verifying signatures: alone an error, in a set passed over. */
class UnusableJwk extends JwtkitError {}

/**
 * Imports one JWK, its own members alone, each in canonical form (RFC 7518 §6, RFC 8037 §2).
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK.
 */
export function importJwk(jwk: unknown, traits: { source?: string | undefined; kid?: string | undefined } = {}): Key {
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  if (!isJsonObject(jwk))
    throw new JwtkitError('KEY_INVALID', `${where}a JWK is a JSON object, this is ${describeJson(jwk)}`);
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}the JWK's ${message}`);
  const unusable = (message: string) => new UnusableJwk('KEY_INVALID', `${where}the JWK's ${message}`);

  const kty = own(jwk, 'kty');
  if (typeof kty !== 'string') throw invalid('kty is missing');
  if (!isKty(kty)) throw unusable(`kty ${quoteText(kty)} is not one of RSA, EC, OKP, oct`);
  const kid = own(jwk, 'kid');
  if (kid !== undefined && typeof kid !== 'string') throw invalid('kid is not a string');
  const use = own(jwk, 'use');
  if (use !== undefined && use !== 'sig')
    throw unusable(`use is ${typeof use === 'string' ? quoteText(use) : describeJson(use)}, not "sig"`);
  const alg = own(jwk, 'alg');
  if (alg !== undefined && !isAlgorithmName(alg))
    throw unusable(`alg ${typeof alg === 'string' ? quoteText(alg) : describeJson(alg)} is no signature algorithm`);

  const keyObject = importMaterial(jwk, kty, invalid, unusable);
  const operations = readOperations(own(jwk, 'key_ops'), keyObject, invalid, unusable);
  const modulus =
    kty === 'RSA' ? BigInt(`0x${Buffer.from(own(jwk, 'n') as string, 'base64url').toString('hex')}`) : undefined;
  return createKey(keyObject, { ...traits, kid: traits.kid ?? kid, alg, operations, modulus });
}

function isKty(kty: string): kty is keyof typeof kinds {
  return Object.hasOwn(kinds, kty);
}

type Refuse = (message: string) => JwtkitError;

function importMaterial(jwk: JsonObject, kty: keyof typeof kinds, invalid: Refuse, unusable: Refuse): KeyObject {
  const crv = own(jwk, 'crv');
  const row = typeof crv === 'string' ? curveRow(crv) : undefined;
  if (kty === 'EC' || kty === 'OKP') {
    if (typeof crv !== 'string') throw invalid('crv is missing');
    if (row === undefined) throw unusable(`crv ${quoteText(crv)} is no signature curve`);
    if (row.kty !== kty) throw invalid(`crv ${crv} does not belong to kty ${kty}`);
  }
  if (own(jwk, 'oth') !== undefined) throw invalid('oth (an RSA key of more than two primes) is not supported');
  const isPrivate = kty !== 'oct' && own(jwk, 'd') !== undefined;
  const names = isPrivate ? [...kinds[kty].required, ...kinds[kty].private] : kinds[kty].required;
  const clean: Record<string, string> = row === undefined ? { kty } : { kty, crv: crv as string };
  for (const name of names) {
    const text = own(jwk, name);
    if (typeof text !== 'string') throw invalid(`${name} is missing`);
    const bytes = decodeBase64url(text);
    if (bytes === undefined) throw invalid(`${name} is not canonical base64url`);
    if (kty === 'RSA' && bytes.length === 0) throw invalid(`${name} is empty`);
    if (kty === 'RSA' && bytes[0] === 0) throw invalid(`${name} has a leading zero byte`);
    if (row !== undefined && bytes.length !== row.coordinateBytes) {
      throw invalid(`${name} has ${bytes.length} bytes, ${crv} takes ${row.coordinateBytes}`);
    }
    clean[name] = text;
  }
  if (kty === 'oct') return createSecretKey(clean.k as string, 'base64url');
  let keyObject: KeyObject;
  try {
    keyObject = isPrivate
      ? createPrivateKey({ key: clean, format: 'jwk' })
      : createPublicKey({ key: clean, format: 'jwk' });
  } catch {
    throw invalid(`members make no valid ${kty} key`);
  }
  if (isPrivate && !isPair(keyObject, clean)) throw invalid('public members do not belong to its private ones');
  return keyObject;
}

/** Whether the private members make signatures that the public ones verify: OpenSSL takes both as they are given. */
function isPair(privateKey: KeyObject, clean: Readonly<Record<string, string>>): boolean {
  const publicHalf = exportPublicJwk(privateKey);
  if (publicHalf.x !== clean.x) return false;
  const hash = clean.kty === 'OKP' ? null : 'sha256';
  const probe = Buffer.from('jwtkit');
  try {
    return cryptoVerify(hash, probe, createPublicKey(privateKey), cryptoSign(hash, probe, privateKey));
  } catch {
    return false;
  }
}

/** RFC 7517 §4.3: distinct strings; `verify` for a public key, `sign` for a private one. */
function readOperations(value: unknown, key: KeyObject, invalid: Refuse, unusable: Refuse): KeyOperation[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string') || new Set(value).size !== value.length) {
    throw invalid('key_ops is not an array of distinct strings');
  }
  const operations = (['sign', 'verify'] as const).filter((name) => value.includes(name));
  if (operations.length === 0) throw unusable('key_ops allows neither sign nor verify');
  if (key.type === 'public' && !operations.includes('verify')) throw unusable('key_ops does not allow verify');
  return operations;
}

/**
 * Imports a JWK Set (RFC 7517 §5). Members that are sound but not for signatures, or too weak, are passed over; a
 * broken one, two with one kid, or secrets beside public keys make the whole set untrustworthy.
 * @throws {JwtkitError} KEY_INVALID.
 */
export function importJwkSet(
  set: unknown,
  traits: { source?: string | undefined } = {},
): { keys: Key[]; skipped: SkippedJwk[] } {
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  const members = isJsonObject(set) ? own(set, 'keys') : undefined;
  if (!Array.isArray(members)) throw new JwtkitError('KEY_INVALID', `${where}a JWK Set has an array of keys`);
  const keys: Key[] = [];
  const skipped: SkippedJwk[] = [];
  for (const member of members) {
    try {
      keys.push(importJwk(member, traits));
    } catch (error) {
      if (!(error instanceof JwtkitError) || !(error instanceof UnusableJwk || error.code === 'KEY_TOO_WEAK'))
        throw error;
      const kid = own(member, 'kid');
      skipped.push({ kid: typeof kid === 'string' ? kid : undefined, reason: error.message });
    }
  }
  const kids = keys.flatMap((key) => key.kid ?? []);
  const twice = kids.find((kid, index) => kids.indexOf(kid) !== index);
  if (twice !== undefined) throw new JwtkitError('KEY_INVALID', `${where}two keys have the kid ${quoteText(twice)}`);
  if (keys.some((key) => key.shape.kty === 'oct') && keys.some((key) => key.shape.kty !== 'oct')) {
    throw new JwtkitError('KEY_INVALID', `${where}secrets and public keys are mixed in one JWK Set`);
  }
  return { keys, skipped };
}

/** The public half of an asymmetric key as a JWK, the key's members alone. */
export function exportPublicJwk(keyObject: KeyObject): Jwk {
  const publicHalf = keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject;
  return publicHalf.export({ format: 'jwk' }) as Jwk;
}

/** A key as a JWK with everything in it: the private members of a private key, `k` of a secret. */
export function exportPrivateJwk(keyObject: KeyObject): Jwk {
  return keyObject.export({ format: 'jwk' }) as Jwk;
}

const thumbprintMembers = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  oct: ['k', 'kty'],
} as const;

/**
 * The SHA-256 thumbprint of a key, as base64url (RFC 7638 §3, RFC 8037 appendix A.3); the same for both halves of a pair.
 * @throws {JwtkitError} KEY_INVALID for a `kty` without one.
 */
export function thumbprint(key: KeyObject | Jwk): string {
  const jwk = key instanceof KeyObject ? (key.type === 'secret' ? exportPrivateJwk(key) : exportPublicJwk(key)) : key;
  if (!isKty(jwk.kty)) throw new JwtkitError('KEY_INVALID', `no thumbprint is defined for kty ${quoteText(jwk.kty)}`);
  const members = thumbprintMembers[jwk.kty].map((name) => [name, jwk[name]]);
  return encodeBase64url(
    createHash('sha256')
      .update(JSON.stringify(Object.fromEntries(members)))
      .digest(),
  );
}
