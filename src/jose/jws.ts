/** JWS (RFC 7515): signatures checked and made on node:crypto. */
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
import { type AlgorithmName, algorithm, isAlgorithmName, type KeyShape } from './algorithms.js';
import { encodeBase64url } from './base64url.js';
import { checkHeader, type ParsedJws, parseJws } from './compact.js';
import { JsonError, type JsonObject, parseJsonObject, quoteText } from './json.js';
import type { Key } from './key.js';

/** What a signature was checked with, or why it could not be. */
export type SignatureVerdict =
  | { readonly key: Key; readonly alg: AlgorithmName; readonly failure?: undefined }
  | { readonly failure: SignatureFailure; readonly message: string; readonly hint?: string };

/** The ways in which a signature check ends other than well, each an ErrorCode. */
export type SignatureFailure = 'ALG_NOT_ALLOWED' | 'KEY_NOT_FOUND' | 'SIGNATURE_MALFORMED' | 'SIGNATURE_INVALID';

/**
 * Checks the signature of a parsed JWS whose header passed {@link checkHeader}. The keys are what the caller trusts; `kid`
 * only selects among them, and the algorithm is allowed by the key and narrowed by `algorithms`, the header only agrees.
 */
export function checkSignature(
  jws: ParsedJws,
  keys: readonly Key[],
  algorithms?: readonly AlgorithmName[],
): SignatureVerdict {
  const alg = jws.header.alg as string;
  const kid = jws.header.kid as string | undefined;
  if (isAlgorithmName(alg) && (algorithms === undefined || (Array.isArray(algorithms) && algorithms.includes(alg)))) {
    for (const key of keys) {
      if (isNamed(key, kid) && mayVerify(key, alg) && isSized(key, alg, jws) && holds(alg, key, jws)) {
        return { key, alg };
      }
    }
  }
  return explainFailure(jws, keys, algorithms);
}

/** Why no key verified a token: the first demand that none of them met. */
function explainFailure(
  jws: ParsedJws,
  keys: readonly Key[],
  algorithms: readonly AlgorithmName[] | undefined,
): SignatureVerdict {
  const alg = jws.header.alg as string;
  const kid = jws.header.kid as string | undefined;
  const refuse = (failure: SignatureFailure, message: string, hint?: string): SignatureVerdict =>
    hint === undefined ? { failure, message } : { failure, message, hint };
  if (!isAlgorithmName(alg)) return refuse('ALG_NOT_ALLOWED', `algorithm ${quoteText(alg)} is not supported`);
  if (algorithms !== undefined && !Array.isArray(algorithms)) {
    throw new JwtkitError('USAGE_INVALID', 'algorithms is an array of names');
  }
  if (algorithms !== undefined && !algorithms.includes(alg)) {
    return refuse('ALG_NOT_ALLOWED', `algorithm ${alg} is not among the allowed: ${algorithms.join(', ')}`);
  }
  const named = keys.filter((key) => isNamed(key, kid));
  if (named.length === 0) {
    if (keys.length === 0) return refuse('KEY_NOT_FOUND', 'there is no trusted key to verify with');
    const known = keys.flatMap((key) => key.kid ?? []);
    return refuse(
      'KEY_NOT_FOUND',
      `no trusted key has the kid ${quoteText(String(kid))}`,
      `trusted kids: ${known
        .slice(0, 10)
        .map((each) => quoteText(each).slice(1, -1))
        .join(', ')}${known.length > 10 ? ', …' : ''}`,
    );
  }
  const fitting = named.filter((key) => mayVerify(key, alg));
  if (fitting.length === 0) {
    const allowed = [...new Set(named.flatMap((key) => key.algorithms))].join(', ');
    return refuse('ALG_NOT_ALLOWED', `algorithm ${alg} is not allowed by the trusted key, which allows ${allowed}`);
  }
  const { length } = jws.signature;
  if (length === 0) return refuse('SIGNATURE_INVALID', 'signature is missing');
  if (!fitting.some((key) => isSized(key, alg, jws))) {
    const expected = signatureLength(alg, (fitting[0] as Key).shape);
    return refuse('SIGNATURE_MALFORMED', `signature has ${length} bytes, ${alg} with this key makes ${expected}`);
  }
  const tried = fitting.length === 1 ? 'the trusted key' : `any of ${fitting.length} trusted keys`;
  return refuse('SIGNATURE_INVALID', `signature does not hold under ${tried}`);
}

/** Whether a key has the token's `kid` or none; a token without `kid` may be of any key. */
function isNamed(key: Key, kid: string | undefined): boolean {
  return kid === undefined || key.kid === undefined || key.kid === kid;
}

function mayVerify(key: Key, alg: AlgorithmName): boolean {
  return key.algorithms.includes(alg) && key.operations.includes('verify');
}

function isSized(key: Key, alg: AlgorithmName, { signature }: ParsedJws): boolean {
  return signature.length > 0 && signatureLength(alg, key.shape) === signature.length;
}

const hashBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;

function signatureLength(alg: AlgorithmName, shape: KeyShape): number {
  const { kty, hash } = algorithm(alg);
  return kty === 'oct' && hash !== null ? hashBytes[hash] : (shape.signatureBytes ?? 0);
}

function holds(alg: AlgorithmName, { keyObject }: Key, { signingInput, signature }: ParsedJws): boolean {
  const { kty, hash, padding } = algorithm(alg);
  if (hash === null) return cryptoVerify(null, Buffer.from(signingInput, 'latin1'), keyObject, signature);
  if (kty === 'oct') {
    return timingSafeEqual(createHmac(hash, keyObject).update(signingInput, 'latin1').digest(), signature);
  }
  // On Node 20 the one-shot crypto.verify takes a third longer for RSA than this.
  const check = createVerify(hash).update(signingInput, 'latin1');
  if (kty === 'EC') return check.verify({ key: keyObject, dsaEncoding: 'ieee-p1363' }, signature);
  return check.verify(padding === 'pss' ? { key: keyObject, ...pss } : keyObject, signature);
}

/** RFC 7518 §3.5: MGF1 with the same hash, a salt as long as its output. */
const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};

/** A JWS whose signature holds. */
export interface VerifiedJws {
  readonly header: JsonObject;
  readonly payload: Uint8Array;
  readonly key: Key;
}

/** What narrows {@link verifyJws}. */
export interface VerifyJwsOptions {
  /** Algorithms to allow among those that the keys allow; all of these by default. */
  algorithms?: readonly AlgorithmName[] | undefined;
  /** The longest token looked at, in characters; 65,536 by default. */
  maxLength?: number | undefined;
}

/**
 * Verifies a compact JWS over any bytes (RFC 7515 §5.2). Keys come from the caller; `jwk`, `jku`, `x5u` and `x5c` in the
 * header are never looked at.
 * @throws {JwtkitError} TOKEN_MALFORMED, ALG_NOT_ALLOWED, KEY_NOT_FOUND, SIGNATURE_MALFORMED, SIGNATURE_INVALID.
 */
export function verifyJws(token: string, keys: readonly Key[], options: VerifyJwsOptions = {}): VerifiedJws {
  const jws = parseJws(token, options);
  checkHeader(jws.header);
  const verdict = checkSignature(jws, keys, options.algorithms);
  if (verdict.failure !== undefined) throw new JwtkitError(verdict.failure, verdict.message, { hint: verdict.hint });
  return { header: jws.header, payload: jws.payload, key: verdict.key };
}

/** What {@link signJws} puts into the header and signs with. */
export interface SignJwsOptions {
  /** The algorithm; the key's preferred one by default. */
  alg?: AlgorithmName | undefined;
  /** Header members beside `alg` and `kid`; `undefined` ones are left out. */
  header?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Signs bytes (a string is taken as UTF-8) as a compact JWS. The header holds `alg`, the key's `kid`, then `header`.
 * @throws {JwtkitError} USAGE_INVALID for an algorithm that the key does not allow or a public key; and for the header
 * members that jwtkit itself would refuse (`crit`, `b64`).
 */
export async function signJws(payload: Uint8Array | string, key: Key, options: SignJwsOptions = {}): Promise<string> {
  return prepareSigner(key, options)(payload);
}

/**
 * {@link signJws} for many payloads under one header, which is checked and encoded once.
 * @throws {JwtkitError} as {@link signJws}.
 */
export function prepareSigner(key: Key, options: SignJwsOptions = {}): (payload: Uint8Array | string) => string {
  const alg = options.alg ?? (key.algorithms[0] as AlgorithmName);
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (!key.algorithms.includes(alg)) {
    throw refuse(`algorithm ${alg} is not allowed by the key, which allows ${key.algorithms.join(', ')}`);
  }
  if (key.keyObject.type === 'public' || !key.operations.includes('sign')) throw refuse('this key may not sign');
  const json = writeHeader(buildHeader(alg, key, options.header ?? {}), refuse);
  const header = readBack(json, refuse);
  if (header.alg !== alg) throw refuse('the header member alg is set by the key');
  if (Object.hasOwn(header, '__proto__')) throw refuse('a header member cannot be named __proto__');
  const start = `${encodeBase64url(json)}.`;
  return (payload) => {
    const input = start + encodeBase64url(payload);
    return `${input}.${encodeBase64url(makeSignature(alg, key, input))}`;
  };
}

function writeHeader(header: JsonObject, refuse: (message: string) => JwtkitError): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(header);
  } catch {
    // It refers to itself, or a member refuses.
  }
  if (json === undefined) throw refuse('the header cannot be written as JSON');
  return json;
}

/** A header as verifiers will read it: what would be refused by ourselves is not signed. */
function readBack(json: string, refuse: (message: string) => JwtkitError): JsonObject {
  try {
    const read = parseJsonObject(Buffer.from(json, 'utf8'));
    checkHeader(read);
    return read;
  } catch (error) {
    if (error instanceof JsonError) throw refuse(`the header ${error.message}`);
    throw error instanceof JwtkitError ? refuse(error.message) : error;
  }
}

/** `alg`, `typ`, `kid`, then the rest, without what is undefined. */
function buildHeader(alg: AlgorithmName, key: Key, members: Readonly<Record<string, unknown>>): JsonObject {
  const header: JsonObject = { alg, typ: undefined, kid: key.kid, ...members };
  for (const name of Object.keys(header)) if (header[name] === undefined) delete header[name];
  return header;
}

function makeSignature(alg: AlgorithmName, { keyObject }: Key, input: string): Buffer {
  const { kty, hash, padding } = algorithm(alg);
  if (hash === null) return cryptoSign(null, Buffer.from(input, 'latin1'), keyObject);
  if (kty === 'oct') return createHmac(hash, keyObject).update(input, 'latin1').digest();
  const signer = createSign(hash).update(input, 'latin1');
  if (kty === 'EC') return signer.sign({ key: keyObject, dsaEncoding: 'ieee-p1363' });
  return signer.sign(padding === 'pss' ? { key: keyObject, ...pss } : keyObject);
}
