/** The fingerprint by which other programs know a public key: for pinning (RFC 7469 §2.4), in Snowflake after `SHA256:`. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** Returns the SHA-256 of a key's SubjectPublicKeyInfo (RFC 5280 §4.1) as DER, in base64. Both halves of a pair have the same. */
export function spkiFingerprint(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64');
}
