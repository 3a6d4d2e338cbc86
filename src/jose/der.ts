/** DER structures that hold a key (X.690), by the PEM label that each has (RFC 7468). */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** Private readers first: the public ones take a private structure too, and would make a trusted key of it. */
export const derTypes = {
  'PRIVATE KEY': (key: Buffer) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  'RSA PRIVATE KEY': (key: Buffer) => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  'EC PRIVATE KEY': (key: Buffer) => createPrivateKey({ key, format: 'der', type: 'sec1' }),
  'PUBLIC KEY': (key: Buffer) => createPublicKey({ key, format: 'der', type: 'spki' }),
  'RSA PUBLIC KEY': (key: Buffer) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  CERTIFICATE: (key: Buffer) => new X509Certificate(key).publicKey,
} as const satisfies Record<string, (key: Buffer) => KeyObject>;

/** Bytes that are exactly one DER SEQUENCE: no key reader of OpenSSL looks at what follows. */
export function isWholeDer(bytes: Buffer): boolean {
  const element = readElement(bytes);
  return element?.tag === 0x30 && element.end === bytes.length;
}

/** The key in bytes that are exactly one DER structure, undefined for anything else. */
export function readDer(bytes: Buffer): KeyObject | undefined {
  if (!isWholeDer(bytes)) return undefined;
  for (const read of Object.values(derTypes)) {
    try {
      return read(bytes);
    } catch {
      // Not this structure; the next one may fit.
    }
  }
  return undefined;
}

/** One element: its tag, its content, and where the next one begins. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/** The element at a place, undefined where there is no whole one. Lengths of more than four bytes belong to no key. */
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

/** The elements that make up the content of another one, undefined where anything is left over. */
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

/** An element of a tag and the content that the parts make together. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content]);
  const width = Math.ceil((32 - Math.clz32(size)) / 8);
  const length = Buffer.alloc(width);
  length.writeUIntBE(size, 0, width);
  return Buffer.concat([Buffer.of(tag, 0x80 + width), length, content]);
}

/**
 * Whether bytes begin as PKCS#12 does (RFC 7292 §4): a SEQUENCE whose first element is the version 3, which no structure that
 * holds a bare key has. Older tools write the length as indefinite.
 */
export function isPkcs12(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes;
  const start = length > 0x80 ? 2 + (length - 0x80) : 2;
  return tag === 0x30 && bytes[start] === 0x02 && bytes[start + 1] === 0x01 && bytes[start + 2] === 0x03;
}
