/** Stopping without dropping a request. */
import { Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Milliseconds for the connections that are on their way to be accepted. */
const arrivalGrace = 1000;
/** Milliseconds for clients to end the connections that they hold open, told by each answer. */
const idleGrace = 1000;
/** Milliseconds after which requests that are still not answered are given up. */
const longestGrace = 10_000;

/** Makes a service stoppable: once it stops, each answer ends its connection. */
export function makeStoppable(app: FastifyInstance): void {
  app.decorate('isStopping', false);
  const connections = new Set<Socket>();
  app.decorate('connections', { getter: () => connections });
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.decorate('arrivals', undefined);
  app.addHook('onRequest', (_request, _reply, done) => {
    if (app.arrivals === undefined) done();
    else app.arrivals.then(() => done());
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (app.isStopping) reply.header('connection', 'close');
    done();
  });
}

/** How a process that is not the only one on its port leaves it. */
export interface SharedPort {
  /** Milliseconds that a connection takes at most from the process that accepts it to this one. */
  readonly handOver: number;
  /** Resolves once none of the processes takes connections any more. */
  readonly isLeft: () => Promise<void>;
}

/**
 * Stops a service: no connection is accepted any more, every request that is under way is answered, and connections end with
 * the answer to their next request, those without one after a second.
 */
export async function stopService(app: FastifyInstance, shared?: SharedPort): Promise<void> {
  if (app.isStopping) return;
  app.isStopping = true;
  const { server } = app;
  let ended: Promise<void> | undefined;
  app.arrivals = acceptWaiting(server, shared?.handOver).then(() => {
    ended = new Promise((resolve) => {
      // That of node:http would end connections at once on which a request may be on its way.
      Server.prototype.close.call(server, () => resolve());
    });
    return shared?.isLeft();
  });
  await app.arrivals;
  const idle = setTimeout(() => server.closeIdleConnections(), idleGrace);
  // Those too that never came as far as to ask anything, as in the middle of TLS.
  const late = setTimeout(() => {
    for (const socket of app.connections) socket.destroy();
  }, longestGrace);
  await ended;
  clearTimeout(idle);
  clearTimeout(late);
  await app.close();
}

/**
 * Resolves, in the same turn of the event loop, once no connection waits to be accepted any more: the system would reset it, with
 * the request that it may have brought, and one turn accepts only one. Nothing is answered meanwhile, so that nobody who
 * was answered comes back with another.
 */
async function acceptWaiting(server: Server, handOver: number | undefined): Promise<void> {
  let quietTurns = 0;
  const note = () => {
    quietTurns = -1;
  };
  server.on('connection', note);
  // What arrives while a turn looks for arrivals is seen by the next one.
  for (const end = performance.now() + arrivalGrace; quietTurns < 2 && performance.now() < end; quietTurns++) {
    await (handOver === undefined ? nextTurn() : wait(handOver));
  }
  server.off('connection', note);
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the service answers what it has begun, and takes no more. */
    isStopping: boolean;
    /** What is open, be it that nothing was ever asked on it. */
    readonly connections: ReadonlySet<Socket>;
    /** While it begins to stop: resolves once all connections are there that will be. Requests wait for it. */
    arrivals: Promise<void> | undefined;
  }
}
