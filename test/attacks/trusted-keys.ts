import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AlgorithmName } from '../../src/jose/algorithms.js';
import type { Jwk } from '../../src/jose/jwk.js';
import { createKey, type Key } from '../../src/jose/key.js';

const pairNames = [
  'rsa',
  'rsa3072',
  'rsaExponent3',
  'rsaOther',
  'rsa1024',
  'rsa2040',
  'rsaPss',
  'p256',
  'p256Other',
  'p384',
  'p521',
  'secp256k1',
  'brainpool',
  'p192',
  'ed25519',
  'ed25519Other',
  'ed448',
  'x25519',
  'dsa',
] as const;

export type PairName = (typeof pairNames)[number];

interface StoredKeys {
  privateKeys: Record<PairName, string>;
  certificates: Record<'rsa' | 'p256' | 'rsaOther', string>;
  secret: string;
  openssh: Record<'rsa' | 'ed25519' | 'p256', string>;
  encrypted: Record<'pkcs8' | 'pkcs1', string>;
  rocaJwk: Jwk;
}

export const stored = JSON.parse(readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8')) as StoredKeys;

function byName<T>(make: (name: PairName) => T): Record<PairName, T> {
  return Object.fromEntries(pairNames.map((name) => [name, make(name)])) as Record<PairName, T>;
}

export const privateKeys = byName((name) => createPrivateKey(stored.privateKeys[name]));
export const publicKeys = byName((name) => createPublicKey(privateKeys[name]));
/** Both halves of a key. A new RSA key would take a tenth of a second. */
export const storedPair = (name: PairName) => ({ privateKey: privateKeys[name], publicKey: publicKeys[name] });
export const secret = Buffer.from(stored.secret, 'base64url');

export const publicPem = (name: PairName) => publicKeys[name].export({ format: 'pem', type: 'spki' }) as string;
export const publicDer = (name: PairName) => publicKeys[name].export({ format: 'der', type: 'spki' });
export const publicJwk = (name: PairName) => publicKeys[name].export({ format: 'jwk' }) as Jwk;
export const privateJwk = (name: PairName) => privateKeys[name].export({ format: 'jwk' }) as Jwk;

/** Somebody who can sign, and the key that a verifier trusts for it. */
export interface Signer {
  readonly alg: AlgorithmName;
  readonly key: KeyObject;
  readonly trusted: Key;
}

function pairSigner(alg: AlgorithmName, name: PairName): Signer {
  return { alg, key: privateKeys[name], trusted: createKey(publicKeys[name]) };
}

function secretSigner(alg: AlgorithmName): Signer {
  const key = createSecretKey(secret);
  return { alg, key, trusted: createKey(key) };
}

export const signers = {
  HS256: secretSigner('HS256'),
  HS384: secretSigner('HS384'),
  HS512: secretSigner('HS512'),
  RS256: pairSigner('RS256', 'rsa'),
  RS384: pairSigner('RS384', 'rsa'),
  RS512: pairSigner('RS512', 'rsa'),
  PS256: pairSigner('PS256', 'rsa'),
  PS384: pairSigner('PS384', 'rsa'),
  PS512: pairSigner('PS512', 'rsa'),
  ES256: pairSigner('ES256', 'p256'),
  ES384: pairSigner('ES384', 'p384'),
  ES512: pairSigner('ES512', 'p521'),
  ES256K: pairSigner('ES256K', 'secp256k1'),
  EdDSA: pairSigner('EdDSA', 'ed25519'),
  Ed25519: pairSigner('Ed25519', 'ed25519'),
  Ed448: pairSigner('Ed448', 'ed448'),
} as const satisfies Record<AlgorithmName, Signer>;

/** One signer of each kind of signature. */
export const families: readonly Signer[] = [
  signers.HS256,
  signers.RS256,
  signers.PS256,
  signers.ES256,
  signers.ES384,
  signers.ES512,
  signers.ES256K,
  signers.EdDSA,
  signers.Ed448,
];

/** The strangers: right in form, trusted by nobody. */
export const strangers = {
  RS256: pairSigner('RS256', 'rsaOther'),
  ES256: pairSigner('ES256', 'p256Other'),
  EdDSA: pairSigner('EdDSA', 'ed25519Other'),
} as const;

/** A signer whose trusted key is known by a kid. */
export function named(signer: Signer, kid: string): Signer {
  return { ...signer, trusted: { ...signer.trusted, kid } };
}
