/** `/openapi.json` and `/docs`, a page to try the routes on, which works without the Internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };

/** Adds the description of all routes that are added afterwards. */
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
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { persistAuthorization: false, validatorUrl: null, withCredentials: false },
    theme: { title: 'jwtkit serve' },
  });
}
