import type { FlattenedJWE } from 'jose';
import { JwtkitError } from '../errors.js';
import type { JsonObject } from '../jose/json.js';
import { requireNow } from '../jose/numeric-date.js';
import {
  type ContentEncryptionName,
  contentEncryptionNames,
  type KeyManagementName,
  keyManagement,
} from './algorithms.js';
import { plainHeader } from './header.js';
import { describeEncryptionKey, directEncryptions, type EncryptionKey } from './key.js';
import { checkOwnHeader, maxContentBytes, maxJweLength } from './parse.js';

/** The rounds of PBES2 that jwtkit writes: those of OWASP's Password Storage Cheat Sheet for PBKDF2 with SHA-256. */
const writtenRounds = 600_000;

/** How a JWE is made. */
export interface EncryptOptions {
  readonly key: EncryptionKey;
  /** The key management algorithm; the key's preferred one by default. */
  readonly alg?: KeyManagementName | undefined;
  /** The content encryption; A256GCM by default, and for `dir` what fits the secret. */
  readonly enc?: ContentEncryptionName | undefined;
  /** Further members of the protected header, such as `cty`. */
  readonly header?: Readonly<JsonObject> | undefined;
  readonly serialization?: Serialization | undefined;
  /** NumericDate; needed for a key of a certificate. */
  readonly now?: number | undefined;
}

/** How a JWE is written (RFC 7516 §3). */
export type Serialization = 'compact' | 'flattened' | 'general';

/**
 * Encrypts bytes for one recipient. The header has the `kid` of the key. Nothing is compressed: the length of a compressed text
 * tells what is in it.
 * @throws {JwtkitError} USAGE_INVALID for an algorithm that the key does not allow, for members of the header that are not the
 * caller's, that hold a number which would change or that cannot be read back, and above 12,533,760 bytes; CERTIFICATE_EXPIRED,
 * CERTIFICATE_NOT_YET_VALID.
 */
export async function encryptJwe(plaintext: Uint8Array, options: EncryptOptions): Promise<string> {
  return prepareEncryption(options)(plaintext, options.header);
}

/** Members of the header that jwtkit writes itself, or that it does not write. */
const taken = ['alg', 'enc', 'kid', 'zip', 'crit', 'epk', 'p2c', 'p2s', 'iv', 'tag'];

/**
 * {@link encryptJwe} for many contents, each with further members of the header.
 * @throws {JwtkitError} as {@link encryptJwe}: for the key and the algorithms at once, for the rest when a content is encrypted.
 */
export function prepareEncryption(
  options: Omit<EncryptOptions, 'header'>,
): (plaintext: Uint8Array, header?: Readonly<JsonObject>) => Promise<string> {
  const { key, serialization = 'compact' } = options;
  const { alg, enc } = chooseAlgorithms(options);
  checkValidity(key, options.now);
  return async (plaintext, header = {}) => {
    const own = taken.find((name) => Object.hasOwn(header, name));
    if (own !== undefined) throw new JwtkitError('USAGE_INVALID', `the header's ${own} is not the caller's to set`);
    const members = plainHeader(header);
    if (plaintext.length > maxContentBytes) {
      const message = `the content has ${plaintext.length} bytes, at most ${maxContentBytes} are encrypted`;
      throw new JwtkitError('USAGE_INVALID', message, { hint: 'a token has at most 16 MiB' });
    }
    const { FlattenedEncrypt } = await import('jose');
    const protectedHeader = { alg, enc, ...(key.kid === undefined ? {} : { kid: key.kid }), ...members };
    const encryption = new FlattenedEncrypt(plaintext).setProtectedHeader(protectedHeader);
    if (keyManagement(alg).kind === 'passphrase') encryption.setKeyManagementParameters({ p2c: writtenRounds });
    const jwe = await encryption.encrypt(key.keyObject).catch((error: unknown) => {
      throw refusedByJose(error);
    });
    readBack(jwe.protected as string);
    const token = serialize(jwe, serialization);
    if (token.length <= maxJweLength) return token;
    throw new JwtkitError('USAGE_INVALID', `the token is longer than ${maxJweLength} characters`, {
      hint: 'its header is too large for this content',
    });
  };
}

function serialize(jwe: FlattenedJWE, serialization: Serialization): string {
  if (serialization === 'flattened') return JSON.stringify(jwe);
  const { protected: head, encrypted_key: encryptedKey, ...rest } = jwe;
  if (serialization === 'compact') return [head, encryptedKey ?? '', rest.iv, rest.ciphertext, rest.tag].join('.');
  const recipients = [encryptedKey === undefined ? {} : { encrypted_key: encryptedKey }];
  return JSON.stringify({ protected: head, recipients, ...rest });
}

/** Refuses a header that no reader of jwtkit would take. */
function readBack(header: string): void {
  try {
    checkOwnHeader(header);
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    throw new JwtkitError('USAGE_INVALID', `no such token is written: ${error.message}`, { cause: error });
  }
}

/** Members such as `apu` have rules of their own (RFC 7518 §4.6.1), which npm's jose checks. */
function refusedByJose(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message: string };
  if (typeof code !== 'string' || !code.startsWith('ERR_J')) return error;
  return new JwtkitError('USAGE_INVALID', `the header does not fit the algorithm: ${message}`, {
    hint: /\bap[uv]\b/.test(message) ? 'apu and apv are base64url, and differ' : undefined,
    cause: error,
  });
}

/** Returns the algorithms of a new token: what the caller names, else what the key prefers. */
function chooseAlgorithms({ key, alg = key.algorithms[0], enc }: Omit<EncryptOptions, 'header'>): {
  alg: KeyManagementName;
  enc: ContentEncryptionName;
} {
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (alg === undefined || !key.algorithms.includes(alg)) {
    throw refuse(`algorithm ${alg} is not allowed by the key, which allows ${key.algorithms.join(', ')}`);
  }
  if (!key.operations.includes('encrypt')) throw refuse('the key is not for encrypting');
  if (keyManagement(alg).isReadOnly === true)
    throw refuse(`${alg} is only read, it hashes with SHA-1; use RSA-OAEP-256`);
  if (enc !== undefined && !contentEncryptionNames.includes(enc)) throw refuse(`there is no content encryption ${enc}`);
  if (alg !== 'dir') return { alg, enc: enc ?? 'A256GCM' };
  const fitting = key.encryptions ?? directEncryptions(key.shape);
  const [direct] = fitting;
  if (direct === undefined || (enc !== undefined && !fitting.includes(enc))) {
    throw refuse(`dir with ${enc} does not fit the key (${describeEncryptionKey(key.shape)})`);
  }
  return { alg, enc: enc ?? direct };
}

function checkValidity({ validity, source = 'the key' }: EncryptionKey, now: number | undefined): void {
  if (now !== undefined) requireNow(now);
  if (validity === undefined) return;
  if (now === undefined) throw new JwtkitError('USAGE_INVALID', 'the key of a certificate needs the time');
  const { notBefore, notAfter } = validity;
  if (now > notAfter) throw new JwtkitError('CERTIFICATE_EXPIRED', `${source}: the certificate has expired`);
  if (now < notBefore)
    throw new JwtkitError('CERTIFICATE_NOT_YET_VALID', `${source}: the certificate is not valid yet`);
}
