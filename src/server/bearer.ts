/** Requests that come with an access token (RFC 6750). */
import type { FastifyRequest } from 'fastify';
import type { VerifiedToken } from '../token/examine.js';
import { withKeys } from '../token/key-source.js';
import { verifyToken } from '../token/verify.js';
import { describeVerdict, isVerdict, Refusal } from './refusal.js';
import { namesSubject, ownPolicy, type ServiceDeps, type ServiceOptions } from './service.js';

/** How a refusal names what is wrong in `WWW-Authenticate`: as the tutorials do, or as RFC 6750 §3 does. */
export type Challenge = 'plain' | 'detailed';

/**
 * The access token of a request, verified.
 * @throws {Refusal} 401 where there is none or it is not accepted; what verification throws where it cannot be told.
 */
export type Authenticate = (request: FastifyRequest) => Promise<VerifiedToken>;

/** Makes what verifies the access tokens of requests. */
export function prepareAuthentication(
  challenge: Challenge,
  options: ServiceOptions,
  { keys, denylist, now }: ServiceDeps,
): Authenticate {
  const policy = ownPolicy(options, 'access', namesSubject);
  return async (request) => {
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) {
      throw new Refusal(401, 'Not authenticated', { headers: { 'www-authenticate': 'Bearer' } });
    }
    const moment = now();
    try {
      return await withKeys(keys, moment, (trusted) =>
        verifyToken(token, policy, { keys: trusted, denylist, now: moment }),
      );
    } catch (error) {
      if (!isVerdict(error)) throw error;
      const detail = describeVerdict(error, 'access');
      const explained = `Bearer error="invalid_token", error_description="${detail}"`;
      throw new Refusal(401, detail, {
        headers: { 'www-authenticate': challenge === 'plain' ? 'Bearer' : explained },
        code: error.code,
        token,
      });
    }
  };
}

/** The token of an `Authorization` header; undefined where it holds something else. */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = authorization.slice(7).trim();
  return token === '' ? undefined : token;
}
