/** jose as a target, to compare a verifier with. It is part of jwtkit's bundle, and loaded only here. */
import type { Target } from '../target.js';
import { type LibraryCall, libraryTarget } from './library.js';

/** Opens `jwtVerify` of jose. */
export async function joseTarget({ alg, key, at, iss, aud, typ, options }: LibraryCall): Promise<Target> {
  const { jwtVerify } = await import('jose');
  const verify = async (token: string, given: object) => {
    await jwtVerify(token, key, { currentDate: new Date(at * 1000), ...given });
  };
  const remedies = [
    { algorithms: [alg] },
    { requiredClaims: ['exp'] },
    ...(aud === undefined ? [] : [{ audience: aud }]),
    ...(iss === undefined ? [] : [{ issuer: iss }]),
    ...(typ === undefined ? [] : [{ typ }]),
    { maxTokenAge: '1h' },
  ];
  return libraryTarget('jose', verify, options, remedies);
}
