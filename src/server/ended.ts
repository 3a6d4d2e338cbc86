import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The status, in logs and metrics, of a request whose connection ended before its answer. nginx writes the same. */
const connectionEnded = 499;

/** The statuses of connections that were answered below HTTP's routes. */
const answeredWith = new WeakMap<Socket, number>();

/** Notes that a connection was answered with a status and ended, whatever request was under way on it. */
export function noteAnswer(socket: Socket, status: number): void {
  answeredWith.set(socket, status);
}

/**
 * Calls `end` for each request, once its answer is sent or its connection has ended. Fastify's onResponse knows sent answers alone.
 * Must be called before any hook that lets a request wait.
 */
export function whenEnded(
  app: FastifyInstance,
  end: (request: FastifyRequest, reply: FastifyReply, status: number) => void,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    // Node forgets the address of a connection that has ended, unless it was asked before.
    void socket.remoteAddress;
    reply.raw.once('close', () => {
      const status = reply.raw.writableFinished ? reply.statusCode : (answeredWith.get(socket) ?? connectionEnded);
      end(request, reply, status);
    });
    done();
  });
}
