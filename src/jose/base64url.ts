/** Encodes bytes as base64url without padding (RFC 7515 §2). A string is taken as UTF-8. */
export function encodeBase64url(bytes: Uint8Array | string): string {
  return (typeof bytes === 'string' ? Buffer.from(bytes) : asBuffer(bytes)).toString('base64url');
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Decodes base64url strictly (RFC 4648 §3.5): undefined for padding, white space, the standard alphabet or stray bits. Node's
 * decoder skips unknown characters and takes U+0141 for an A. Encoding the result again to compare it takes twice as long.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const { length } = text;
  const bytes = Buffer.from(text, 'base64url');
  const hasSkipped = length % 4 === 1 || bytes.length !== Math.floor((length * 3) / 4);
  const isForeign = wideCharacter.test(text) || text.includes('+') || text.includes('/');
  const allowed = lastCharacters[length % 4];
  const hasStrayBits = allowed !== undefined && !allowed.includes(text.charAt(length - 1));
  return hasSkipped || isForeign || hasStrayBits ? undefined : bytes;
}

/** Characters of which Node's decoder takes the low byte. V8 searches only texts that can hold one. */
const wideCharacter = /[\u0100-\uffff]/;

/** Last characters that leave no bits over, by the number of characters in the last group of four (RFC 4648 §3.5). */
const lastCharacters = [undefined, undefined, 'AQgw', 'AEIMQUYcgkosw048'];
