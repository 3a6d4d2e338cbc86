/** Public keys, written in the usual ways. */
import { generateKeyPairSync } from 'node:crypto';
import { storedPair } from '../attacks/trusted-keys.js';

const publicKeys = {
  RSA: storedPair('rsa').publicKey,
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
  Ed25519: generateKeyPairSync('ed25519').publicKey,
  X25519: generateKeyPairSync('x25519').publicKey,
} as const;
export const keys = Object.entries(publicKeys).map(([name, key]) => ({
  name,
  der: key.export({ format: 'der', type: 'spki' }),
  pem: key.export({ format: 'pem', type: 'spki' }) as string,
  jwk: key.export({ format: 'jwk' }) as Record<string, string>,
}));
export type Written = (typeof keys)[number];
