/** Stopping without dropping a request. */
import { Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Milliseconds in which waiting connections are still accepted. */
const arrivalGrace = 1000;
/** Milliseconds in which clients may close their idle connections. */
const idleGrace = 1000;
/** Milliseconds after which unanswered requests are dropped. */
const longestGrace = 10_000;

/** Prepares a service for {@link stopService}: once it stops, each answer closes its connection. */
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

/** The steps of leaving a port that several processes share. */
export interface SharedPort {
  /** Milliseconds that a connection takes at most from the accepting process to this one. */
  readonly handOver: number;
  /** Resolves once no process on the port accepts connections any more. */
  readonly whenLeft: () => Promise<void>;
}

/**
 * Stops a service without dropping a request: it accepts no more connections and answers every request. Each answer closes its
 * connection; idle connections close after a second.
 */
export async function stopService(app: FastifyInstance, shared?: SharedPort): Promise<void> {
  if (app.isStopping) return;
  app.isStopping = true;
  const { server } = app;
  let ended: Promise<void> | undefined;
  app.arrivals = acceptWaiting(server, shared?.handOver).then(() => {
    ended = new Promise((resolve) => {
      // The `close` of node:http closes idle connections at once, although a request may be on its way.
      Server.prototype.close.call(server, () => resolve());
    });
    return shared?.whenLeft();
  });
  await app.arrivals;
  const idle = setTimeout(() => server.closeIdleConnections(), idleGrace);
  // Includes connections that never sent a request, as during a TLS handshake.
  const late = setTimeout(() => {
    for (const socket of app.connections) socket.destroy();
  }, longestGrace);
  await ended;
  clearTimeout(idle);
  clearTimeout(late);
  await app.close();
}

/**
 * Resolves once no connection waits to be accepted, in the turn of the event loop that finds this out. The system would reset a
 * waiting connection, with its request. One turn accepts one connection. No request is answered meanwhile, since a client that gets
 * an answer may connect again.
 */
async function acceptWaiting(server: Server, handOver: number | undefined): Promise<void> {
  let quietTurns = 0;
  const note = () => {
    quietTurns = -1;
  };
  server.on('connection', note);
  // Two quiet turns: a connection that arrives during a turn is seen by the next.
  for (const end = performance.now() + arrivalGrace; quietTurns < 2 && performance.now() < end; quietTurns++) {
    await (handOver === undefined ? nextTurn() : wait(handOver));
  }
  server.off('connection', note);
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the service answers its last requests, and accepts no more. */
    isStopping: boolean;
    /** Open connections, also those without any request. */
    readonly connections: ReadonlySet<Socket>;
    /** While the service begins to stop: resolves once all waiting connections are accepted. Requests wait for it. */
    arrivals: Promise<void> | undefined;
  }
}
