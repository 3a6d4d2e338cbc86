/** Makes tokens by hand, byte by byte: nothing of src signs here, so that nothing of src can hide a mistake. */
import { constants, createHmac, sign as cryptoSign, type KeyObject } from 'node:crypto';
import { type AlgorithmName, algorithm } from '../../src/jose/algorithms.js';
import type { Key } from '../../src/jose/key.js';
import type { Signer } from './trusted-keys.js';

/** The moment of every case unless it says otherwise. */
export const now = 1_700_000_000;

export const claims = {
  iss: 'https://issuer.example',
  sub: 'user-123',
  iat: now - 60,
  exp: now + 3600,
  jti: 'id-1',
  type: 'access',
};

/** A part as it will stand in the token: an object becomes JSON, text its UTF-8, bytes stay. */
export type Part = object | string | Uint8Array;

export function bytesOf(part: Part): Buffer {
  if (part instanceof Uint8Array) return Buffer.from(part);
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part), 'utf8');
}

export function encode(part: Part): string {
  return bytesOf(part).toString('base64url');
}

export function signatureOf(alg: AlgorithmName, key: KeyObject, input: string | Uint8Array): Buffer {
  const { kty, hash, padding } = algorithm(alg);
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input;
  if (kty === 'oct')
    return createHmac(hash as string, key)
      .update(bytes)
      .digest();
  if (kty === 'EC') return cryptoSign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (padding !== 'pss') return cryptoSign(hash, bytes, key);
  return cryptoSign(hash, bytes, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/** A header of a signer, with more members or others. */
export function headerOf(signer: Signer, members: object = {}): object {
  return { alg: signer.alg, typ: 'JWT', ...members };
}

/** What a case needs of a token. */
export interface Sealed {
  readonly token: string;
  readonly keys: readonly Key[];
  readonly isSignedRight: boolean;
}

/** Two segments as they are, signed right over exactly this text. */
export function sealSegments(signer: Signer, header: string, payload: string): Sealed {
  const input = `${header}.${payload}`;
  const signature = signatureOf(signer.alg, signer.key, input).toString('base64url');
  return { token: `${input}.${signature}`, keys: [signer.trusted], isSignedRight: true };
}

/** A token signed right, whatever stands in it. */
export function seal(signer: Signer, header: Part = headerOf(signer), payload: Part = claims): Sealed {
  return sealSegments(signer, encode(header), encode(payload));
}

/** A token of a signer with a header that says so, and these claims besides the usual ones. */
export function sealClaims(signer: Signer, members: object, header: object = {}): Sealed {
  return seal(signer, headerOf(signer, header), { ...claims, ...members });
}

/** A token as the signer would make it, with another signature; a string stands as it is. */
export function withSignature(
  signer: Signer,
  signature: Uint8Array | string | ((input: string) => Uint8Array | string),
  header: Part = headerOf(signer),
  payload: Part = claims,
): Sealed {
  const input = `${encode(header)}.${encode(payload)}`;
  const made = typeof signature === 'function' ? signature(input) : signature;
  const text = typeof made === 'string' ? made : Buffer.from(made).toString('base64url');
  return { token: `${input}.${text}`, keys: [signer.trusted], isSignedRight: false };
}

/** The same token before verifiers that trust other keys. */
export function before(keys: readonly Key[], sealed: Sealed, isSignedRight = false): Sealed {
  return { ...sealed, keys, isSignedRight };
}
