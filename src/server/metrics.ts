/** What is counted, in a registry of the service's own. */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** The service's metrics, by what they count. */
export interface Metrics {
  readonly registry: Registry;
  readonly issued: Counter<'grant' | 'type'>;
  readonly refused: Counter<'code'>;
  readonly revoked: Counter;
  readonly storeErrors: Counter;
}

/** Bounds in seconds: from what a look at a token takes to what a password takes on a busy machine. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Adds metrics to the service, and the time that its requests take. */
export function addMetrics(app: FastifyInstance): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const metrics: Metrics = {
    registry,
    issued: new Counter({
      name: 'jwtkit_tokens_issued_total',
      help: 'Tokens issued, by grant and type',
      labelNames: ['grant', 'type'],
      registers,
    }),
    refused: new Counter({
      name: 'jwtkit_refusals_total',
      help: 'Requests refused, by reason: an error code of jwtkit, an OAuth error or an HTTP status',
      labelNames: ['code'],
      registers,
    }),
    revoked: new Counter({ name: 'jwtkit_revocations_total', help: 'Tokens and sessions revoked', registers }),
    storeErrors: new Counter({
      name: 'jwtkit_store_errors_total',
      help: 'Requests that failed because the denylist could not be asked',
      registers,
    }),
  };
  const duration = new Histogram({
    name: 'jwtkit_http_request_duration_seconds',
    help: 'Time from the request to its answer, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers,
  });
  app.decorate('metrics', metrics);
  app.addHook('onResponse', (request, reply, done) => {
    // A path that is no route would make a label of whatever anybody asks for.
    const route = request.routeOptions.url ?? 'none';
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
  return metrics;
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
}
