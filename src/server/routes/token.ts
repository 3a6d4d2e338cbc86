import type { FastifyInstance, FastifyReply } from 'fastify';
import { authenticateClient, findClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { grantClientCredentials, grantPassword, prepareRefresh, type TokenAnswer } from '../grants.js';
import { Refusal } from '../refusal.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeRefresh, describeToken } from './schemas.js';

/** Adds `POST /token` (RFC 6749 §3.2), and `POST /token/refresh` of the tutorials. */
export function addTokenRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const grantRefresh = prepareRefresh(options, deps);
  app.post('/token', { schema: describeToken, config: { isOauth: true } }, async (request, reply) => {
    forbidCaching(reply);
    // The form of the tutorials has no grant_type.
    const { grant_type: grant = 'password' } = readForm(request, [], ['grant_type']);
    switch (grant) {
      case 'password':
        return grantPassword(request, findClient(request, deps), options, deps);
      case 'refresh_token':
        return grantRefresh(request, 400);
      case 'client_credentials':
        return grantClientCredentials(request, authenticateClient(request, deps), options, deps);
      default:
        throw new Refusal(400, 'Unsupported grant type', { error: 'unsupported_grant_type' });
    }
  });
  app.post('/token/refresh', { schema: describeRefresh, config: { isOauth: true } }, async (request, reply) => {
    forbidCaching(reply);
    const answer: Partial<TokenAnswer> = await grantRefresh(request, 401);
    const { access_token, refresh_token, token_type } = answer;
    return { access_token, ...(refresh_token === undefined ? {} : { refresh_token }), token_type };
  });
}

/** Token answers and their refusals must not be cached (RFC 6749 §5.1). */
function forbidCaching(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
}
