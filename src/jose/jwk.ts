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
import { curveRow, isAlgorithmName } from './algorithms.js';
import { requireKeyObject, requireKeyOrJwk } from './arguments.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from './json.js';
import { type Key, type KeyOperation, makeKey, publicHalfOf } from './key.js';
import { type RsaNumbers, rsaSizeProblem, withoutZeros } from './rsa.js';

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
  /** The key's certificate chain, its own certificate first, each as base64 of its DER. jwtkit writes it and never reads it. */
  x5c?: string[];
  /** SHA-256 of the first certificate's DER. */
  'x5t#S256'?: string;
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

const kinds = {
  RSA: { public: ['n', 'e'], private: ['d', 'p', 'q', 'dp', 'dq', 'qi'], thumbprint: ['e', 'kty', 'n'] },
  EC: { public: ['x', 'y'], private: ['d'], thumbprint: ['crv', 'kty', 'x', 'y'] },
  OKP: { public: ['x'], private: ['d'], thumbprint: ['crv', 'kty', 'x'] },
  oct: { public: ['k'], private: [], thumbprint: ['k', 'kty'] },
} as const;

function isKty(kty: string): kty is keyof typeof kinds {
  return Object.hasOwn(kinds, kty);
}

/** A well-made JWK for another purpose, or of a type that jwtkit does not know. Alone it is an error. */
export class UnusableJwk extends JwtkitError {}

interface Refusals {
  readonly invalid: (message: string) => JwtkitError;
  readonly unusable: (message: string) => UnusableJwk;
}

/** The members of a JWK that hold a private or shared key (RFC 7518 §6), and that of newer key types. */
export const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/**
 * Whether a value that should be a JWK holds a private or shared key, or names one in a member that is broken. Some serializers
 * write every member that they know, with null if there is none.
 */
export function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isJsonObject(value)) return false;
  return own(value, 'kty') === 'oct' || privateMembers.some((name) => (own(value, name) ?? null) !== null);
}

/** A member of a JWK. Some serializers write every member that they know, with null if there is none. */
export function memberOf(jwk: JsonObject, name: string): unknown {
  return own(jwk, name) ?? undefined;
}

/** What the message of a refused JWK begins with, after its source. */
export const ofJwk = "the JWK's ";

/**
 * Imports one JWK from its own members, each in canonical form (RFC 7518 §6, RFC 8037 §2). Zero bytes before the number of an
 * RSA key are dropped, as §6.3.1.1 asks of its maker.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK.
 */
export function importJwk(jwk: unknown, traits: { source?: string | undefined; kid?: string | undefined } = {}): Key {
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  if (!isJsonObject(jwk)) {
    throw new JwtkitError('KEY_INVALID', `${where}a JWK is a JSON object, this is ${describeJson(jwk)}`);
  }
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${ofJwk}${message}`);
  const unusable = (message: string) => new UnusableJwk('KEY_INVALID', `${where}${ofJwk}${message}`);
  const [kty, kid, use, alg] = ['kty', 'kid', 'use', 'alg'].map((name) => memberOf(jwk, name));
  if (typeof kty !== 'string') throw invalid('kty is missing');
  if (!isKty(kty)) throw unusable(`kty ${quoteText(kty)} is not one of RSA, EC, OKP, oct`);
  if (kid !== undefined && typeof kid !== 'string') throw invalid('kid is not a string');
  for (const [name, value] of Object.entries({ use, alg })) {
    if (value !== undefined && typeof value !== 'string')
      throw invalid(`${name} is ${describeJson(value)}, not a string`);
  }
  if (use !== undefined && use !== 'sig') throw unusable(`use is ${quoteText(use as string)}, not "sig"`);
  if (alg !== undefined && !isAlgorithmName(alg)) {
    throw unusable(`alg ${quoteText(alg as string)} is no signature algorithm`);
  }
  const { keyObject, numbers } = importMaterial(jwk, kty, { invalid, unusable });
  const operations = readOperations(memberOf(jwk, 'key_ops'), keyObject, { invalid, unusable });
  const key = makeKey(keyObject, { ...traits, kid: traits.kid ?? kid, alg, operations }, numbers);
  // Last, because this signs: makeKey has checked the sizes by now.
  if (keyObject.type === 'private' && !isPair(keyObject, jwk)) {
    throw invalid('public members do not belong to its private ones');
  }
  return key;
}

/** A key, and the numbers of a public RSA key. */
interface Material {
  readonly keyObject: KeyObject;
  readonly numbers?: RsaNumbers | undefined;
}

function importMaterial(jwk: JsonObject, kty: keyof typeof kinds, { invalid, unusable }: Refusals): Material {
  const crv = own(jwk, 'crv');
  const row = typeof crv === 'string' ? curveRow(crv) : undefined;
  if (kty === 'EC' || kty === 'OKP') {
    if (typeof crv !== 'string') throw invalid('crv is missing');
    if (row === undefined) throw unusable(`crv ${quoteText(crv)} is no signature curve`);
    if (row.kty !== kty) throw invalid(`crv ${crv} does not belong to kty ${kty}`);
  }
  if (memberOf(jwk, 'oth') !== undefined) throw invalid('oth (an RSA key of more than two primes) is not supported');
  const isPrivate = kty !== 'oct' && memberOf(jwk, 'd') !== undefined;
  const left = privateMembers.find((name) => kty !== 'oct' && !isPrivate && memberOf(jwk, name) !== undefined);
  // The primes alone are the private key.
  if (left !== undefined) throw invalid(`d is missing, but its private ${left} is there`);
  const clean: Record<string, string> = row === undefined ? { kty } : { kty, crv: crv as string };
  const decoded: Record<string, Buffer> = {};
  for (const name of isPrivate ? [...kinds[kty].public, ...kinds[kty].private] : kinds[kty].public) {
    const text = own(jwk, name);
    if (text === undefined)
      throw invalid(`${name} is missing${memberOf(jwk, 'x5c') === undefined ? '' : '; x5c is not read'}`);
    if (typeof text !== 'string') throw invalid(`${name} is ${describeJson(text)}, not a string`);
    const read = decodeBase64url(text);
    if (read === undefined) throw invalid(`${name} is not canonical base64url`);
    const bytes = kty === 'RSA' ? withoutZeros(read) : read;
    if (kty === 'RSA' && bytes.length === 0) throw invalid(`${name} is empty`);
    if (row !== undefined && bytes.length !== row.coordinateBytes) {
      throw invalid(`${name} has ${bytes.length} bytes, ${crv} takes ${row.coordinateBytes}`);
    }
    clean[name] = bytes.length === read.length ? text : encodeBase64url(bytes);
    decoded[name] = bytes;
  }
  if (kty === 'oct') return { keyObject: createSecretKey(decoded.k as Buffer) };
  // Before OpenSSL computes with the numbers.
  const { n, e } = decoded;
  const numbers = n && e && { n, e, private: undefined };
  const problem = numbers && rsaSizeProblem(numbers);
  if (problem !== undefined) throw invalid(`RSA ${problem}`);
  try {
    return isPrivate
      ? { keyObject: createPrivateKey({ key: clean, format: 'jwk' }) }
      : { keyObject: createPublicKey({ key: clean, format: 'jwk' }), numbers };
  } catch {
    throw invalid(`members make no valid ${kty} key`);
  }
}

/** Whether the private members make signatures that the public ones verify. OpenSSL does not check it. */
function isPair(privateKey: KeyObject, jwk: JsonObject): boolean {
  const publicHalf = exportPublicJwk(privateKey);
  if (publicHalf.x !== own(jwk, 'x')) return false;
  const hash = publicHalf.kty === 'OKP' ? null : 'sha256';
  const probe = Buffer.from('jwtkit');
  try {
    return cryptoVerify(hash, probe, createPublicKey(privateKey), cryptoSign(hash, probe, privateKey));
  } catch {
    return false;
  }
}

/** RFC 7517 §4.3: distinct strings; `verify` for a public key, `sign` for a private one. */
function readOperations(value: unknown, key: KeyObject, { invalid, unusable }: Refusals): KeyOperation[] | undefined {
  // An empty list is what serializers write for none.
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string') || new Set(value).size !== value.length) {
    throw invalid('key_ops is not an array of distinct strings');
  }
  const operations = (['sign', 'verify'] as const).filter((name) => value.includes(name));
  if (operations.length === 0) throw unusable('key_ops allows neither sign nor verify');
  if (key.type === 'public' && !operations.includes('verify')) throw unusable('key_ops does not allow verify');
  return operations;
}

/**
 * The public half of an asymmetric key as a JWK that holds nothing but the key.
 * @throws {JwtkitError} KEY_INVALID for a key that has no such form.
 */
export function exportPublicJwk(keyObject: KeyObject): Jwk {
  requireKeyObject(keyObject);
  if (keyObject.type === 'secret') throw new JwtkitError('USAGE_INVALID', 'a secret has no public half');
  return exportPrivateJwk(publicHalfOf(keyObject));
}

/**
 * A key as a JWK with all its members: the private members of a private key, `k` of a secret.
 * @throws {JwtkitError} KEY_INVALID for a key that has no such form.
 */
export function exportPrivateJwk(keyObject: KeyObject): Jwk {
  requireKeyObject(keyObject);
  if (keyObject.asymmetricKeyType === 'rsa-pss') {
    throw new JwtkitError('KEY_INVALID', 'an RSA key that is restricted to PSS (RFC 4055) has no JWK form', {
      hint: 'use it as a file with --key, or make a plain RSA key for PS256',
    });
  }
  try {
    return keyObject.export({ format: 'jwk' }) as Jwk;
  } catch (cause) {
    const type = keyObject.asymmetricKeyDetails?.namedCurve ?? keyObject.asymmetricKeyType;
    throw new JwtkitError('KEY_INVALID', `a key of type ${type} has no JWK form`, { cause });
  }
}

/**
 * The SHA-256 thumbprint of a key, as base64url (RFC 7638 §3, RFC 8037 appendix A.3). Both halves of a pair have the same.
 * @throws {JwtkitError} KEY_INVALID for a `kty` without one.
 */
export function thumbprint(key: KeyObject | Jwk): string {
  requireKeyOrJwk(key);
  const jwk = key instanceof KeyObject ? (key.type === 'secret' ? exportPrivateJwk(key) : exportPublicJwk(key)) : key;
  if (!isKty(jwk.kty)) throw new JwtkitError('KEY_INVALID', `no thumbprint is defined for kty ${quoteText(jwk.kty)}`);
  const members = kinds[jwk.kty].thumbprint.map((name) => [name, jwk[name]]);
  const json = JSON.stringify(Object.fromEntries(members));
  return encodeBase64url(createHash('sha256').update(json).digest());
}
