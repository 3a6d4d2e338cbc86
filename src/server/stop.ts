/** Stopping without dropping a request. */
import { Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Milliseconds for clients to end the connections that they hold open, told by each answer. */
const idleGrace = 1000;
/** Milliseconds after which requests that are still not answered are given up. */
const longestGrace = 10_000;

/** Makes a service stoppable: once it stops, each answer ends its connection. */
export function makeStoppable(app: FastifyInstance): void {
  app.decorate('isStopping', false);
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (app.isStopping) reply.header('connection', 'close');
    done();
  });
}

/**
 * Stops a service: no connection is accepted any more, every request that is under way is answered, and connections end with
 * the answer to their next request, those without one after a second.
 */
export async function stopService(app: FastifyInstance): Promise<void> {
  if (app.isStopping) return;
  app.isStopping = true;
  const { server } = app;
  // Whatever connection waits to be accepted is accepted in this turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const ended = new Promise<void>((resolve) => {
    // That of node:http would end connections at once on which a request may be on its way.
    Server.prototype.close.call(server, () => resolve());
  });
  const idle = setTimeout(() => server.closeIdleConnections(), idleGrace);
  const late = setTimeout(() => server.closeAllConnections(), longestGrace);
  await ended;
  clearTimeout(idle);
  clearTimeout(late);
  await app.close();
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the service answers what it has begun, and takes no more. */
    isStopping: boolean;
  }
}
