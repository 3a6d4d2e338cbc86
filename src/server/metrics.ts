/** The service's metrics, in a registry of its own. */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { whenEnded } from './ended.js';

/** The counters, and the registry that also holds times and the process's own metrics. */
interface Metrics {
  readonly registry: Registry;
  readonly issued: Counter<'grant' | 'type'>;
  readonly refused: Counter<'code'>;
  readonly revoked: Counter;
  readonly storeErrors: Counter;
}

/** Bounds in seconds: from one verification to a password check on a busy machine. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Adds the metrics, and measures each request. */
export function addMetrics(app: FastifyInstance): void {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const count = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const metrics: Metrics = {
    registry,
    issued: count('jwtkit_tokens_issued_total', 'Tokens issued, by grant and type', 'grant', 'type'),
    refused: count(
      'jwtkit_refusals_total',
      'Requests refused, by reason: an error code of jwtkit, an OAuth error or an HTTP status',
      'code',
    ),
    revoked: count('jwtkit_revocations_total', 'Tokens and sessions revoked'),
    storeErrors: count('jwtkit_store_errors_total', 'Requests that failed because the denylist could not be asked'),
  };
  const duration = new Histogram({
    name: 'jwtkit_http_request_duration_seconds',
    help: 'Time from the request to its answer, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers,
  });
  app.decorate('metrics', metrics);
  whenEnded(app, (request, reply, status) => {
    // Unknown paths share one label: each new label costs memory.
    const route = request.routeOptions.url ?? 'none';
    duration.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
  });
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
}
