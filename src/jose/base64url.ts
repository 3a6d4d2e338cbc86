/** Encodes bytes as base64url without padding (RFC 7515 §2). A string is taken as UTF-8. */
export function encodeBase64url(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8').toString('base64url');
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('base64url');
}

/**
 * Decodes base64url strictly: no padding, white space, standard alphabet or stray bits (RFC 4648 §3.5), so that a text
 * has exactly one decoding and bytes have exactly one text. Returns undefined for anything else.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
