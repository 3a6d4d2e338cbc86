/** Parses the serializations of a JWE strictly (RFC 7516 §3.1, §7.2), without any cryptography. */
import { JwtkitError } from '../errors.js';
import { decodeBase64url } from '../jose/base64url.js';
import { readExact, toPlain } from '../jose/exact-json.js';
import { describeJson, isJsonObject, type JsonObject, own, readJsonObject } from '../jose/json.js';

/** The longest JWE, in characters, and the largest content, in bytes. */
export const maxJweLength = 16 * 1024 * 1024;

/** The largest content that is encrypted, in bytes: base64url and 64 KiB for all else make it a token of 16 MiB. */
export const maxContentBytes = ((maxJweLength - 65_536) / 4) * 3;

/** One token is for at most this many recipients. */
const maxRecipients = 10;

/** One of those for whom a JWE is. */
export interface JweRecipient {
  /** The members of all headers together, which have no name in common (RFC 7516 §4). */
  readonly header: JsonObject;
  /** The same, in which numbers keep their text: to be shown. */
  readonly exactHeader: JsonObject;
  /** What the npm package `jose` decrypts. */
  readonly flattened: FlattenedJwe;
}

/** The members of the flattened serialization (RFC 7516 §7.2.2); an empty part of the compact one is left out. */
interface FlattenedJwe {
  protected?: string;
  unprotected?: JsonObject;
  header?: JsonObject;
  encrypted_key?: string;
  iv?: string;
  ciphertext: string;
  tag?: string;
  aad?: string;
}

/** A parsed JWE. Nothing in it is trusted. */
export interface ParsedJwe {
  readonly serialization: 'compact' | 'flattened' | 'general';
  readonly recipients: readonly [JweRecipient, ...JweRecipient[]];
}

/**
 * Parses a JWE of at most 16 MiB and 10 recipients.
 * @throws {JwtkitError} TOKEN_MALFORMED with the broken part.
 */
export function parseJwe(token: string): ParsedJwe {
  if (token.length > maxJweLength) throw malformed(`token is longer than ${maxJweLength} characters`);
  if (/^\s*\{/.test(token)) return parseJsonSerialization(token);
  const parts = token.split('.', 7);
  if (parts.length !== 5) throw malformed(describeSegments(token, parts.length));
  const [header = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = parts;
  const flattened: FlattenedJwe = {
    protected: header,
    ...(encryptedKey === '' ? {} : { encrypted_key: encryptedKey }),
    ...(iv === '' ? {} : { iv }),
    ciphertext,
    ...(tag === '' ? {} : { tag }),
  };
  for (const [name, part] of Object.entries({ 'encrypted key': encryptedKey, ...named(iv, ciphertext, tag) })) {
    checkBase64url(name, part);
  }
  return { serialization: 'compact', recipients: [toRecipient(flattened, readProtected(header))] };
}

function named(iv: string, ciphertext: string, tag: string): Record<string, string> {
  return { 'initialization vector': iv, ciphertext, 'authentication tag': tag };
}

function malformed(message: string): JwtkitError {
  return new JwtkitError('TOKEN_MALFORMED', message);
}

function describeSegments(token: string, segments: number): string {
  if (token.trim() === '') return 'token is empty';
  if (segments === 3) return 'token has 3 segments: this is a signed token (JWS), not an encrypted one';
  return `token has ${segments > 6 ? 'more than 6 segments' : segments === 1 ? '1 segment' : `${segments} segments`}, a JWE has 5`;
}

function checkBase64url(name: string, text: string): void {
  if (decodeBase64url(text) === undefined) throw malformed(`${name} is not base64url`);
}

/** Reads a protected header; its numbers keep their text. */
function readProtected(text: string): JsonObject {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw malformed('header is not base64url');
  const { value, text: json } = readJsonObject(bytes, (problem) => malformed(`header ${problem}`));
  return readExact(json, value);
}

/**
 * Checks the protected header of a new token, as it is checked when the token is read.
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function checkOwnHeader(text: string): void {
  toRecipient({ ciphertext: '' }, readProtected(text));
}

/** Checks the members of a header that every algorithm has, and joins the headers, whose numbers have their text. */
function toRecipient(flattened: FlattenedJwe, ...headers: (JsonObject | undefined)[]): JweRecipient {
  const exactHeader: JsonObject = {};
  for (const part of headers) {
    for (const [name, value] of Object.entries(part ?? {})) {
      if (Object.hasOwn(exactHeader, name)) throw malformed(`header ${JSON.stringify(name)} is there twice`);
      Object.defineProperty(exactHeader, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  const header = toPlain(exactHeader);
  for (const name of ['alg', 'enc']) {
    const value = own(header, name);
    if (value === undefined) throw malformed(`header has no ${name}`);
    if (typeof value !== 'string') throw malformed(`header ${name} is ${describeJson(value)}, not a string`);
  }
  for (const name of ['kid', 'typ', 'cty', 'zip']) {
    const value = own(header, name);
    if (value !== undefined && typeof value !== 'string') {
      throw malformed(`header ${name} is ${describeJson(value)}, not a string`);
    }
  }
  if (Object.hasOwn(header, 'crit')) throw malformed('header crit asks for extensions that are not understood');
  return { header, exactHeader, flattened: plainMembers(flattened) };
}

/** The npm package `jose` wants numbers, not their text. */
function plainMembers({ unprotected, header, ...others }: FlattenedJwe): FlattenedJwe {
  return {
    ...others,
    ...(unprotected && { unprotected: toPlain(unprotected) }),
    ...(header && { header: toPlain(header) }),
  };
}

/** Members that other serializations have, or that a JWS has. */
const knownMembers = ['protected', 'unprotected', 'header', 'encrypted_key', 'iv', 'ciphertext', 'tag', 'aad'] as const;

function parseJsonSerialization(text: string): ParsedJwe {
  const { value } = readJsonObject(Buffer.from(text), (problem) => malformed(`token ${problem}`));
  const json = readExact(text, value);
  if (own(json, 'ciphertext') === undefined) {
    const isSigned = own(json, 'payload') !== undefined;
    throw malformed(
      isSigned ? 'token is a signed one (JWS) in JSON, not an encrypted one' : 'token is JSON without a ciphertext',
    );
  }
  const shared = readMembers(json);
  const isProtected = shared.protected === undefined ? undefined : readProtected(shared.protected);
  const recipients = own(json, 'recipients');
  if (recipients === undefined) {
    return {
      serialization: 'flattened',
      recipients: [toRecipient(shared, isProtected, shared.unprotected, shared.header)],
    };
  }
  if (!Array.isArray(recipients) || recipients.length === 0) throw malformed('recipients is not a list of recipients');
  if (recipients.length > maxRecipients) {
    throw malformed(`token has ${recipients.length} recipients, at most ${maxRecipients} are read`);
  }
  if (shared.header !== undefined || shared.encrypted_key !== undefined) {
    throw malformed('token has a recipient of its own beside its list of recipients');
  }
  const read = recipients.map((recipient: unknown) => {
    if (!isJsonObject(recipient)) throw malformed(`a recipient is ${describeJson(recipient)}, not an object`);
    const { header, encrypted_key } = readMembers({ ...recipient, ciphertext: shared.ciphertext });
    const own = { ...(header && { header }), ...(encrypted_key === undefined ? {} : { encrypted_key }) };
    return toRecipient({ ...shared, ...own }, isProtected, shared.unprotected, header);
  });
  const [first, ...others] = read as [JweRecipient, ...JweRecipient[]];
  // RFC 7516 §7.2.1: one content, so one way to encrypt it.
  if (others.some(({ header }) => header.enc !== first.header.enc)) throw malformed('the recipients differ in enc');
  return { serialization: 'general', recipients: [first, ...others] };
}

function readMembers(json: JsonObject): FlattenedJwe {
  const members: Record<string, unknown> = {};
  for (const name of knownMembers) {
    const value = own(json, name);
    if (value === undefined) continue;
    const isHeader = name === 'header' || name === 'unprotected';
    if (isHeader !== isJsonObject(value) || (!isHeader && typeof value !== 'string')) {
      throw malformed(`${name} is ${describeJson(value)}, not ${isHeader ? 'an object' : 'a string'}`);
    }
    if (!isHeader && name !== 'protected') checkBase64url(name, value as string);
    // An absent part may be written as an empty one.
    if (value !== '' || name === 'ciphertext') members[name] = value;
  }
  return members as unknown as FlattenedJwe;
}
