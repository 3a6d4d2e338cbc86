import type { FastifyInstance } from 'fastify';
import type { ServiceDeps } from '../service.js';
import { describeHealthz, describeReadyz } from './schemas.js';

/** `GET /healthz`: the process answers. `GET /readyz`: it could do its work now, with its keys, its store and its accounts. */
export function addHealthRoutes(app: FastifyInstance, deps: ServiceDeps): void {
  app.get('/healthz', { schema: describeHealthz }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/readyz', { schema: describeReadyz }, async (request, reply) => {
    const [keys, store, accounts] = await Promise.all([
      answers(async () => deps.keys.signingKey(deps.now())),
      answers(() => deps.denylist.find({ jti: 'readyz' })),
      answers(async () => [deps.accounts.userByName(''), deps.accounts.clientById('')]),
    ]);
    const isReady = keys && store && accounts && !request.server.isStopping;
    reply.code(isReady ? 200 : 503).header('cache-control', 'no-store');
    if (!isReady) reply.header('retry-after', '1');
    return {
      status: isReady ? 'ready' : 'unavailable',
      keys: word(keys),
      store: word(store),
      accounts: word(accounts),
    };
  });
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}

function word(isAnswering: boolean): string {
  return isAnswering ? 'ok' : 'failed';
}
