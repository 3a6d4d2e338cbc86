/** jsonwebtoken as a target, to compare a verifier with. It is part of jwtkit's bundle, and loaded only here. */
import type { VerifyOptions } from 'jsonwebtoken';
import type { Target } from '../target.js';
import { type LibraryCall, libraryTarget } from './library.js';

/** Opens `jsonwebtoken.verify` with the key in PEM, or the secret's bytes, as most projects call it. */
export async function jsonwebtokenTarget({ alg, key, at, iss, aud, options }: LibraryCall): Promise<Target> {
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  const trusted = key.type === 'secret' ? key.export() : key.export({ format: 'pem', type: 'spki' });
  const verify = async (token: string, given: object) => {
    jsonwebtoken.verify(token, trusted, { clockTimestamp: at, ...given } as VerifyOptions);
  };
  const remedies = [
    { algorithms: [alg] },
    ...(aud === undefined ? [] : [{ audience: aud }]),
    ...(iss === undefined ? [] : [{ issuer: iss }]),
    { maxAge: '1h' },
  ];
  return libraryTarget('jsonwebtoken', verify, options, remedies);
}
