/** Signs and verifies JWS (RFC 7515) with node:crypto. */
import {
  constants,
  createHmac,
  createSign,
  createVerify,
  sign as cryptoSign,
  verify as cryptoVerify,
  timingSafeEqual,
} from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, isAlgorithmName } from './algorithms.js';
import { describeArgument, requireKey, requireKeys } from './arguments.js';
import { encodeBase64url } from './base64url.js';
import { checkHeader, type ParsedJws, parseJws } from './compact.js';
import { writeGiven } from './given-json.js';
import { type JsonObject, readJsonObject } from './json.js';
import type { SkippedJwk } from './jwk-set.js';
import type { Key } from './key.js';
import { explainRefusal, isNamed, isSized, maxTries, mayVerify, type SignatureRefusal } from './key-choice.js';
import { checkOptions, type OptionKinds } from './options.js';

/** The key and algorithm under which a signature holds, or why it does not. */
export type SignatureVerdict =
  | { readonly key: Key; readonly alg: AlgorithmName; readonly failure?: undefined }
  | (SignatureRefusal & { readonly key?: undefined });

/**
 * Checks the signature of a parsed JWS whose header passed {@link checkHeader}. The caller trusts the keys; `kid` only selects
 * among them. The key allows algorithms, `algorithms` narrows them, and the header must name one that is left. Tries every
 * key that fits, up to {@link maxTries}. The members that were left out of a set only explain a refusal.
 */
export function checkSignature(
  jws: ParsedJws,
  keys: readonly Key[],
  algorithms?: readonly AlgorithmName[],
  skipped?: readonly SkippedJwk[],
): SignatureVerdict {
  const alg = jws.header.alg as string;
  const kid = jws.header.kid as string | undefined;
  if (isAlgorithmName(alg) && (algorithms === undefined || (Array.isArray(algorithms) && algorithms.includes(alg)))) {
    let tries = 0;
    for (const key of keys) {
      if (!isNamed(key, kid) || !mayVerify(key, alg) || !isSized(key, alg, jws)) continue;
      if (++tries > maxTries) break;
      if (holds(alg, key, jws)) return { key, alg };
    }
  }
  return explainRefusal(jws, keys, algorithms, skipped);
}

function holds(alg: AlgorithmName, { keyObject }: Key, { signingInput, signature }: ParsedJws): boolean {
  const { kty, hash, padding } = algorithm(alg);
  if (hash === null) return cryptoVerify(null, Buffer.from(signingInput, 'latin1'), keyObject, signature);
  if (kty === 'oct') {
    return timingSafeEqual(createHmac(hash, keyObject).update(signingInput, 'latin1').digest(), signature);
  }
  // On Node 20 the one-shot crypto.verify takes a third longer for RSA.
  const check = createVerify(hash).update(signingInput, 'latin1');
  if (kty === 'EC') return check.verify({ key: keyObject, dsaEncoding: 'ieee-p1363' }, signature);
  return check.verify(padding === 'pss' ? { key: keyObject, ...pss } : keyObject, signature);
}

/** RFC 7518 §3.5: MGF1 with the same hash, and a salt as long as the hash. */
export const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** A JWS with a valid signature. */
export interface VerifiedJws {
  readonly header: JsonObject;
  readonly payload: Uint8Array;
  readonly key: Key;
}

/** Options of {@link verifyJws}. */
export interface VerifyJwsOptions {
  /** Narrows the algorithms that the keys allow; by default all of them. */
  algorithms?: readonly AlgorithmName[] | undefined;
  /** The longest accepted token, in characters; 65,536 by default. */
  maxLength?: number | undefined;
}

const verifyKinds: OptionKinds<VerifyJwsOptions> = { algorithms: 'an array of strings', maxLength: 'a number' };
const verifyWords = {
  alg: 'the allowed algorithms are algorithms, an array',
  algorithm: 'the allowed algorithms are algorithms, an array',
};

/**
 * Verifies a compact JWS over any bytes (RFC 7515 §5.2) with the caller's keys. Ignores `jwk`, `jku`, `x5u` and `x5c` in the
 * header.
 * @throws {JwtkitError} TOKEN_MALFORMED, ALG_NOT_ALLOWED, KEY_NOT_FOUND, SIGNATURE_MALFORMED, SIGNATURE_INVALID.
 */
export function verifyJws(token: string, keys: readonly Key[], options: VerifyJwsOptions = {}): VerifiedJws {
  requireKeys(keys);
  checkOptions('the third argument', options, verifyKinds, verifyWords);
  const jws = parseJws(token, options);
  checkHeader(jws.header);
  const verdict = checkSignature(jws, keys, options.algorithms);
  if (verdict.failure !== undefined) throw new JwtkitError(verdict.failure, verdict.message, { hint: verdict.hint });
  return { header: jws.header, payload: jws.payload, key: verdict.key };
}

/** Options of {@link signJws}. */
export interface SignJwsOptions {
  /** The algorithm; the key's preferred one by default. */
  alg?: AlgorithmName | undefined;
  /** Header members besides `alg` and `kid`. Members that are `undefined` are left out. */
  header?: Readonly<Record<string, unknown>> | undefined;
}

const signKinds: OptionKinds<SignJwsOptions> = { alg: 'a string', header: 'an object' };

/**
 * Signs bytes (a string is taken as UTF-8) as a compact JWS. The header holds `alg`, the key's `kid`, then `header`.
 * @throws {JwtkitError} USAGE_INVALID for a public key, for an algorithm that the key does not allow, and for header members
 * that jwtkit refuses in a token (`crit`, `b64`).
 */
export async function signJws(payload: Uint8Array | string, key: Key, options: SignJwsOptions = {}): Promise<string> {
  if (typeof payload !== 'string' && !((payload as unknown) instanceof Uint8Array)) {
    const hint = 'a JWS is over text or bytes: JSON.stringify(value); issueToken signs claims';
    throw new JwtkitError('USAGE_INVALID', `the payload is ${describeArgument(payload)}`, { hint });
  }
  requireKey(key, 'sign');
  checkOptions('the third argument', options, signKinds, { algorithm: 'the algorithm is alg' });
  return prepareSigner(key, options)(payload);
}

/**
 * Returns a function that signs many payloads as {@link signJws} does, with one header. The caller checks the types of key and
 * options.
 * @throws {JwtkitError} as {@link signJws}.
 */
export function prepareSigner(key: Key, options: SignJwsOptions = {}): (payload: Uint8Array | string) => string {
  const alg = options.alg ?? (key.algorithms[0] as AlgorithmName);
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (!key.algorithms.includes(alg)) {
    throw refuse(`algorithm ${alg} is not allowed by the key, which allows ${key.algorithms.join(', ')}`);
  }
  if (key.keyObject.type === 'public' || !key.operations.includes('sign')) throw refuse('this key may not sign');
  // JSON has no undefined members. This one gives `typ` its place.
  const json = writeGiven({ alg, typ: undefined, kid: key.kid, ...options.header }, 'header');
  const header = readBack(json, refuse);
  if (header.alg !== alg) throw refuse('the header member alg is set by the key');
  if (Object.hasOwn(header, '__proto__')) throw refuse('a header member cannot be named __proto__');
  const start = `${encodeBase64url(json)}.`;
  return (payload) => {
    const input = start + encodeBase64url(payload);
    return `${input}.${encodeBase64url(makeSignature(alg, key, input))}`;
  };
}

/** Reads the header as a verifier does, so that jwtkit never signs what it would refuse. */
function readBack(json: string, refuse: (message: string) => JwtkitError): JsonObject {
  const { value } = readJsonObject(Buffer.from(json), (problem) => refuse(`the header ${problem}`));
  try {
    checkHeader(value);
  } catch (error) {
    throw error instanceof JwtkitError ? refuse(error.message) : error;
  }
  return value;
}

function makeSignature(alg: AlgorithmName, { keyObject }: Key, input: string): Buffer {
  const { kty, hash, padding } = algorithm(alg);
  if (hash === null) return cryptoSign(null, Buffer.from(input, 'latin1'), keyObject);
  if (kty === 'oct') return createHmac(hash, keyObject).update(input, 'latin1').digest();
  const signer = createSign(hash).update(input, 'latin1');
  if (kty === 'EC') return signer.sign({ key: keyObject, dsaEncoding: 'ieee-p1363' });
  return signer.sign(padding === 'pss' ? { key: keyObject, ...pss } : keyObject);
}
