/** JWS compact serialization (RFC 7515 §3.1): parse strictly, verify on node:crypto, sign with jsonwebtoken where it can. */
import { constants, createHmac, sign as cryptoSign, verify as cryptoVerify, timingSafeEqual } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, isAlgorithmName, type KeyShape } from './algorithms.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { describeJson, JsonError, type JsonObject, own, parseJsonObject } from './json.js';
import type { Key } from './jwk.js';

/** The longest token looked at, in characters, unless the caller says otherwise. */
export const defaultMaxTokenLength = 65_536;

/** A token taken apart, nothing in it trusted or even looked at beyond its syntax. */
export interface ParsedJws {
  readonly header: JsonObject;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What is signed: the first two segments with their dot, ASCII. */
  readonly signingInput: string;
}

/**
 * Takes a compact JWS apart. Only its syntax is checked, so that a hostile token can be looked at; {@link checkHeader}
 * and a signature come before anything in it is believed.
 * @throws {JwtkitError} TOKEN_MALFORMED, naming the part that is broken.
 */
export function parseJws(token: string, options: { maxLength?: number | undefined } = {}): ParsedJws {
  const maxLength = options.maxLength ?? defaultMaxTokenLength;
  if (typeof token !== 'string') throw malformed(`token is ${describeJson(token)}, not a string`);
  if (token.length > maxLength) throw malformed(`token is longer than ${maxLength} characters`);
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.indexOf('.', second + 1) >= 0) throw malformed(describeSegments(token));
  const signingInput = token.slice(0, second);
  const header = parseHeader(decodeSegment('header', token.slice(0, first)));
  const payload = decodeSegment('payload', token.slice(first + 1, second));
  const signature = decodeSegment('signature', token.slice(second + 1));
  return { header, payload, signature, signingInput };
}

function malformed(message: string): JwtkitError {
  return new JwtkitError('TOKEN_MALFORMED', message);
}

function describeSegments(token: string): string {
  if (token === '') return 'token is empty';
  if (/^\s*\{/.test(token)) return 'token is JSON, a JWT is always in the compact form (RFC 7519 §3)';
  const segments = token.split('.', 7).length;
  if (segments === 5) return 'token has 5 segments: this is an encrypted token (JWE), not a signed one';
  return `token has ${segments > 6 ? 'more than 6 segments' : segments === 1 ? '1 segment' : `${segments} segments`}, a JWS has 3`;
}

function decodeSegment(part: string, text: string): Buffer {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw malformed(`${part} is not base64url`);
  return bytes;
}

function parseHeader(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes);
  } catch (error) {
    throw asMalformed('header', error);
  }
}

/**
 * Parses the payload of a JWS as a claims set (RFC 7519 §7.2): one strict JSON object.
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function parseClaims(payload: Uint8Array): JsonObject {
  try {
    return parseJsonObject(payload);
  } catch (error) {
    throw asMalformed('payload', error);
  }
}

function asMalformed(part: string, error: unknown): unknown {
  return error instanceof JsonError ? malformed(`${part} ${error.message}`) : error;
}

/**
 * Checks what a header must be before any key is looked for: `alg` a string, `typ`, `cty` and `kid` strings where present,
 * no `crit` (RFC 7515 §4.1.11: jwtkit understands no extension) and no `b64` (RFC 7797 §7: never in a JWT).
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function checkHeader(header: JsonObject): void {
  if (typeof own(header, 'alg') !== 'string') {
    throw malformed(
      Object.hasOwn(header, 'alg') ? `header alg is ${describeJson(header.alg)}, not a string` : 'header has no alg',
    );
  }
  for (const name of ['kid', 'typ', 'cty']) {
    if (Object.hasOwn(header, name) && typeof header[name] !== 'string') {
      throw malformed(`header ${name} is ${describeJson(header[name])}, not a string`);
    }
  }
  if (Object.hasOwn(header, 'crit')) throw malformed('header crit asks for extensions that are not understood');
  if (Object.hasOwn(header, 'b64')) throw malformed('header b64 is not allowed in a JWT');
}

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
  const refuse = (failure: SignatureFailure, message: string, hint?: string): SignatureVerdict =>
    hint === undefined ? { failure, message } : { failure, message, hint };
  if (!isAlgorithmName(alg)) return refuse('ALG_NOT_ALLOWED', `algorithm ${JSON.stringify(alg)} is not supported`);
  if (algorithms !== undefined && !algorithms.includes(alg)) {
    return refuse('ALG_NOT_ALLOWED', `algorithm ${alg} is not among the allowed: ${algorithms.join(', ')}`);
  }
  const named = keysNamed(jws.header.kid as string | undefined, keys);
  if (named.length === 0) {
    if (keys.length === 0) return refuse('KEY_NOT_FOUND', 'there is no trusted key to verify with');
    const known = keys.flatMap((key) => key.kid ?? []);
    return refuse(
      'KEY_NOT_FOUND',
      `no trusted key has the kid ${JSON.stringify(jws.header.kid)}`,
      `trusted kids: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`,
    );
  }
  const fitting = named.filter((key) => key.algorithms.includes(alg) && key.operations.includes('verify'));
  if (fitting.length === 0) {
    const allowed = [...new Set(named.flatMap((key) => key.algorithms))].join(', ');
    return refuse('ALG_NOT_ALLOWED', `algorithm ${alg} is not allowed by the trusted key, which allows ${allowed}`);
  }
  const sized = fitting.filter((key) => signatureLength(alg, key.shape) === jws.signature.length);
  if (sized.length === 0 && jws.signature.length > 0) {
    const expected = signatureLength(alg, (fitting[0] as Key).shape);
    return refuse(
      'SIGNATURE_MALFORMED',
      `signature has ${jws.signature.length} bytes, ${alg} with this key makes ${expected}`,
    );
  }
  const input = Buffer.from(jws.signingInput, 'latin1');
  for (const key of sized) if (holds(alg, key, input, jws.signature)) return { key, alg };
  const tried = fitting.length === 1 ? 'the trusted key' : `any of ${fitting.length} trusted keys`;
  return refuse(
    'SIGNATURE_INVALID',
    jws.signature.length === 0 ? 'signature is missing' : `signature does not hold under ${tried}`,
  );
}

/** Keys with the token's `kid`, and keys that have none; all of them for a token without. */
function keysNamed(kid: string | undefined, keys: readonly Key[]): readonly Key[] {
  return kid === undefined ? keys : keys.filter((key) => key.kid === undefined || key.kid === kid);
}

const hashBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;

function signatureLength(alg: AlgorithmName, shape: KeyShape): number {
  const { kty, hash } = algorithm(alg);
  return kty === 'oct' && hash !== null ? hashBytes[hash] : (shape.signatureBytes ?? 0);
}

function holds(alg: AlgorithmName, key: Key, input: Uint8Array, signature: Uint8Array): boolean {
  const { kty, hash, padding } = algorithm(alg);
  const { keyObject } = key;
  if (kty === 'oct' && hash !== null) {
    return timingSafeEqual(createHmac(hash, keyObject).update(input).digest(), signature);
  }
  if (kty === 'EC') return cryptoVerify(hash, input, { key: keyObject, dsaEncoding: 'ieee-p1363' }, signature);
  if (padding === 'pss') return cryptoVerify(hash, input, { key: keyObject, ...pss }, signature);
  return cryptoVerify(hash, input, keyObject, signature);
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
  const alg = options.alg ?? (key.algorithms[0] as AlgorithmName);
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (!key.algorithms.includes(alg)) {
    throw refuse(`algorithm ${alg} is not allowed by the key, which allows ${key.algorithms.join(', ')}`);
  }
  if (key.keyObject.type === 'public' || !key.operations.includes('sign')) throw refuse('this key may not sign');
  const header = buildHeader(alg, key, options.header ?? {});
  if (header.alg !== alg) throw refuse('the header member alg is set by the key');
  if (Object.hasOwn(header, '__proto__')) throw refuse('a header member cannot be named __proto__');
  try {
    checkHeader(header);
  } catch (error) {
    throw error instanceof JwtkitError ? refuse(error.message) : error;
  }
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : Buffer.from(payload);
  return algorithm(alg).signer === 'jsonwebtoken'
    ? signWithJsonwebtoken(bytes, key, alg, header)
    : signWithNode(bytes, key, alg, header);
}

/** `alg`, `typ`, `kid`, then the rest, without what is undefined. */
function buildHeader(alg: AlgorithmName, key: Key, members: Readonly<Record<string, unknown>>): JsonObject {
  const header: JsonObject = { alg, typ: undefined, kid: key.kid, ...members };
  for (const name of Object.keys(header)) if (header[name] === undefined) delete header[name];
  return header;
}

/**
 * The payload goes in as a string, so that its bytes are signed as they are: given an object, jsonwebtoken would drop
 * `__proto__` and rewrite `iat`. It encodes both parts as Latin-1 when told (the header always), hence the detour.
 */
async function signWithJsonwebtoken(payload: Buffer, key: Key, alg: AlgorithmName, header: object): Promise<string> {
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  return jsonwebtoken.sign(payload.toString('latin1'), key.keyObject, {
    algorithm: alg as import('jsonwebtoken').Algorithm,
    header: JSON.parse(Buffer.from(JSON.stringify(header), 'utf8').toString('latin1')),
    encoding: 'latin1',
  });
}

function signWithNode(payload: Buffer, key: Key, alg: AlgorithmName, header: object): string {
  const { hash, kty } = algorithm(alg);
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url(payload)}`;
  const data = Buffer.from(input, 'latin1');
  const signature =
    kty === 'EC'
      ? cryptoSign(hash, data, { key: key.keyObject, dsaEncoding: 'ieee-p1363' })
      : cryptoSign(hash, data, key.keyObject);
  return `${input}.${encodeBase64url(signature)}`;
}
