import type { FastifyInstance } from 'fastify';
import { prepareAuthentication } from '../bearer.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { describeMe } from './schemas.js';

/** Adds `GET /users/me`, which returns the subject of the access token. */
export function addUserRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const authenticate = prepareAuthentication('plain', options, deps);
  app.get('/users/me', { schema: describeMe }, async (request, reply) => {
    const { claims } = await authenticate(request);
    reply.header('cache-control', 'no-store');
    return { user_id: claims.sub };
  });
}
