/** `/openapi.json`, the description of the routes, and the page that shows it. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { addDocsPage } from './docs-page.js';
import { baseUrl, type ServiceOptions } from './service.js';

/**
 * Adds `/openapi.json` and `/docs`, which describe all routes that are added after this call. With a named issuer its URL is the server
 * of the description. `/docs` asks where it was loaded from.
 */
export async function describeApi(app: FastifyInstance, { issuer, requiresIssuer }: ServiceOptions): Promise<void> {
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
          password: passwordScheme(''),
          client: { type: 'http', scheme: 'basic', description: 'The id and secret of a client' },
        },
      },
    },
  });
  const describe = () => (requiresIssuer ? atServer(app.swagger() as Description, baseUrl(issuer())) : app.swagger());
  app.get('/openapi.json', { schema: { hide: true } }, async () => describe());
  addDocsPage(app, describe);
}

interface Description {
  readonly components: { readonly securitySchemes: object };
}

/** Returns a description with the URL of its server. Tools that get it as a file cannot resolve relative URLs. */
function atServer({ components, ...rest }: Description, url: string): object {
  const securitySchemes = { ...components.securitySchemes, password: passwordScheme(url) };
  return { ...rest, servers: [{ url }], components: { ...components, securitySchemes } };
}

function passwordScheme(server: string) {
  const url = `${server}/token`;
  return { type: 'oauth2', flows: { password: { tokenUrl: url, refreshUrl: url, scopes: {} } } } as const;
}
