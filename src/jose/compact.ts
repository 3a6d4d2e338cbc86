/**
 * The compact serialization (RFC 7515 §3.1) taken apart, strictly and without any cryptography: what `decode` needs, and
 * the first step of `verify`.
 */
import { JwtkitError } from '../errors.js';
import { decodeBase64url } from './base64url.js';
import { describeJson, JsonError, type JsonObject, own, parseJsonObject } from './json.js';

/** The longest token looked at, in characters, unless the caller says otherwise. */
export const defaultMaxTokenLength = 65_536;

/** A token taken apart, nothing in it trusted or even looked at beyond its syntax. */
export interface ParsedJws {
  readonly header: JsonObject;
  /** The header as it stands in the token, unless a memo knew it. */
  readonly newHeader: string | undefined;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What is signed: the first two segments with their dot, ASCII. */
  readonly signingInput: string;
}

/**
 * Takes a compact JWS apart. Only its syntax is checked, so that a hostile token can be looked at; {@link checkHeader}
 * and a signature come before anything in it is believed.
 * @throws {JwtkitError} TOKEN_MALFORMED, naming the part that is broken; USAGE_INVALID for a `maxLength` that is no length.
 */
export function parseJws(
  token: string,
  options: { maxLength?: number | undefined } = {},
  memo?: HeaderMemo,
): ParsedJws {
  const maxLength = options.maxLength ?? defaultMaxTokenLength;
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new JwtkitError('USAGE_INVALID', 'maxLength is a whole number of characters');
  }
  if (typeof token !== 'string') throw malformed(`token is ${describeJson(token)}, not a string`);
  if (token.length > maxLength) throw malformed(`token is longer than ${maxLength} characters`);
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.indexOf('.', second + 1) >= 0) throw malformed(describeSegments(token));
  const signingInput = token.slice(0, second);
  const known = memo && findHeader(token, first, memo);
  const newHeader = known === undefined ? token.slice(0, first) : undefined;
  const header = newHeader === undefined ? { ...known } : parseHeader(decodeSegment('header', newHeader));
  const payload = decodeSegment('payload', token.slice(first + 1, second));
  const signature = decodeSegment('signature', token.slice(second + 1));
  return { header, newHeader, payload, signature, signingInput };
}

/**
 * Headers by their segments: the tokens of one issuer all have the same, and reading it takes as long as reading the claims.
 * The same text is the same header, so that nothing is believed that was not parsed. Who asks gets a copy, to do with as it
 * likes.
 */
export interface HeaderMemo {
  readonly bySegment: Map<string, KnownHeader>;
  /** The one of the token before, which most have again: comparing is faster than looking up. */
  last: KnownHeader | undefined;
}

interface KnownHeader {
  readonly segment: string;
  readonly header: JsonObject;
}

/** An empty memo. */
export function makeHeaderMemo(): HeaderMemo {
  return { bySegment: new Map(), last: undefined };
}

function findHeader(token: string, end: number, memo: HeaderMemo): JsonObject | undefined {
  const { last } = memo;
  const segment = token.slice(0, end);
  if (last?.segment === segment) return last.header;
  memo.last = memo.bySegment.get(segment);
  return memo.last?.header;
}

const memoSize = 32;
const memoLength = 1024;

/**
 * Keeps the header of a token for the next one; only those that held under a trusted key are worth it, so that strangers
 * cannot fill the memo. One with members inside members is left out, since copies would share them.
 */
export function rememberHeader({ header, newHeader }: ParsedJws, { bySegment }: HeaderMemo): void {
  if (newHeader === undefined || newHeader.length > memoLength || bySegment.size >= memoSize) return;
  if (Object.values(header).some((member) => typeof member === 'object')) return;
  // A slice would keep the token that it was cut from in memory.
  const segment = Buffer.from(newHeader, 'latin1').toString('latin1');
  bySegment.set(segment, { segment, header: { ...header } });
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
