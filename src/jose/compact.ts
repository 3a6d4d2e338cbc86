/** Parses the compact serialization (RFC 7515 §3.1) strictly, without any cryptography. */
import { JwtkitError } from '../errors.js';
import { isPromise } from './arguments.js';
import { decodeBase64url } from './base64url.js';
import { describeJson, type JsonObject, own, type ReadJson, readJsonObject } from './json.js';

/** The default for the longest token that is parsed, in characters. */
export const defaultMaxTokenLength = 65_536;

/** A parsed token. Nothing in it is trusted. */
export interface ParsedJws {
  readonly header: JsonObject;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** The signed text: the first two segments with their dot, ASCII. */
  readonly signingInput: string;
}

/**
 * Parses a compact JWS. Checks its syntax only, so that a hostile token can be decoded. Trust nothing in it before
 * {@link checkHeader} and a check of its signature.
 * @throws {JwtkitError} TOKEN_MALFORMED with the broken part; USAGE_INVALID for a `maxLength` that is not a length.
 */
export function parseJws(token: string, options: { maxLength?: number | undefined } = {}): ParsedJws {
  const maxLength = options.maxLength ?? defaultMaxTokenLength;
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new JwtkitError('USAGE_INVALID', 'maxLength is a whole number of characters');
  }
  if (typeof token !== 'string') throw malformed(describeNonText(token));
  if (token.length > maxLength) throw malformed(`token is longer than ${maxLength} characters`);
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.indexOf('.', second + 1) >= 0) throw malformed(describeSegments(token));
  const signingInput = token.slice(0, second);
  const header = readHeader(token.slice(0, first));
  const payload = decodeSegment('payload', token.slice(first + 1, second));
  const signature = decodeSegment('signature', token.slice(second + 1));
  return { header, payload, signature, signingInput };
}

/** The last header: tokens of one issuer share theirs, and without it HS256 verifies at 0.87 of fast-jwt, not at 0.93. */
let last: { readonly segment: string; readonly header: JsonObject } | undefined;

function readHeader(segment: string): JsonObject {
  if (last?.segment === segment) return { ...last.header };
  const header = readPart('header', decodeSegment('header', segment)).value;
  // Copies of a header would share the objects in it.
  const canBeCopied = segment.length <= 1024 && Object.values(header).every((member) => typeof member !== 'object');
  // The segment is copied: V8 would keep the whole token for a slice of it.
  if (canBeCopied) last = { segment: Buffer.from(segment, 'latin1').toString('latin1'), header: { ...header } };
  return header;
}

function malformed(message: string): JwtkitError {
  return new JwtkitError('TOKEN_MALFORMED', message);
}

function describeNonText(value: unknown): string {
  if (isPromise(value)) return 'token is a Promise, not a string: await it';
  const isIssued = typeof value === 'object' && value !== null && typeof own(value as JsonObject, 'token') === 'string';
  return `token is ${describeJson(value)}, not a string${isIssued ? ': pass its member token' : ''}`;
}

function describeSegments(token: string): string {
  if (token === '') return 'token is empty';
  if (/^\s*\{/.test(token)) {
    const isEncrypted = token.includes('"ciphertext"');
    if (isEncrypted) return 'token is JSON: this is an encrypted token (JWE), not a signed one';
    return 'token is JSON, a JWT is always in the compact form (RFC 7519 §3)';
  }
  const segments = token.split('.', 7).length;
  const header = segments === 5 ? Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString() : '';
  // Something else is glued to a signed token, such as what an SD-JWT discloses.
  const isSigned = /^\s*\{/.test(header) && !header.includes('"enc"');
  if (segments === 5 && !isSigned) return 'token has 5 segments: this is an encrypted token (JWE), not a signed one';
  return `token has ${segments > 6 ? 'more than 6 segments' : segments === 1 ? '1 segment' : `${segments} segments`}, a JWS has 3`;
}

function decodeSegment(part: string, text: string): Buffer {
  const bytes = decodeBase64url(text);
  if (bytes === undefined && /^bearer\s/i.test(text)) throw malformed('token begins with Bearer: pass what follows it');
  if (bytes === undefined) throw malformed(`${part} is not base64url`);
  return bytes;
}

/** Parses the payload of a JWS as a claims set (RFC 7519 §7.2). Throws TOKEN_MALFORMED. */
export function parseClaims(payload: Uint8Array): ReadJson<JsonObject> {
  return readPart('payload', payload);
}

function readPart(part: string, bytes: Uint8Array): ReadJson<JsonObject> {
  return readJsonObject(bytes, (problem) => malformed(`${part} ${problem}`));
}

/**
 * Checks a header, before any key is chosen: `alg` is a string, `typ`, `cty` and `kid` are strings if present. Refuses `crit`
 * (RFC 7515 §4.1.11), since jwtkit supports no extension, and `b64`, which no JWT may have (RFC 7797 §7).
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function checkHeader(header: JsonObject): void {
  // Object.hasOwn for each member would take 1 % of a verification. An inherited member can only make a header be refused.
  const { alg, kid, typ, cty, crit, b64 } = header;
  if (!Object.hasOwn(header, 'alg')) throw malformed('header has no alg');
  if (typeof alg !== 'string') throw malformed(`header alg is ${describeJson(alg)}, not a string`);
  requireText('kid', kid);
  requireText('typ', typ);
  requireText('cty', cty);
  if (crit !== undefined) throw malformed('header crit asks for extensions that are not understood');
  if (b64 !== undefined) throw malformed('header b64 is not allowed in a JWT');
}

function requireText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string') {
    throw malformed(`header ${name} is ${describeJson(value)}, not a string`);
  }
}
