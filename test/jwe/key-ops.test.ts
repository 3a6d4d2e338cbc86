/** `key_ops` of a JWK (RFC 7517 §4.3): what it does not name, the key does not do. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { importEncryptionJwk } from '../../src/jwe/jwk.js';
import { storedPair } from '../attacks/trusted-keys.js';

const jwks = {
  oct: { kty: 'oct', k: randomBytes(32).toString('base64url') },
  'oct for A256KW': { kty: 'oct', k: randomBytes(32).toString('base64url'), alg: 'A256KW' },
  RSA: storedPair('rsa').privateKey.export({ format: 'jwk' }),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
} as const;

const load = (name: keyof typeof jwks, operations: string[]) =>
  importEncryptionJwk({ ...jwks[name], key_ops: operations });

describe('key_ops', () => {
  test.each<[keyof typeof jwks, string[], string[], string[]]>([
    ['oct', ['wrapKey', 'unwrapKey'], ['encrypt', 'decrypt'], ['A256KW', 'A256GCMKW']],
    ['oct', ['encrypt', 'decrypt'], ['encrypt', 'decrypt'], ['A256GCMKW', 'dir']],
    ['oct', ['decrypt', 'encrypt', 'wrapKey', 'unwrapKey'], ['encrypt', 'decrypt'], ['A256KW', 'A256GCMKW', 'dir']],
    ['oct', ['unwrapKey'], ['decrypt'], ['A256KW', 'A256GCMKW']],
    ['oct', ['encrypt', 'unwrapKey'], ['encrypt', 'decrypt'], ['A256GCMKW']],
    ['oct for A256KW', ['unwrapKey', 'deriveKey'], ['decrypt'], ['A256KW']],
    ['EC', ['deriveBits'], ['encrypt', 'decrypt'], ['ECDH-ES+A256KW', 'ECDH-ES+A192KW', 'ECDH-ES+A128KW', 'ECDH-ES']],
    ['EC', ['unwrapKey'], ['decrypt'], ['ECDH-ES+A256KW', 'ECDH-ES+A192KW', 'ECDH-ES+A128KW', 'ECDH-ES']],
    ['RSA', ['decrypt'], ['decrypt'], ['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512', 'RSA-OAEP']],
    ['RSA', ['unwrapKey'], ['decrypt'], ['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512', 'RSA-OAEP']],
  ])('%s with %j narrows the key', (name, names, operations, algorithms) => {
    expect(load(name, names)).toMatchObject({ operations, algorithms });
  });

  test.each<[keyof typeof jwks, string[]]>([
    ['oct', ['deriveKey', 'deriveBits']],
    ['oct', ['sign', 'verify']],
    ['oct for A256KW', ['encrypt', 'decrypt']],
    ['RSA', ['deriveKey', 'deriveBits']],
    ['EC', ['sign']],
  ])('%s with %j alone is refused', (name, names) => {
    expect(() => load(name, names)).toThrow('key_ops allows neither encrypting nor decrypting');
  });
});
