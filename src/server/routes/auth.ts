import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../../jose/json.js';
import { asList, type Claims, isScopeToken, isStringOrStrings, splitScope } from '../../token/claims.js';
import { authenticate } from '../bearer.js';
import { Refusal } from '../refusal.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeAuth } from './schemas.js';

/**
 * `GET /auth`, which a proxy asks before it lets a request pass (nginx `auth_request`, Traefik `forwardAuth`, Envoy
 * `ext_authz`). Its query is the proxy's demand: every `scope` and `role` in it must be the token's.
 */
export function addAuthRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  app.get('/auth', { schema: describeAuth }, async (request, reply) => answer(request, reply, options, deps));
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<FastifyReply> {
  const { claims } = await authenticate(request, 'detailed', options, deps);
  const scopes = typeof claims.scope === 'string' ? splitScope(claims.scope) : [];
  const roles = isStringOrStrings(claims.role) ? asList(claims.role) : [];
  demand('scope', wanted(request, 'scope').flatMap(scopesOrNone), scopes);
  demand('role', wanted(request, 'role'), roles);
  return reply
    .header('cache-control', 'no-store')
    .header('x-auth-subject', headerText(subjectOf(claims)))
    .header('x-auth-scope', scopes.map(headerText).join(' '))
    .header('x-auth-roles', roles.map(headerText).join(' '))
    .send();
}

function subjectOf({ sub }: Claims): string {
  return typeof sub === 'string' ? sub : '';
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
