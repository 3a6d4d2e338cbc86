import type { FastifyInstance } from 'fastify';
import type { ServiceDeps } from '../service.js';
import { describeMetrics } from './schemas.js';

/** `GET /metrics`, in the text format of Prometheus. */
export function addMetricsRoute(app: FastifyInstance, { gatherMetrics }: ServiceDeps): void {
  const { registry } = app.metrics;
  app.get('/metrics', { schema: describeMetrics }, async (_request, reply) => {
    const text = (await gatherMetrics?.()) ?? (await registry.metrics());
    return reply.header('cache-control', 'no-store').type(registry.contentType).send(text);
  });
}
