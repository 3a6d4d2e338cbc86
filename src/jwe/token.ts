/** Encrypted tokens for programs. npm's jose is loaded when the first one is made or read. */
import { JwtkitError } from '../errors.js';
import { describeArgument, requireObject } from '../jose/arguments.js';
import { requireValues, writeClaims } from '../jose/given-json.js';
import { type JsonObject, readJsonObject } from '../jose/json.js';
import {
  checkDecryptOptions,
  checkEncryptOptions,
  requireContent,
  requireEncryptionKey,
  requireEncryptionKeys,
} from './arguments.js';
import type { DecryptedJwe, DecryptOptions } from './decrypt.js';
import type { EncryptOptions } from './encrypt.js';

/** A decrypted token. Who wrote it is not known: everybody has a public key. */
export interface DecryptedToken extends DecryptedJwe {
  /**
   * Reads the content as UTF-8 JSON, such as a claims set, strictly.
   * @throws {JwtkitError} TOKEN_MALFORMED.
   */
  json(): JsonObject;
}

/** Whether a text is a signed token alone; the header of nearly every token begins with these letters. */
function isSignedToken(text: string): boolean {
  return /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** Whether a text is a compact JWE alone. */
export function isEncryptedToken(text: string): boolean {
  return /^ey[\w-]+\.[\w-]*\.[\w-]+\.[\w-]*\.[\w-]+$/.test(text);
}

/** The header members that a content asks for: a token in a token has `cty: JWT` (RFC 7519 §5.2). */
export function headerOfContent(text: string): { cty?: 'JWT' } {
  return isSignedToken(text) || isEncryptedToken(text) ? { cty: 'JWT' } : {};
}

/** Whether a `cty` says that the content is a token; `application/` may be left out, and case does not count (RFC 7515 §4.1.10). */
export function isTokenType(cty: unknown): boolean {
  return typeof cty === 'string' && /^(?:application\/)?jwt$/i.test(cty);
}

/**
 * Encrypts bytes, a text or claims for one recipient, as compact JWE unless `serialization` says otherwise. A token gets `cty: JWT`,
 * claims get `typ: JWT` (RFC 7519 §5) and may hold a bigint; nobody signs these, so sign them first with `issueToken` where it
 * matters.
 * @throws {JwtkitError} USAGE_INVALID, CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID.
 */
export async function encryptToken(content: Uint8Array | string | JsonObject, given: EncryptOptions): Promise<string> {
  requireContent(content);
  requireObject(given, 'the second argument', '{ key }');
  requireEncryptionKey(given.key);
  const options = checkEncryptOptions(given);
  const { encryptJwe } = await import('./encrypt.js');
  if (content instanceof Uint8Array) return encryptJwe(content, options);
  if (typeof content !== 'string') {
    requireValues(content);
    // Without what is inherited, such as a toJSON.
    const { payload } = writeClaims({ ...content });
    return encryptJwe(payload, { ...options, header: { typ: 'JWT', ...options.header } });
  }
  return encryptJwe(Buffer.from(content), { ...options, header: { ...headerOfContent(content), ...options.header } });
}

/**
 * Decrypts a JWE of at most 16 MiB. The keys decide the algorithm, narrowed by `algorithms` and `encryptions`; a `kid` in the token
 * selects among the keys. Every token that does not decrypt fails alike.
 * @throws {JwtkitError} USAGE_INVALID, TOKEN_MALFORMED, ALG_NOT_ALLOWED, KEY_NOT_FOUND, DECRYPTION_FAILED.
 */
export async function decryptToken(token: string, options: DecryptOptions): Promise<DecryptedToken> {
  if (typeof token !== 'string') {
    throw new JwtkitError('TOKEN_MALFORMED', `token is ${describeArgument(token)}, not a string`);
  }
  requireObject(options, 'the second argument', '{ keys }');
  requireEncryptionKeys(options.keys);
  checkDecryptOptions(options);
  const { decryptJwe } = await import('./decrypt.js');
  const { plaintext, header, key } = await decryptJwe(token, options);
  const refuse = (problem: string) => new JwtkitError('TOKEN_MALFORMED', `the content ${problem}`);
  return { plaintext, header, key, json: () => readJsonObject(plaintext, refuse).value };
}
