/**
 * Pipelined requests (RFC 9112 §9.3.2), one after the other. Node begins them all at once, keeps their answers in memory, and never
 * ends those of a closed connection, nor closes the files that they read.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Requests that may wait on one connection. */
const mostWaiting = 64;

/** Makes each request wait for the answer to the one before it on its connection. Ends a connection on which too many wait. */
export function answerInTurn(app: FastifyInstance): void {
  const lines = new WeakMap<Socket, (() => void)[]>();
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const begin = () => {
      reply.raw.once('close', () => {
        const next = lines.get(socket)?.shift();
        if (next === undefined) lines.delete(socket);
        else if (!socket.destroyed) next();
      });
      done();
    };
    const line = lines.get(socket);
    if (line === undefined) {
      lines.set(socket, []);
      begin();
    } else if (line.length < mostWaiting) line.push(begin);
    else socket.destroy();
  });
}
