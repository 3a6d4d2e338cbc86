import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { pathOf } from '../request.js';
import { baseUrl, type ServiceDeps, type ServiceOptions, tokenEndpoint } from '../service.js';
import { describeJwks, describeMetadata, describeOpenid } from './schemas.js';

/** Seconds for which verifiers may cache these documents. Announce a new key at least as long before it signs. */
const maxAge = 300;

const oauthPath = '/.well-known/oauth-authorization-server';

/**
 * Adds the JWK Set (RFC 7517 §5) and the metadata that lead to it (RFC 8414, OpenID Connect Discovery 1.0). A shared secret has no
 * public half: then there is no JWK Set, and no OpenID configuration, which requires one.
 */
export function addMetadataRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const { publishedSet } = deps.keys;
  const describe = () => describeIssuer(options, publishedSet !== undefined);
  app.get(oauthPath, { schema: describeMetadata }, async (request, reply) => {
    return sendCacheable(describe(), request, reply);
  });
  // For an issuer with a path, clients append that path (RFC 8414 §3.1).
  app.get(`${oauthPath}/*`, { schema: { hide: true } }, async (request, reply) => {
    const { pathname } = new URL(options.issuer());
    if (pathOf(request) !== `${oauthPath}${pathname.replace(/\/$/, '')}`) return reply.callNotFound();
    return sendCacheable(describe(), request, reply);
  });
  if (publishedSet === undefined) return;
  app.get('/.well-known/jwks.json', { schema: describeJwks }, async (request, reply) => {
    return sendCacheable(publishedSet(deps.now()), request, reply);
  });
  app.get('/.well-known/openid-configuration', { schema: describeOpenid }, async (request, reply) => {
    const { keys } = publishedSet(deps.now());
    const algorithms = [...new Set(keys.map(({ alg }) => alg).filter((alg) => alg !== undefined))];
    const openid = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: algorithms };
    return sendCacheable({ ...describe(), ...openid }, request, reply);
  });
}

function describeIssuer(options: ServiceOptions, hasJwks: boolean): object {
  const { issuer } = options;
  const base = baseUrl(issuer());
  const clientMethods = ['client_secret_basic', 'client_secret_post'];
  return {
    issuer: issuer(),
    token_endpoint: tokenEndpoint(options),
    ...(hasJwks ? { jwks_uri: `${base}/.well-known/jwks.json` } : {}),
    revocation_endpoint: `${base}/revoke`,
    introspection_endpoint: `${base}/introspect`,
    // There is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: ['password', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: [...clientMethods, 'none'],
    revocation_endpoint_auth_methods_supported: [...clientMethods, 'none'],
    introspection_endpoint_auth_methods_supported: clientMethods,
  };
}

/** Sends a document for verifiers to cache, or 304 if their copy is current (RFC 9110 §13.1.2). */
function sendCacheable(document: object, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = JSON.stringify(document);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  reply.header('cache-control', `public, max-age=${maxAge}`).header('etag', etag);
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === etag || tag === '*')) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(body);
}
