import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Claims, scopesOf } from '../../token/claims.js';
import { prepareAuthentication } from '../bearer.js';
import { headerText, refuseUnknownDemands, requireDemands, rolesOf } from '../demands.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeAuth } from './schemas.js';

/**
 * Adds `GET /auth`, which a proxy asks before it lets a request pass (nginx `auth_request`, Traefik `forwardAuth`). The token must
 * meet every `scope` and `role` of the query.
 *
 * Envoy (`ext_authz`) sends the method, path and query of the request itself, behind a prefix. There the client wrote the query, so
 * it demands nothing.
 */
export async function addAuthRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): Promise<void> {
  addAllMethods(app);
  await app.register(async (scope) => {
    readNoBodies(scope);
    addRoutes(scope, options, deps);
  });
}

function addRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const authenticate = prepareAuthentication('detailed', options, deps);
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { claims } = await authenticate(request);
    requireDemands(request, claims);
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

/** Ignores the body of a request, and what it is said to be: a proxy may pass on the headers of an upload, with or without the upload. */
function readNoBodies(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    delete request.raw.headers['content-type'];
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, body, done) => {
    body.resume();
    done(null);
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

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False for a route without CORS headers. */
    cors?: false;
  }
}
