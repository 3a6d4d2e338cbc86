/** The service: the contract of the OAuth2 tutorials and the standards besides, on one token core. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import formbody from '@fastify/formbody';
import { type FastifyInstance, type FastifyServerOptions, fastify, LogController } from 'fastify';
import helmet from 'helmet';
import { describeApi } from './api-description.js';
import { logRequests, makeLogger, requestId } from './log.js';
import { addMetrics } from './metrics.js';
import { answerBadHttp, answerBadRequest, answerErrors } from './refusal.js';
import { addAuthRoutes } from './routes/auth.js';
import { addHealthRoutes } from './routes/health.js';
import { addIntrospectRoute } from './routes/introspect.js';
import { addMetadataRoutes } from './routes/metadata.js';
import { addMetricsRoute } from './routes/metrics.js';
import { addRevokeRoute } from './routes/revoke.js';
import { addTokenRoutes } from './routes/token.js';
import { addUserRoutes } from './routes/users.js';
import type { ServiceDeps, ServiceOptions } from './service.js';
import { makeStoppable } from './stop.js';

/** Bytes of a request's body: a form with a token. */
const bodyLimit = 65_536;
/** Bytes of a request's headers: a token of an `Authorization` header among them. */
const maxHeaderSize = 32_768;
/** Milliseconds for the headers, and for the whole of a request, to arrive. */
const headersTimeout = 10_000;
const requestTimeout = 15_000;
/** Milliseconds that a connection without a request stays open: longer than proxies keep theirs, which is 60 s and less. */
const keepAliveTimeout = 65_000;
/** How often connections are looked at for these limits. */
const connectionsCheckingInterval = 1000;

/**
 * Makes the service; `listen` starts it. What it is told and what it stands on comes from its caller.
 * @throws {Error} of Node for a TLS key that does not fit its certificate.
 */
export async function buildService(options: ServiceOptions, deps: ServiceDeps): Promise<FastifyInstance> {
  const app = await openApp(options, deps);
  app.server.headersTimeout = headersTimeout;
  answerErrors(app);
  makeStoppable(app);
  addMetrics(app);
  logRequests(app);
  addHeaders(app, options);
  if (options.corsOrigins !== undefined && options.corsOrigins.length > 0) await addCors(app, options.corsOrigins);
  // Forms are all that is read: of a JSON body nobody could say which of two equal names counts.
  app.removeAllContentTypeParsers();
  await app.register(formbody, { bodyLimit });
  // Schemas describe the routes for /openapi.json; what a request holds is judged by the code that reads it.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await describeApi(app);
  addTokenRoutes(app, options, deps);
  addUserRoutes(app, options, deps);
  addAuthRoutes(app, options, deps);
  addRevokeRoute(app, deps);
  addIntrospectRoute(app, options, deps);
  addMetadataRoutes(app, options, deps);
  addHealthRoutes(app, deps);
  addMetricsRoute(app, deps);
  return app;
}

/** Lets pages of these origins call the service (https://fetch.spec.whatwg.org/#http-cors-protocol). */
async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  const settings: FastifyCorsOptions = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['www-authenticate', 'retry-after', 'x-request-id'],
    maxAge: 600,
  };
  await app.register(cors, {
    delegator: ({ headers }, callback) => {
      // OPTIONS without these asks which methods there are, as it does without CORS.
      const preflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
      callback(null, { ...settings, preflight });
    },
  });
}

async function openApp({ tls, trustedProxies }: ServiceOptions, { log }: ServiceDeps): Promise<FastifyInstance> {
  const shared = {
    loggerInstance: makeLogger(log),
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: answerBadHttp,
    frameworkErrors: answerBadRequest,
    genReqId: requestId,
    bodyLimit,
    requestTimeout,
    keepAliveTimeout,
    // An answer in the middle of stopping is better than none.
    return503OnClosing: false,
    trustProxy: whomToTrust(trustedProxies),
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

/** A number is one of hops: Fastify takes it for none, since it cannot know that nobody gets past the proxies. Its user does. */
function whomToTrust(proxies: ServiceOptions['trustedProxies']): FastifyServerOptions['trustProxy'] {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  // Nobody is a rule of its own: a list, be it empty, has each address of each request looked up.
  return proxies === undefined || proxies.length === 0 ? false : [...proxies];
}

/**
 * Answers are data: no page may frame them, no browser may guess what they are, and none runs anything in them. The headers
 * are the same whatever is asked, so helmet makes them once; its plugin for fastify makes them anew for each request.
 */
function addHeaders(app: FastifyInstance, { tls }: ServiceOptions): void {
  const headers: Record<string, string> = {};
  const collector = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => {},
  };
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: tls === undefined ? false : { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  setHeaders({} as IncomingMessage, collector as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error;
  });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}
