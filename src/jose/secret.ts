/**
 * HMAC secrets come in by a way of their own, which refuses whatever looks like a key, so that neither can stand in for the
 * other.
 */
import { createSecretKey } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { readDer } from './der.js';
import { isEncryptedPkcs8 } from './encrypted-key.js';
import { createKey, type Key, type KeyTraits, maxKeyBytes } from './key.js';

/** What {@link loadSecret} is told beside the secret's bytes. */
export interface LoadSecretOptions extends Pick<KeyTraits, 'alg' | 'source' | 'kid'> {}

/**
 * Loads an HMAC secret (RFC 7518 §3.2) from its bytes as they are.
 * @throws {JwtkitError} KEY_TOO_WEAK below 32 bytes (48, 64 for HS384, HS512); KEY_INVALID for anything that is or decodes
 * to a public or private key, the root of every HS/RS confusion.
 */
export function loadSecret(secret: string | Uint8Array, options: LoadSecretOptions = {}): Key {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret);
  const where = options.source === undefined ? '' : `${options.source}: `;
  if (bytes.length > maxKeyBytes)
    throw new JwtkitError('KEY_INVALID', `${where}a secret is at most ${maxKeyBytes} bytes`);
  const kind = findKeyIn(bytes);
  if (kind !== undefined) {
    throw new JwtkitError('KEY_INVALID', `${where}this is ${kind}, not a shared secret`, {
      hint: 'give a key file with --key',
    });
  }
  if (bytes.length > 0 && bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))) {
    throw new JwtkitError('KEY_TOO_WEAK', `${where}the secret is nothing but white space`);
  }
  return createKey(createSecretKey(bytes), options);
}

/**
 * What a would-be secret really is, in words; undefined for one that is no key. Whoever knows a public key knows its text
 * in every encoding, so each of them would be a secret known to all. `depth` is how often bytes are taken for base64 or hex
 * of something else.
 */
export function findKeyIn(bytes: Buffer, depth = 2): string | undefined {
  const text = decodeText(bytes).trim();
  if (/-{4,5} ?BEGIN /.test(text)) return 'PEM';
  if (sshLine.test(text) || sshBlob.test(bytes.subarray(0, 16).toString('latin1'))) return 'an OpenSSH public key';
  if (/^[{[]/.test(text) && /"(?:kty|x5c)"\s*:/.test(unescapeJson(text))) return 'a JWK';
  if (readDer(bytes) !== undefined || readDer(withoutLineEnds(bytes)) !== undefined) return 'a DER key';
  if (isEncryptedPkcs8(bytes)) return 'an encrypted private key';
  if (depth === 0) return undefined;
  for (const decoded of decodings(text)) {
    const kind = findKeyIn(decoded, depth - 1);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

/** JSON text with its names as they are read, `\u006bty` as `kty`; damaged JSON as it stands. */
function unescapeJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A line of authorized_keys or a .pub file, options before the type included. */
const sshLine = /(?:^|[\s"])(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh|ecdsa)-[\w.@-]{1,64})\s/;
/** What the base64 of such a line holds (RFC 4253 §6.6): a length, then the type. */
const sshBlob = /^\0\0\0.(?:ssh-|ecdsa-sha2-|sk-)/s;

/** The text that bytes are in: UTF-16 has a zero in every other byte, UTF-8 may begin with a byte order mark. */
function decodeText(bytes: Buffer): string {
  const isLittleEndian = bytes[1] === 0 || (bytes[0] === 0xff && bytes[1] === 0xfe);
  const isBigEndian = bytes[0] === 0 || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  const text =
    bytes.length > 1 && isLittleEndian
      ? even.toString('utf16le')
      : bytes.length > 1 && isBigEndian
        ? Buffer.from(even).swap16().toString('utf16le')
        : bytes.toString('utf8');
  return text.replace(/^\uFEFF/, '');
}

function withoutLineEnds(bytes: Buffer): Buffer {
  const isLineEnd = (byte: number | undefined) => byte === 0x0a || byte === 0x0d;
  let start = 0;
  let end = bytes.length;
  while (end > start && isLineEnd(bytes[end - 1])) end--;
  while (start < end && isLineEnd(bytes[start])) start++;
  return bytes.subarray(start, end);
}

/** The bytes that a text may stand for, as hex (with or without colons) and as base64. */
function decodings(text: string): Buffer[] {
  const dense = text.replace(/\s/g, '');
  const decoded: Buffer[] = [];
  if (/^[0-9a-f]{2}(?::?[0-9a-f]{2})+$/i.test(dense)) decoded.push(Buffer.from(dense.replaceAll(':', ''), 'hex'));
  if (/^[A-Za-z0-9+/_-]+=*$/.test(dense)) decoded.push(Buffer.from(dense, 'base64'));
  return decoded;
}
