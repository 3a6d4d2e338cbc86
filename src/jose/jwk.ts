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
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from './json.js';
import { createKey, type Key, type KeyOperation, publicHalfOf } from './key.js';

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
  /** Certificates of the key, its own first, as base64 of their DER. Written for others, never read: the members below are the key. */
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
      skipped.push({ kid: typeof kid === 'string' ? kid : undefined, reason: error.message.slice(where.length) });
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

/**
 * The public half of an asymmetric key as a JWK, the key's members alone.
 * @throws {JwtkitError} KEY_INVALID for a key that has no such form.
 */
export function exportPublicJwk(keyObject: KeyObject): Jwk {
  return exportJwk(publicHalfOf(keyObject));
}

/**
 * A key as a JWK with everything in it: the private members of a private key, `k` of a secret.
 * @throws {JwtkitError} KEY_INVALID for a key that has no such form.
 */
export function exportPrivateJwk(keyObject: KeyObject): Jwk {
  return exportJwk(keyObject);
}

function exportJwk(keyObject: KeyObject): Jwk {
  if (keyObject.asymmetricKeyType === 'rsa-pss') {
    throw new JwtkitError('KEY_INVALID', 'an RSA key that is restricted to PSS (RFC 4055) has no JWK form', {
      hint: 'use it as a file with --key, or make a plain RSA key for PS256',
    });
  }
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
