/**
 * Private keys under a passphrase. Written as EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2), since Node's
 * own export has only 2048 iterations of PBKDF2. Read by OpenSSL, after a check of the work that the file asks for.
 */
import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';
import { errorCodeOf, JwtkitError } from '../errors.js';
import { childrenOf, readElements, derTags as tags } from './der.js';
import * as der from './der-writer.js';
import { keyRounds } from './derivation-cost.js';
import { maxPassphraseBytes } from './key.js';

/** What opens a private key: bytes, or a text that is taken as UTF-8 without normalization. */
export type Passphrase = string | Uint8Array;

/** Bounds of the work for a file, some seconds. */
const maxIterations = 10_000_000;
const maxScryptBlocks = 2 ** 22;
/** The most memory that OpenSSL gives scrypt, in bytes. */
const maxScryptMemory = 32 * 1024 * 1024;
/** Room for an RSA key of 16,384 bits, in bytes. OpenSSL reads the key as soon as it has decrypted it. */
const maxEncryptedBytes = 10_240;

/** Object identifiers (RFC 8018 appendix B and C, RFC 7914 §7). */
const ids = {
  pbes2: der.oid('1.2.840.113549.1.5.13'),
  pbkdf2: der.oid('1.2.840.113549.1.5.12'),
  hmacWithSha256: der.oid('1.2.840.113549.2.9'),
  aes256Cbc: der.oid('2.16.840.1.101.3.4.1.42'),
  scrypt: der.oid('1.3.6.1.4.1.11591.4.11'),
} as const;

/** Encrypts a PrivateKeyInfo in DER: PBKDF2-HMAC-SHA256 of 600,000 iterations, AES-256-CBC. */
export function encryptPkcs8(privateKeyInfo: Uint8Array, passphrase: Passphrase): Buffer {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(passphraseBytes(passphrase), salt, keyRounds, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(privateKeyInfo), cipher.final()]);
  const prf = der.sequence(ids.hmacWithSha256, der.nullValue());
  const kdf = der.sequence(ids.pbkdf2, der.sequence(der.octetString(salt), der.integer(keyRounds), prf));
  const scheme = der.sequence(ids.aes256Cbc, der.octetString(iv));
  return der.sequence(der.sequence(ids.pbes2, der.sequence(kdf, scheme)), der.octetString(encrypted));
}

/** Whether bytes are one EncryptedPrivateKeyInfo: an algorithm with parameters, then an OCTET STRING. */
export function isEncryptedPkcs8(bytes: Buffer): boolean {
  return algorithmOf(bytes) !== undefined;
}

interface AlgorithmIdentifier {
  readonly id: Buffer;
  readonly parameters: Buffer;
}

/** The algorithm that an EncryptedPrivateKeyInfo is encrypted with. */
function algorithmOf(bytes: Buffer): AlgorithmIdentifier | undefined {
  const [algorithm, encrypted, ...rest] = childrenOf(bytes);
  if (algorithm?.tag !== tags.sequence || encrypted?.tag !== tags.octetString || rest.length > 0) return undefined;
  return readAlgorithm(algorithm.content);
}

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2) whose parameters are a SEQUENCE. */
function readAlgorithm(content: Buffer | undefined): AlgorithmIdentifier | undefined {
  const [id, parameters, ...rest] = (content && readElements(content)) ?? [];
  if (id?.tag !== tags.oid || parameters?.tag !== tags.sequence || rest.length > 0) return undefined;
  return { id: der.derElement(tags.oid, id.content), parameters: parameters.content };
}

/**
 * Decrypts an EncryptedPrivateKeyInfo in DER with what OpenSSL reads of PBES2 and PBES1. `where` begins the messages.
 * @throws {JwtkitError} PASSPHRASE_WRONG; KEY_INVALID for an unknown algorithm or one that asks for too much work.
 */
export function decryptPkcs8(key: Buffer, passphrase: Passphrase, where = '', rounds = maxIterations): KeyObject {
  const bytes = passphraseBytes(passphrase);
  const problem = workProblem(key, rounds);
  if (problem !== undefined) throw new JwtkitError('KEY_INVALID', `${where}the encrypted private key ${problem}`);
  return decrypt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase: bytes }), where);
}

/** Decrypts a PEM block with Proc-Type and DEK-Info (RFC 1421 §4.6); throws as {@link decryptPkcs8}. */
export function decryptPem(block: string, passphrase: Passphrase, where = ''): KeyObject {
  const bytes = passphraseBytes(passphrase);
  const most = 2 * maxEncryptedBytes;
  if (block.length > most) {
    throw new JwtkitError('KEY_INVALID', `${where}the encrypted private key has more than ${most} bytes`);
  }
  return decrypt(() => createPrivateKey({ key: block, format: 'pem', passphrase: bytes }), where);
}

function decrypt(read: () => KeyObject, where: string): KeyObject {
  try {
    return read();
  } catch (error) {
    const code = errorCodeOf(error);
    // A wrong passphrase shows in the padding, or once in 256 times in the decrypted bytes.
    if (/EVP|PEM|UNSUPPORTED_|UNKNOWN_/.test(code) && !code.includes('DECRYPT')) {
      throw new JwtkitError('KEY_INVALID', `${where}the private key is encrypted in a way that OpenSSL does not read`, {
        hint: 'encrypt it anew where it was made: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE',
      });
    }
    throw new JwtkitError('PASSPHRASE_WRONG', `${where}wrong passphrase for the private key`, {
      hint: 'if it is certainly right, the file is damaged',
    });
  }
}

/** The bytes of a passphrase. Throws USAGE_INVALID if it is empty or has more than 1023 bytes. */
export function passphraseBytes(passphrase: Passphrase): Buffer {
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (typeof passphrase !== 'string' && !(passphrase instanceof Uint8Array))
    throw refuse('a passphrase is text or bytes');
  const bytes = Buffer.from(passphrase as string);
  if (bytes.length === 0) throw refuse('the passphrase is empty');
  if (bytes.length <= maxPassphraseBytes) return bytes;
  throw refuse(`a passphrase has at most ${maxPassphraseBytes} bytes, not ${bytes.length}`);
}

/** Returns why a key is not even decrypted: a file must not choose how long its reader works. */
function workProblem(key: Buffer, rounds: number): string | undefined {
  const damaged = 'is damaged';
  const outer = algorithmOf(key);
  if (outer === undefined) return damaged;
  if (key.length > maxEncryptedBytes) return `has more than ${maxEncryptedBytes} bytes`;
  const kdf = outer.id.equals(ids.pbes2) ? readAlgorithm(readElements(outer.parameters)?.[0]?.content) : outer;
  if (kdf === undefined) return damaged;
  // The salt, then numbers: the iterations of PBKDF2 and PBES1; the cost, block size and parallelization of scrypt.
  const [salt, ...rest] = readElements(kdf.parameters) ?? [];
  const [first, r, p] = rest.map(({ tag, content }) => (tag === tags.integer ? toNumber(content) : undefined));
  if (salt === undefined || first === undefined) return damaged;
  if (!kdf.id.equals(ids.scrypt)) {
    return first > rounds ? `asks for more than ${rounds} iterations` : undefined;
  }
  if (r === undefined || p === undefined) return damaged;
  if (128 * r * (first + 2 + p) > maxScryptMemory) return 'asks for more than 32 MiB of memory, which OpenSSL refuses';
  return first * r * p > maxScryptBlocks ? 'asks for too much work' : undefined;
}

/** A non-negative INTEGER; Infinity if every bound refuses it. */
function toNumber(content: Buffer): number {
  if (content.length > 6) return Number.POSITIVE_INFINITY;
  return content.length === 0 ? 0 : content.readUIntBE(0, content.length);
}
