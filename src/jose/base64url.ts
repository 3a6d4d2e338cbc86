/** Encodes bytes as base64url without padding (RFC 7515 §2). A string is taken as UTF-8. */
export function encodeBase64url(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8').toString('base64url');
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('base64url');
}

/**
 * Decodes base64url strictly: no padding, white space, standard alphabet or stray bits (RFC 4648 §3.5), so that a text
 * has exactly one decoding and bytes have exactly one text. Returns undefined for anything else.
 *
 * Node's decoder skips characters that it does not know, reads the standard alphabet as well, and takes U+0141 for an A. Of
 * ASCII without "+" and "/" it makes all the bytes that the length promises only where it skipped none. Encoding the bytes
 * again to compare would say the same, and takes twice as long.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const { length } = text;
  const bytes = Buffer.from(text, 'base64url');
  // One character in a part of four says less than a byte: it would be dropped.
  if (length % 4 === 1 || bytes.length !== Math.floor((length * 3) / 4)) return undefined;
  if (Buffer.byteLength(text) !== length || text.includes('+') || text.includes('/')) return undefined;
  return hasStrayBits(text) ? undefined : bytes;
}

/** Last characters that leave no bits over, by how many characters are in the last part of four (RFC 4648 §3.5). */
const lastCharacters = [undefined, undefined, 'AQgw', 'AEIMQUYcgkosw048'];

/** Whether the last character says more than the last byte holds. */
function hasStrayBits(text: string): boolean {
  const allowed = lastCharacters[text.length % 4];
  return allowed !== undefined && !allowed.includes(text.charAt(text.length - 1));
}
