/** A key of each kind for encryption, made once for all test files of a process. */
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { createEncryptionKey, createPassphraseKey, type EncryptionKey } from '../../src/jwe/key.js';
import { storedPair } from '../attacks/trusted-keys.js';

/** Both halves of a key; of a secret they are the same. */
export interface Halves {
  readonly name: string;
  readonly encrypt: EncryptionKey;
  readonly decrypt: EncryptionKey;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function pair(name: string, { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Halves {
  const [encrypt, decrypt] = [createEncryptionKey(publicKey), createEncryptionKey(privateKey)];
  return { name, encrypt, decrypt, publicKey, privateKey };
}

function secret(bytes: number): Halves {
  const keyObject = createSecretKey(randomBytes(bytes));
  const key = createEncryptionKey(keyObject);
  return { name: `secret of ${bytes} bytes`, encrypt: key, decrypt: key, publicKey: keyObject, privateKey: keyObject };
}

export const rsa = pair('RSA', storedPair('rsa'));
export const p256 = pair('P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
export const x25519 = pair('X25519', generateKeyPairSync('x25519'));
export const secret32 = secret(32);

export const allHalves: readonly Halves[] = [
  rsa,
  p256,
  pair('P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  pair('P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })),
  x25519,
  ...[16, 24, 48, 64].map(secret),
  secret32,
];

export const passphrase = createPassphraseKey(Buffer.from('correct horse'));
