import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../../jose/json.js';
import { asList, type Claims, isScopeToken, isStringOrStrings, scopesOf, splitScope } from '../../token/claims.js';
import { prepareAuthentication } from '../bearer.js';
import { Refusal } from '../refusal.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeAuth } from './schemas.js';

/**
 * `GET /auth`, which a proxy asks before it lets a request pass (nginx `auth_request`, Traefik `forwardAuth`). Its query is
 * the proxy's demand: every `scope` and `role` in it must be the token's.
 *
 * Envoy (`ext_authz`) asks with the method, the path and the query of the request itself, behind a prefix. There the query is
 * its client's, and demands nothing.
 */
export function addAuthRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const authenticate = prepareAuthentication('detailed', options, deps);
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { claims } = await authenticate(request);
    demand('scope', wanted(request, 'scope').flatMap(scopesOrNone), scopesOf(claims));
    demand('role', wanted(request, 'role'), rolesOf(claims));
    return letPass(claims, reply);
  };
  app.get('/auth', { schema: describeAuth }, (request, reply) => {
    refuseUnknownDemands(request);
    return answer(request, reply);
  });
  // Whoever writes the slash means the same demands; it may also be Envoy, with its client's query.
  app.get('/auth/', { schema: { hide: true } }, answer);
  app.all('/auth/*', { schema: { hide: true } }, async (request, reply) => {
    const { claims } = await authenticate(request);
    return letPass(claims, reply);
  });
}

function letPass(claims: Claims, reply: FastifyReply): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('x-auth-subject', headerText(subjectOf(claims)))
    .header('x-auth-scope', scopesOf(claims).map(headerText).join(' '))
    .header('x-auth-roles', rolesOf(claims).map(headerText).join(' '))
    .send();
}

function rolesOf({ role }: Claims): readonly string[] {
  return isStringOrStrings(role) ? asList(role) : [];
}

function subjectOf({ sub }: Claims): string {
  return typeof sub === 'string' ? sub : '';
}

/** A demand that is misspelt must not be none: whoever set up the proxy is told, and nobody is let in. */
function refuseUnknownDemands({ query }: FastifyRequest): void {
  const names = isJsonObject(query) ? Object.keys(query) : [];
  if (names.some((name) => name !== 'scope' && name !== 'role')) {
    throw new Refusal(400, 'The query of /auth has demands other than scope and role');
  }
}

/**
 * What the query demands of a kind. A name without a value, as of a variable that the proxy does not know, demands what nobody
 * has.
 */
function wanted({ query }: FastifyRequest, name: string): string[] {
  const value = isJsonObject(query) ? own(query, name) : undefined;
  return [value ?? []].flat().map(String);
}

function scopesOrNone(value: string): string[] {
  const scopes = splitScope(value);
  return scopes.length === 0 ? [''] : scopes;
}

function demand(kind: string, wantedOnes: readonly string[], held: readonly string[]): void {
  if (wantedOnes.every((one) => held.includes(one))) return;
  const named = kind === 'scope' ? wantedOnes.filter(isScopeToken) : [];
  const scope = named.length === 0 ? '' : `, scope="${named.join(' ')}"`;
  throw new Refusal(403, 'Not enough permissions', {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    code: 'CLAIM_MISMATCH',
  });
}

/**
 * A text as one word of a header: what is not visible ASCII, what separates or quotes words in headers, and the percent sign,
 * is percent-encoded as UTF-8, so that nothing in a claim can begin another word or another header.
 */
function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]|["%,;\\]/gu, (char) =>
    [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
