/** The service: the contract of the OAuth2 tutorials, and the OAuth standards. */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import formbody from '@fastify/formbody';
import { type FastifyInstance, type FastifyServerOptions, fastify, LogController } from 'fastify';
import { writeJson } from '../jose/exact-json.js';
import { describeApi } from './api-description.js';
import { answerBadHttp, answerBadRequest, answerErrors } from './error-answers.js';
import { refuseEncodedForms } from './form.js';
import { logRequests, makeLogger, requestId } from './log.js';
import { addMetrics } from './metrics.js';
import { readMultipart } from './multipart.js';
import { issuerPrefix, type Prefix } from './prefix.js';
import { pathOf } from './request.js';
import { addAuthRoutes, isForProxies } from './routes/auth.js';
import { addIntrospectRoute } from './routes/introspect.js';
import { addMetadataRoutes } from './routes/metadata.js';
import { addOperationRoutes } from './routes/operation.js';
import { addRevokeRoute } from './routes/revoke.js';
import { addTokenRoutes } from './routes/token.js';
import { addUserRoutes } from './routes/users.js';
import type { ServiceDeps, ServiceOptions } from './service.js';
import { makeStoppable } from './stop.js';
import { answerInTurn } from './turns.js';

/** Bytes of a request's body, which is a form with a token. */
const bodyLimit = 65_536;
/** Bytes of a request's headers, which may hold a token in `Authorization`. */
const maxHeaderSize = 32_768;
/** Milliseconds in which the headers, and the whole request, must arrive. */
const headersTimeout = 10_000;
const requestTimeout = 15_000;
/** Milliseconds that an idle connection stays open. Proxies keep theirs for up to 60 s; ours must not close first. */
const keepAliveTimeout = 65_000;
/** Milliseconds in which a client must read on in an answer. */
const readTimeout = 60_000;
/** Milliseconds between two checks of the limits of requests. */
const connectionsCheckingInterval = 1000;

/**
 * Makes the service; `listen` starts it.
 * @throws {Error} of Node for a TLS key that does not fit its certificate.
 */
export async function buildService(options: ServiceOptions, deps: ServiceDeps): Promise<FastifyInstance> {
  const prefix = issuerPrefix(options);
  const app = await openApp(options, deps, prefix);
  app.server.headersTimeout = headersTimeout;
  app.server.timeout = readTimeout;
  // Their size is limited. Node would drop those after the first 1000 or 2000, such as a second Authorization.
  app.server.maxHeadersCount = 0;
  answerErrors(app);
  addMetrics(app);
  logRequests(app, deps.log);
  answerInTurn(app);
  makeStoppable(app);
  addHeaders(app, options);
  prefix?.watch(app);
  if (options.corsOrigins !== undefined && options.corsOrigins.length > 0) await addCors(app, options.corsOrigins);
  // The service reads forms only: a JSON body with a name twice is ambiguous.
  app.removeAllContentTypeParsers();
  await app.register(formbody, { bodyLimit });
  readMultipart(app, bodyLimit);
  refuseEncodedForms(app);
  // Schemas only describe the routes for /openapi.json. The code that reads a request validates it.
  app.setValidatorCompiler(() => () => true);
  // Keeps the exact text of numbers in claims.
  app.setSerializerCompiler(() => (answer) => writeJson(answer));
  await describeApi(app, options);
  addTokenRoutes(app, options, deps);
  addUserRoutes(app, options, deps);
  await addAuthRoutes(app, options, deps);
  addRevokeRoute(app, options, deps);
  addIntrospectRoute(app, options, deps);
  addMetadataRoutes(app, options, deps);
  addOperationRoutes(app, options, deps);
  return app;
}

/** Headers that the service reads, for a preflight that asks for no other ones. */
const readHeaders = ['authorization', 'content-type', 'if-none-match', 'x-request-id'];

/**
 * Returns the headers that a page may send: those that it asks for, since monitoring and tracing add their own to every request. The
 * origin is a named one, and no header but these makes the service do more.
 */
function allowedHeaders(asked: string | undefined): string[] {
  const names = (asked ?? '')
    .slice(0, 4096)
    .split(',')
    .map((name) => name.trim());
  const isSound = names.length <= 64 && names.every((name) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name));
  return isSound ? names : readHeaders;
}

/** Lets pages of these origins call the service (https://fetch.spec.whatwg.org/#http-cors-protocol). */
async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  const settings: FastifyCorsOptions = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['www-authenticate', 'retry-after', 'x-request-id', 'x-refused'],
    maxAge: 600,
  };
  const routes = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    routes.add(url);
  });
  await app.register(cors, {
    delegator: (request, callback) => {
      const path = pathOf(request);
      if (isForProxies(path)) return callback(null, { origin: false, preflight: false });
      const { headers } = request;
      // OPTIONS without these headers asks for the methods of a route, which is not CORS.
      const isPreflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
      // An unknown path gets no 2xx: a proxy with a misspelt /auth would take it for a yes.
      const preflight = isPreflight && routes.has(path);
      const asked = headers['access-control-request-headers'];
      callback(null, { ...settings, preflight, allowedHeaders: allowedHeaders(asked) });
    },
  });
}

async function openApp(
  { tls, trustedProxies }: ServiceOptions,
  { log }: ServiceDeps,
  prefix: Prefix | undefined,
): Promise<FastifyInstance> {
  const shared = {
    loggerInstance: makeLogger(log),
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: answerBadHttp,
    frameworkErrors: answerBadRequest,
    genReqId: requestId,
    ...(prefix === undefined ? {} : { rewriteUrl: prefix.strip }),
    bodyLimit,
    requestTimeout,
    keepAliveTimeout,
    // Requests that arrive while the service stops are still answered.
    return503OnClosing: false,
    trustProxy: proxyTrust(trustedProxies),
    routerOptions: { maxParamLength: 1024 },
  };
  const limits = { maxHeaderSize, connectionsCheckingInterval };
  const settings: FastifyServerOptions =
    tls === undefined
      ? { ...shared, http: limits }
      : ({
          ...shared,
          https: { ...limits, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: headersTimeout },
        } as object);
  return fastify(settings) as unknown as FastifyInstance;
}

/** Fastify ignores a number of hops, since a client could bypass the proxies. Our user has made that impossible. */
function proxyTrust(proxies: ServiceOptions['trustedProxies']): FastifyServerOptions['trustProxy'] {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  return proxies === undefined ? false : [...proxies];
}

/** Answers are data: no page may frame them, and no browser may guess their type or run anything in them. */
function addHeaders(app: FastifyInstance, { tls }: ServiceOptions): void {
  const headers = {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(tls === undefined ? {} : { 'strict-transport-security': 'max-age=31536000' }),
  };
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}
