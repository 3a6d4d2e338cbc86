/** DER structures (X.690) that hold a key, by their PEM labels (RFC 7468). */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** Raised for a private key of a type that signs no JWS. The type is a name, or an OID in hex. */
export class ForeignKey extends Error {
  constructor(type: string) {
    super(`a key of type ${type} signs no JWS`);
  }
}

/** Tags of elements. */
export const derTags = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const;

/**
 * The algorithms of private keys that OpenSSL may read. It computes the public half of a DSA or DH key, with numbers as long
 * as the file says: minutes for a few kilobytes.
 */
const readable = new Set([
  '2a864886f70d010101', // rsaEncryption
  '2a864886f70d01010a', // id-RSASSA-PSS
  '2a8648ce3d0201', // id-ecPublicKey
  '2b656e', // X25519
  '2b656f', // X448
  '2b6570', // Ed25519
  '2b6571', // Ed448
]);

const foreign: Readonly<Record<string, string>> = {
  '2a8648ce380401': 'dsa',
  '2a864886f70d010301': 'dh',
  '2a8648ce3e0201': 'dhx',
};

/** Reads a PrivateKeyInfo (RFC 5958 §2). Throws {@link ForeignKey} for a type that signs no JWS. */
export function readPkcs8(key: Buffer): KeyObject {
  const [version, algorithm, octets] = childrenOf(key);
  const [oid] = (algorithm?.tag === derTags.sequence ? readElements(algorithm.content) : undefined) ?? [];
  if (version?.tag !== derTags.integer || oid?.tag !== derTags.oid || octets?.tag !== derTags.octetString) {
    throw new Error('no PrivateKeyInfo');
  }
  const id = oid.content.toString('hex');
  if (!readable.has(id)) throw new ForeignKey(foreign[id] ?? id);
  if (id.startsWith('2a864886f70d')) checkTwoPrimes(octets.content);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** RSAPrivateKey (RFC 8017 §A.1.2) of version 0. OpenSSL multiplies all primes of version 1, however many there are. */
function checkTwoPrimes(der: Buffer): void {
  const numbers = childrenOf(der);
  const isTwo = numbers.length === 9 && numbers[0]?.content.length === 1 && numbers[0].content[0] === 0;
  if (!isTwo || !numbers.every(({ tag }) => tag === derTags.integer)) throw new Error('no RSA key of two primes');
}

/** Throws for a structure that begins with a version: it is private, but OpenSSL's public readers accept it. */
function refusePrivate(key: Buffer): Buffer {
  const [first, , third] = childrenOf(key);
  if (first?.tag === derTags.integer && third !== undefined) throw new Error('private');
  return key;
}

/** Readers by PEM label. Private ones come first: a public reader would make a trusted key of a private structure. */
export const derTypes = {
  'PRIVATE KEY': readPkcs8,
  'RSA PRIVATE KEY': (key: Buffer) => {
    checkTwoPrimes(key);
    return createPrivateKey({ key, format: 'der', type: 'pkcs1' });
  },
  'EC PRIVATE KEY': (key: Buffer) => {
    // ECPrivateKey (RFC 5915 §3): OpenSSL reads a PrivateKeyInfo of any kind here too.
    if (childrenOf(key)[1]?.tag !== derTags.octetString) throw new Error('no ECPrivateKey');
    return createPrivateKey({ key, format: 'der', type: 'sec1' });
  },
  'PUBLIC KEY': (key: Buffer) => createPublicKey({ key: refusePrivate(key), format: 'der', type: 'spki' }),
  'RSA PUBLIC KEY': (key: Buffer) => createPublicKey({ key: refusePrivate(key), format: 'der', type: 'pkcs1' }),
  CERTIFICATE: (key: Buffer) => new X509Certificate(key).publicKey,
} as const satisfies Record<string, (key: Buffer) => KeyObject>;

/** The key in bytes that are exactly one DER structure; undefined for anything else. Throws {@link ForeignKey}. */
export function readDer(bytes: Buffer): KeyObject | undefined {
  return readAnyDer(bytes)?.key;
}

/** The PEM label of the structure that {@link readDer} reads. Throws {@link ForeignKey}. */
export function labelOf(bytes: Buffer): string | undefined {
  return readAnyDer(bytes)?.label;
}

function readAnyDer(bytes: Buffer): { key: KeyObject; label: string } | undefined {
  if (!isWholeDer(bytes)) return undefined;
  for (const [label, read] of Object.entries(derTypes)) {
    try {
      return { key: read(bytes), label };
    } catch (error) {
      if (error instanceof ForeignKey) throw error;
    }
  }
  return undefined;
}

/** Whether bytes are exactly one DER SEQUENCE. OpenSSL's key readers ignore bytes after it. */
export function isWholeDer(bytes: Buffer): boolean {
  const element = readElement(bytes);
  return element?.tag === derTags.sequence && element.end === bytes.length;
}

/** An element: its tag, its content, and where the next one begins. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/** The element at a position; undefined if it is not whole. No key has a length of more than four bytes. */
export function readElement(bytes: Buffer, at = 0): DerElement | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const width = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + width;
  if (first === 0x80 || width > 4 || bytes.length < start) return undefined;
  const end = start + (width === 0 ? first : bytes.readUIntBE(at + 2, width));
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(start, end), end };
}

/** The elements that make up the content of another one; undefined if bytes are left over. */
export function readElements(bytes: Buffer): DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

/** The elements in bytes that are exactly one SEQUENCE; none for anything else. */
export function childrenOf(bytes: Buffer): DerElement[] {
  return isWholeDer(bytes) ? (readElements(readElement(bytes)?.content ?? bytes) ?? []) : [];
}

/** Whether bytes begin as PKCS#12 (RFC 7292 §4): a SEQUENCE, perhaps of indefinite length, with the version 3. */
export function isPkcs12(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes;
  const start = length > 0x80 ? 2 + (length - 0x80) : 2;
  return tag === derTags.sequence && bytes[start] === 0x02 && bytes[start + 1] === 0x01 && bytes[start + 2] === 0x03;
}
