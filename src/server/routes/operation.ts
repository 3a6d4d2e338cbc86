import type { FastifyInstance } from 'fastify';
import { JwtkitError } from '../../errors.js';
import { Refusal } from '../refusal.js';
import { algorithmOf, type ServiceDeps, type ServiceOptions } from '../service.js';
import { describeHealthz, describeMetrics, describeReadyz } from './schemas.js';

/**
 * Adds `GET /healthz`, which always answers, `GET /readyz`, which tries the keys, the store and the accounts, and `GET /metrics`, in
 * the text format of Prometheus.
 */
export function addOperationRoutes(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const config = { isInternal: true } as const;
  app.get('/healthz', { schema: describeHealthz, config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/readyz', { schema: describeReadyz, config }, async (request, reply) => {
    const trials = [
      // A later key may have none of the algorithms that may sign.
      async () => algorithmOf(await deps.keys.signingKey(deps.now()), options),
      async () => deps.denylist.find({ jti: 'readyz' }),
      async () => [deps.accounts.userByName(''), deps.accounts.clientById('')],
    ];
    const outcomes = await Promise.allSettled(trials.map((ask) => ask()));
    const [keys, store, accounts] = outcomes.map(({ status }) => (status === 'fulfilled' ? 'ok' : 'failed'));
    const isReady = outcomes.every(({ status }) => status === 'fulfilled') && !request.server.isStopping;
    reply.code(isReady ? 200 : 503).header('cache-control', 'no-store');
    if (!isReady) reply.header('retry-after', '1');
    return { status: isReady ? 'ready' : 'unavailable', keys, store, accounts, ...shownReason(outcomes[1]) };
  });
  app.get('/metrics', { schema: describeMetrics, config }, async (_request, reply) => {
    const { registry } = app.metrics;
    const text = deps.gatherMetrics === undefined ? await registry.metrics() : await deps.gatherMetrics();
    // The counts of a single process would look like a sudden drop.
    if (text === null) throw new Refusal(503, 'Service Unavailable', { headers: { 'retry-after': '1' } });
    return reply.header('cache-control', 'no-store').type(registry.contentType).send(text);
  });
}

/** Why the store failed, if the reason is no secret and waiting does not help. */
function shownReason(outcome: PromiseSettledResult<unknown> | undefined): { reason?: string } {
  if (outcome?.status !== 'rejected' || !(outcome.reason instanceof JwtkitError)) return {};
  const { reason } = outcome.reason.details;
  return typeof reason === 'string' ? { reason } : {};
}
