/**
 * Private keys under a passphrase. Made as EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2): Node's own
 * export fixes PBKDF2 at 2048 iterations. Read by OpenSSL, once the work that a file asks for is known to be bearable.
 */
import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { derElement, isWholeDer, readElements } from './der.js';

/** What opens a private key: bytes, or a text that is taken as UTF-8 as it stands, without normalization. */
export type Passphrase = string | Uint8Array;

/** The longest passphrase, in bytes: OpenSSL's tools read no longer one. */
export const maxPassphraseBytes = 1023;

/** What a key is encrypted with: OWASP's count for PBKDF2 with HMAC-SHA256. */
const iterations = 600_000;
/** The most work done for a file: some seconds. */
const maxIterations = 10_000_000;
const maxScryptBlocks = 2 ** 22;
/** OpenSSL gives scrypt no more memory for a key, in bytes. */
const maxScryptMemory = 32 * 1024 * 1024;

const sequence = 0x30;
const integer = 0x02;
const octetString = 0x04;
const objectIdentifier = 0x06;

/** Object identifiers (RFC 8018 appendix C, RFC 7914 §7, RFC 8018 §B.2.5) as DER, in hex. */
const oids = {
  pbes2: '06092a864886f70d01050d',
  pbkdf2: '06092a864886f70d01050c',
  hmacWithSha256: '06082a864886f70d0209',
  aes256Cbc: '060960864801650304012a',
  scrypt: '06092b06010401da47040b',
} as const;

function oid(name: keyof typeof oids): Buffer {
  return Buffer.from(oids[name], 'hex');
}

/**
 * Encrypts a PrivateKeyInfo in DER: PBKDF2-HMAC-SHA256 of 600,000 iterations, AES-256-CBC. Takes a tenth of a second and more.
 * @throws {JwtkitError} USAGE_INVALID for an empty passphrase or one of more than 1023 bytes.
 */
export function encryptPkcs8(privateKeyInfo: Uint8Array, passphrase: Passphrase): Buffer {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(toBytes(passphrase), salt, iterations, 32, 'sha256'), iv);
  const encrypted = Buffer.concat([cipher.update(privateKeyInfo), cipher.final()]);
  const count = Buffer.alloc(3);
  count.writeUIntBE(iterations, 0, 3);
  const prf = derElement(sequence, oid('hmacWithSha256'), Buffer.of(5, 0));
  const kdf = derElement(sequence, derElement(octetString, salt), derElement(integer, count), prf);
  const scheme = derElement(sequence, oid('aes256Cbc'), derElement(octetString, iv));
  const parameters = derElement(sequence, derElement(sequence, oid('pbkdf2'), kdf), scheme);
  return derElement(sequence, derElement(sequence, oid('pbes2'), parameters), derElement(octetString, encrypted));
}

/** Whether bytes are one EncryptedPrivateKeyInfo: an algorithm with parameters, then an OCTET STRING. */
export function isEncryptedPkcs8(bytes: Buffer): boolean {
  return algorithmOf(bytes) !== undefined;
}

/** The OID, in hex, and the parameters of the algorithm that bytes are encrypted with. */
function algorithmOf(bytes: Buffer): { id: string; parameters: Buffer } | undefined {
  if (!isWholeDer(bytes)) return undefined;
  const [algorithm, encrypted, ...rest] = children(bytes);
  if (algorithm?.tag !== sequence || encrypted?.tag !== octetString || rest.length > 0) return undefined;
  return readAlgorithm(algorithm.content);
}

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2) whose parameters are a SEQUENCE. */
function readAlgorithm(content: Buffer | undefined): { id: string; parameters: Buffer } | undefined {
  const [id, parameters, ...rest] = (content === undefined ? undefined : readElements(content)) ?? [];
  if (id?.tag !== objectIdentifier || parameters?.tag !== sequence || rest.length > 0) return undefined;
  return { id: derElement(objectIdentifier, id.content).toString('hex'), parameters: parameters.content };
}

function children(bytes: Buffer) {
  return readElements(readElements(bytes)?.[0]?.content ?? Buffer.alloc(0)) ?? [];
}

/**
 * Decrypts an EncryptedPrivateKeyInfo in DER: PBES2 with what OpenSSL knows, scrypt (RFC 7914 §7), and of PBES1 what is
 * not yet switched off. `where` begins the messages.
 * @throws {JwtkitError} PASSPHRASE_WRONG; KEY_INVALID for an unknown algorithm or one that asks for too much work;
 * USAGE_INVALID for an empty passphrase or one that is too long.
 */
export function decryptPkcs8(key: Buffer, passphrase: Passphrase, where = ''): KeyObject {
  const bytes = toBytes(passphrase);
  const problem = workProblem(key);
  if (problem !== undefined) throw new JwtkitError('KEY_INVALID', `${where}the encrypted private key ${problem}`);
  return open(() => createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase: bytes }), where);
}

/**
 * Decrypts a PEM block with the headers Proc-Type and DEK-Info (RFC 1421 §4.6), as OpenSSL wrote them for decades.
 * @throws {JwtkitError} as {@link decryptPkcs8}.
 */
export function decryptPem(block: string, passphrase: Passphrase, where = ''): KeyObject {
  const bytes = toBytes(passphrase);
  return open(() => createPrivateKey({ key: block, format: 'pem', passphrase: bytes }), where);
}

function open(read: () => KeyObject, where: string): KeyObject {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // A wrong passphrase shows in the padding, or once in 256 times in what was decrypted.
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

function toBytes(passphrase: Passphrase): Buffer {
  if (typeof passphrase !== 'string' && !(passphrase instanceof Uint8Array)) {
    throw new JwtkitError('USAGE_INVALID', 'a passphrase is text or bytes');
  }
  const bytes = Buffer.from(passphrase as string);
  if (bytes.length === 0) throw new JwtkitError('USAGE_INVALID', 'the passphrase is empty');
  if (bytes.length <= maxPassphraseBytes) return bytes;
  throw new JwtkitError('USAGE_INVALID', `a passphrase has at most ${maxPassphraseBytes} bytes, not ${bytes.length}`);
}

/** What stands against decrypting at all: a file must not choose how long its reader works. */
function workProblem(key: Buffer): string | undefined {
  const damaged = 'is damaged';
  const outer = algorithmOf(key);
  if (outer === undefined) return damaged;
  const kdf = outer.id === oids.pbes2 ? readAlgorithm(readElements(outer.parameters)?.[0]?.content) : outer;
  if (kdf === undefined) return damaged;
  // The salt, then the numbers: of PBKDF2 and PBES1 the iterations; of scrypt its cost, block size and parallelization.
  const [salt, ...rest] = readElements(kdf.parameters) ?? [];
  const [first, r, p] = rest.map(({ tag, content }) => (tag === integer ? toNumber(content) : undefined));
  if (salt === undefined || first === undefined) return damaged;
  if (kdf.id !== oids.scrypt) {
    return first > maxIterations ? `asks for more than ${maxIterations} iterations` : undefined;
  }
  if (r === undefined || p === undefined) return damaged;
  if (128 * r * (first + 2 + p) > maxScryptMemory) return 'asks for more than 32 MiB of memory, which OpenSSL refuses';
  return first * r * p > maxScryptBlocks ? 'asks for too much work' : undefined;
}

/** A non-negative INTEGER; what is beyond all bounds becomes infinite. */
function toNumber(content: Buffer): number {
  return content.length > 6
    ? Number.POSITIVE_INFINITY
    : content.length === 0
      ? 0
      : content.readUIntBE(0, content.length);
}
