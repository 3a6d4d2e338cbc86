import type { FastifyInstance } from 'fastify';
import { Refusal } from '../refusal.js';
import type { ServiceDeps } from '../service.js';
import { describeMetrics } from './schemas.js';

/** `GET /metrics`, in the text format of Prometheus. */
export function addMetricsRoute(app: FastifyInstance, { gatherMetrics }: ServiceDeps): void {
  const { registry } = app.metrics;
  app.get('/metrics', { schema: describeMetrics }, async (_request, reply) => {
    const text = gatherMetrics === undefined ? await registry.metrics() : await gatherMetrics();
    // The counts of one process for those of all would look as if they had fallen.
    if (text === null) throw new Refusal(503, 'Service Unavailable', { headers: { 'retry-after': '1' } });
    return reply.header('cache-control', 'no-store').type(registry.contentType).send(text);
  });
}
