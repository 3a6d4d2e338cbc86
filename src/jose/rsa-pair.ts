import { generateKeyPair, type KeyObject } from 'node:crypto';

/** Makes an RSA key pair of so many bits. It takes at least a tenth of a second, so unit tests replace this file (vitest.config.ts). */
export function generateRsaPair(bits: number): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: bits }, (error, publicKey, privateKey) => {
      if (error === null) resolve({ privateKey, publicKey });
      else reject(error);
    });
  });
}
