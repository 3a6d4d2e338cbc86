/** Requests with an access token (RFC 6750), or with a cookie that holds one. */
import type { FastifyRequest } from 'fastify';
import type { VerifiedToken } from '../token/examine.js';
import { verifyTokenFrom } from '../token/key-source.js';
import { cookieTokens } from './cookie.js';
import { Refusal } from './refusal.js';
import { ownPolicy, requireSubject, type ServiceDeps, type ServiceOptions } from './service.js';
import { explainVerdict, isVerdict, readRefused } from './verdict.js';
import { trimSpaces } from './white-space.js';

/** What `WWW-Authenticate` says of a refused token: only the scheme, as the tutorials do, or the error too (RFC 6750 §3). */
export type Challenge = 'plain' | 'detailed';

/**
 * Returns a function that verifies the access token of a request.
 * @throws {Refusal} 401 from the function for a missing or refused token; and whatever `verifyTokenFrom` throws.
 */
export function prepareAuthentication(
  challenge: Challenge,
  options: ServiceOptions,
  { keys, denylist, now }: ServiceDeps,
): (request: FastifyRequest) => Promise<VerifiedToken> {
  const policy = ownPolicy(options, 'access', requireSubject);
  return async (request) => {
    const token = tokenOf(request, options);
    const moment = now();
    try {
      return await verifyTokenFrom(token, policy, { source: keys, denylist, now: moment });
    } catch (error) {
      if (!isVerdict(error)) throw error;
      const refused = readRefused(token, error);
      const { detail, description, failed } = explainVerdict(error, 'access', refused, moment);
      const explained = `Bearer error="invalid_token", error_description="${description}"`;
      throw new Refusal(401, detail, {
        headers: { 'www-authenticate': challenge === 'plain' ? 'Bearer' : explained },
        code: error.code,
        failed,
        token: refused,
      });
    }
  };
}

/**
 * Returns the token of a request. The cookie counts only without the header `Authorization`, of whatever scheme: nobody can make a
 * refused token good by a second one. Node keeps the first of two such headers, and an application may read the last.
 * @throws {Refusal} 401 without a token, with two headers, or with two cookies of the name, even if one is empty: a page of another
 * subdomain may have added one.
 */
function tokenOf({ headers, raw }: FastifyRequest, { authCookie }: ServiceOptions): string {
  const { authorization = '', cookie } = headers;
  if (isRepeated(raw.rawHeaders, 'authorization')) throw notAuthenticated('the header Authorization stands twice');
  const inCookies = authorization === '' && authCookie !== undefined ? cookieTokens(cookie, authCookie) : [];
  if (inCookies.length > 1) throw notAuthenticated('the cookie stands twice');
  const token = inCookies[0] ?? bearerToken(authorization);
  if (token === undefined || token === '') throw notAuthenticated('no token');
  return token;
}

/** Whether a header stands twice. @param rawHeaders names and values in turn. */
function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const each = rawHeaders[at] as string;
    if (each.length === name.length && each.toLowerCase() === name) found++;
  }
  return found > 1;
}

function notAuthenticated(failed: string): Refusal {
  return new Refusal(401, 'Not authenticated', { headers: { 'www-authenticate': 'Bearer' }, failed });
}

/** Returns the token of an `Authorization` header; undefined for another scheme. */
function bearerToken(authorization: string): string | undefined {
  if (authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = trimSpaces(authorization.slice(7));
  return token === '' ? undefined : token;
}
