/** `/openapi.json`, the description of the routes, and the page that shows it. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { addDocsPage } from './docs-page.js';

/** Adds `/openapi.json` and `/docs`, which describe all routes that are added after this call. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'jwtkit serve',
        version: packageJson.version,
        description: 'Access and refresh tokens: the contract of the OAuth2 tutorials, and the standards besides.',
      },
      components: {
        securitySchemes: {
          password: { type: 'oauth2', flows: { password: { tokenUrl: '/token', refreshUrl: '/token', scopes: {} } } },
          client: { type: 'http', scheme: 'basic', description: 'The id and secret of a client' },
        },
      },
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  addDocsPage(app, () => app.swagger());
}
