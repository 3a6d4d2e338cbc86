/** The page at `/docs`: Swagger UI, whose files the build copies to `dist/swagger-ui`. It works without the Internet. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { hasPrefix } from './prefix.js';

const script = 'text/javascript; charset=utf-8';
/** Files of Swagger UI, with their types. */
const files = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'index.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': script,
  'favicon-32x32.png': 'image/png',
} as const;

/** The page may load its own files only. */
const policy = [
  "default-src 'none'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "script-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `folder` is where the page's links lead: with a slash at its end, the page's own address is that of a folder. */
function pageIn(folder: string): string {
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>jwtkit serve</title>
    <link rel="stylesheet" href="${folder}/swagger-ui.css">
    <link rel="stylesheet" href="${folder}/index.css">
    <link rel="icon" type="image/png" href="${folder}/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${folder}/swagger-ui-bundle.js"></script>
    <script src="${folder}/start.js"></script>
  </body>
</html>
`;
}

/**
 * The page asks the service at the address that it was loaded from, which may be another one than the description names: its policy
 * allows no other. The layout has no top bar, which loads other descriptions and has inline styles.
 */
const start = `const folder = location.href.split(/[?#]/, 1)[0].replace(/\\/?$/, '/');
const here = new URL('..', folder).href.slice(0, -1);
const token = here + '/token';
const askHere = (description) => {
  const { password } = description.components.securitySchemes.password.flows;
  Object.assign(password, { tokenUrl: token, refreshUrl: token });
  return { ...description, servers: [{ url: here }] };
};
SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: new URL('json', folder).href,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [
    { statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (given) => update(askHere(given)) } } } },
  ],
  layout: 'BaseLayout',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  withCredentials: false,
}).initOAuth({});
`;

/** Changes with each version, whose files may be others. */
const etag = `"${packageJson.version}"`;

/** Adds the page, its files, and the description that it reads, which `describe` returns. */
export function addDocsPage(app: FastifyInstance, describe: () => object): void {
  const schema = { hide: true };
  const html = 'text/html; charset=utf-8';
  // All addresses are relative: a proxy may serve this under a path of its own.
  app.get('/', { schema }, (request, reply) => {
    const [path = ''] = request.originalUrl.split('?', 1);
    // From `/idp` a relative address begins at `/`.
    const folder = hasPrefix(request) && !path.endsWith('/') ? `${path.slice(path.lastIndexOf('/') + 1)}/` : '';
    return reply.redirect(`${folder}docs`);
  });
  app.get('/docs', { schema }, (_request, reply) => send(reply, html, pageIn('docs/static')));
  app.get('/docs/', { schema }, (_request, reply) => send(reply, html, pageIn('./static')));
  app.get('/docs/json', { schema }, async () => describe());
  app.get('/docs/static/start.js', { schema }, (_request, reply) => send(reply, script, start));
  for (const [name, type] of Object.entries(files)) {
    let content: Uint8Array | undefined;
    app.get(`/docs/static/${name}`, { schema }, async (request, reply) => {
      reply.headers({ etag, 'cache-control': 'no-cache' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      // Kept in memory: a client that asks a thousand times opens no thousand files.
      content ??= await readFile(new URL(`../../dist/swagger-ui/${name}`, import.meta.url));
      return send(reply, type, content);
    });
  }
}

function send(reply: FastifyReply, type: string, content: string | Uint8Array): FastifyReply {
  return reply.header('content-security-policy', policy).type(type).send(content);
}
