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
  const [tag, first] = bytes;
  if (tag !== 0x30 || first === undefined) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const width = first - 0x80;
  if (width < 1 || width > 4 || bytes.length < 2 + width) return false;
  return bytes.length === 2 + width + bytes.readUIntBE(2, width);
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
