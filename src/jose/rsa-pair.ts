import { generateKeyPair, type KeyObject } from 'node:crypto';

/** Makes an RSA key pair of so many bits. It takes a tenth of a second and more: unit tests replace this file (vitest.config.ts). */
export function generateRsaPair(bits: number): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: bits }, (error, publicKey, privateKey) => {
      if (error === null) resolve({ privateKey, publicKey });
      else reject(error);
    });
  });
}
