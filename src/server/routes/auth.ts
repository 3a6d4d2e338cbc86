import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../../jose/json.js';
import {
  asList,
  type Claims,
  isScopeToken,
  isStringOrStrings,
  missingFrom,
  scopesOf,
  splitScope,
} from '../../token/claims.js';
import { prepareAuthentication } from '../bearer.js';
import { Refusal } from '../refusal.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeAuth } from './schemas.js';

/**
 * Adds `GET /auth`, which a proxy asks before it lets a request pass (nginx `auth_request`, Traefik `forwardAuth`). The token must
 * hold every `scope` and `role` of the query.
 *
 * Envoy (`ext_authz`) sends the method, path and query of the request itself, behind a prefix. There the client wrote the query, so
 * it demands nothing.
 */
export function addAuthRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  addAllMethods(app);
  const authenticate = prepareAuthentication('detailed', options, deps);
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { claims } = await authenticate(request);
    requireAll('scope', demanded(request, 'scope').flatMap(scopesOrImpossible), scopesOf(claims));
    requireAll('role', demanded(request, 'role'), rolesOf(claims));
    return letPass(claims, reply);
  };
  const answerStrictly = (request: FastifyRequest, reply: FastifyReply) => {
    refuseUnknownDemands(request);
    return answer(request, reply);
  };
  // No CORS headers here: a proxy could pass them on as the application's.
  const config = { cors: false } as const;
  app.get('/auth', { schema: describeAuth, config }, answerStrictly);
  app.options('/auth', { schema: { hide: true }, config }, answerStrictly);
  // The same route and demands with a slash. Unknown ones are ignored: this may be Envoy, with a client's query.
  app.get('/auth/', { schema: { hide: true }, config }, answer);
  app.all('/auth/*', { schema: { hide: true }, config }, async (request, reply) => {
    const { claims } = await authenticate(request);
    return letPass(claims, reply);
  });
}

/** Whether a path, known or not, is for proxies only. */
export function isForProxies(path: string): boolean {
  return path.toLowerCase().startsWith('/auth');
}

/** Makes `all` mean every method that Node reads, also those of WebDAV. The bodies of these are not read. */
function addAllMethods(app: FastifyInstance): void {
  const usual = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT'];
  for (const method of METHODS.filter((name) => !usual.includes(name))) {
    app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
}

function letPass(claims: Claims, reply: FastifyReply): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('x-auth-subject', headerText(typeof claims.sub === 'string' ? claims.sub : ''))
    .header('x-auth-scope', scopesOf(claims).map(headerText).join(' '))
    .header('x-auth-roles', rolesOf(claims).map(headerText).join(' '))
    .send();
}

function rolesOf({ role }: Claims): readonly string[] {
  return isStringOrStrings(role) ? asList(role) : [];
}

/** Refuses a misspelt demand, which would otherwise demand nothing. */
function refuseUnknownDemands({ query }: FastifyRequest): void {
  const names = isJsonObject(query) ? Object.keys(query) : [];
  if (names.some((name) => name !== 'scope' && name !== 'role')) {
    throw new Refusal(400, 'The query of /auth has demands other than scope and role');
  }
}

/** Returns the demands of one kind. An empty demand, as from a proxy's unset variable, refuses every token. */
function demanded({ query }: FastifyRequest, name: string): string[] {
  const value = isJsonObject(query) ? own(query, name) : undefined;
  return [value ?? []].flat().map(String);
}

/** Splits a scope demand; an empty one becomes a scope that no token can have. */
function scopesOrImpossible(value: string): string[] {
  const scopes = splitScope(value);
  return scopes.length === 0 ? [''] : scopes;
}

function requireAll(kind: 'scope' | 'role', wanted: readonly string[], held: readonly string[]): void {
  if (missingFrom(held, wanted).length === 0) return;
  const named = kind === 'scope' ? wanted.filter(isScopeToken) : [];
  const scope = named.length === 0 ? '' : `, scope="${named.join(' ')}"`;
  throw new Refusal(403, 'Not enough permissions', {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    code: 'CLAIM_MISMATCH',
  });
}

/**
 * Percent-encodes a text as one word of a header: everything but visible ASCII, separators, quotes and the percent sign. No
 * claim can begin another word or another header.
 */
function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]|["%,;\\]/gu, (char) =>
    [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False for a route without CORS headers. */
    cors?: false;
  }
}
