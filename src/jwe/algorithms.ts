/** The algorithms of JWE that jwtkit encrypts and decrypts with (RFC 7518 §4 and §5, RFC 8037 §3.2). */

/** A row of the table of key management algorithms. */
export interface KeyManagement {
  /** The kind of key; a passphrase fits no other algorithm, and no other key fits a passphrase's. */
  readonly kind: 'RSA' | 'ECDH' | 'secret' | 'passphrase';
  /** The size of a secret. `dir` has the size of its content encryption. */
  readonly bits?: number;
  /** Whether it is only read: others are preferred to write. */
  readonly isReadOnly?: boolean;
}

const table = {
  'RSA-OAEP-256': { kind: 'RSA' },
  'RSA-OAEP-384': { kind: 'RSA' },
  'RSA-OAEP-512': { kind: 'RSA' },
  'RSA-OAEP': { kind: 'RSA', isReadOnly: true },
  'ECDH-ES+A256KW': { kind: 'ECDH' },
  'ECDH-ES+A192KW': { kind: 'ECDH' },
  'ECDH-ES+A128KW': { kind: 'ECDH' },
  'ECDH-ES': { kind: 'ECDH' },
  A256KW: { kind: 'secret', bits: 256 },
  A192KW: { kind: 'secret', bits: 192 },
  A128KW: { kind: 'secret', bits: 128 },
  A256GCMKW: { kind: 'secret', bits: 256 },
  A192GCMKW: { kind: 'secret', bits: 192 },
  A128GCMKW: { kind: 'secret', bits: 128 },
  dir: { kind: 'secret' },
  'PBES2-HS512+A256KW': { kind: 'passphrase' },
  'PBES2-HS384+A192KW': { kind: 'passphrase' },
  'PBES2-HS256+A128KW': { kind: 'passphrase' },
} as const satisfies Record<string, KeyManagement>;

/** The name of a key management algorithm, as in the `alg` of a JWE. */
export type KeyManagementName = keyof typeof table;

/** The names of all key management algorithms. A key without `alg` prefers earlier ones. */
export const keyManagementNames = Object.keys(table) as readonly KeyManagementName[];

/** Whether a value is the exact name of a key management algorithm of the table. */
export function isKeyManagementName(value: unknown): value is KeyManagementName {
  return typeof value === 'string' && Object.hasOwn(table, value);
}

/** The row of a key management algorithm. */
export function keyManagement(name: KeyManagementName): KeyManagement {
  return table[name];
}

/** Content encryption algorithms, with the size of the key that encrypts the content. */
const contentKeyBits = {
  A256GCM: 256,
  A192GCM: 192,
  A128GCM: 128,
  'A256CBC-HS512': 512,
  'A192CBC-HS384': 384,
  'A128CBC-HS256': 256,
} as const;

/** The name of a content encryption algorithm, as in the `enc` of a JWE. */
export type ContentEncryptionName = keyof typeof contentKeyBits;

/** The names of all content encryption algorithms, the preferred one first. */
export const contentEncryptionNames = Object.keys(contentKeyBits) as readonly ContentEncryptionName[];

/** Whether a value is the exact name of a content encryption algorithm of the table. */
export function isContentEncryptionName(value: unknown): value is ContentEncryptionName {
  return typeof value === 'string' && Object.hasOwn(contentKeyBits, value);
}

/** The size of the key of a content encryption algorithm, in bits. */
export function contentEncryptionBits(name: ContentEncryptionName): number {
  return contentKeyBits[name];
}

/** Why an algorithm of RFC 7518 is refused, to complete "algorithm NAME is refused: …"; undefined for others. */
export function refusalOfAlgorithm(name: string): string | undefined {
  if (name !== 'RSA1_5') return undefined;
  return 'anybody who sees which tokens fail can decrypt one under PKCS#1 v1.5 (Bleichenbacher); use RSA-OAEP-256';
}
