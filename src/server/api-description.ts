/** `/openapi.json` and `/docs`, a page to try the routes on, which works without the Internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };

/**
 * What the page may load: its own files, and no more. That of @fastify/swagger-ui names other hosts, and would have all that
 * comes over plain HTTP fetched by HTTPS, where there is none.
 */
const pagePolicy = {
  'default-src': "'none'",
  'connect-src': "'self'",
  'img-src': ["'self'", 'data:'],
  'script-src': "'self'",
  'style-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

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
    staticCSP: pagePolicy,
    // Without the bar on top, which asks for the place of another description and brings a style of its own.
    uiConfig: { layout: 'BaseLayout', persistAuthorization: false, validatorUrl: null, withCredentials: false },
    theme: { title: 'jwtkit serve' },
  });
}
