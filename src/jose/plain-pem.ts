/** Private keys exactly as `exportPrivatePem` writes them without a passphrase. `keys.ts` reads every other form. */
import type { KeyObject } from 'node:crypto';
import { isWholeDer, readPkcs8 } from './der.js';

/** Reads one PKCS#8 block (RFC 7468 §10); undefined for any other text, and for a key that cannot be read. */
export function readPlainPem(pem: string): KeyObject | undefined {
  const [, lines] = /^-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END PRIVATE KEY-----\n$/.exec(pem) ?? [];
  if (lines === undefined) return undefined;
  const base64 = lines.replaceAll('\n', '');
  const der = Buffer.from(base64, 'base64');
  try {
    return der.toString('base64') === base64 && isWholeDer(der) ? readPkcs8(der) : undefined;
  } catch {
    return undefined;
  }
}
