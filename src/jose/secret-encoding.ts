/** Secrets that are kept as text: base64 and base64url (RFC 4648 §4 and §5), hex (§8). */
import { JwtkitError } from '../errors.js';

/** How a secret is written. */
export const secretEncodings = ['base64', 'base64url', 'hex'] as const;

/** One of {@link secretEncodings}. */
export type SecretEncoding = (typeof secretEncodings)[number];

/**
 * Checks that there is such an encoding.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkEncoding(encoding: SecretEncoding): void {
  if (secretEncodings.includes(encoding)) return;
  throw new JwtkitError('USAGE_INVALID', `encoding must be one of ${secretEncodings.join(', ')}`);
}

/**
 * Returns the bytes that a text encodes; undefined if another character is in it, or one is missing. White space, padding and the
 * other alphabet of base64 do not matter; neither do colons in hex.
 */
export function decodeSecret(text: string, encoding: SecretEncoding): Buffer | undefined {
  const dense = text.replace(/[ \t\r\n]/g, '');
  if (encoding === 'hex') {
    const digits = dense.replace(/^0x/i, '').replaceAll(':', '');
    return digits.length % 2 === 0 && /^[\da-f]*$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
  }
  const letters = dense.replace(/={1,2}$/, '');
  return letters.length % 4 !== 1 && /^[\w+/-]*$/.test(letters) ? Buffer.from(letters, 'base64') : undefined;
}
