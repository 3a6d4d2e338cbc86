/** Log lines, one JSON object each, in which no token, password or secret ever stands. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, pino } from 'pino';
import { addressOf, shownPath } from './audit.js';

/** The logger of the service. Only what is named here or by `audit.ts` is logged: no header, no query, no form. */
export function makeLogger(destination: { write(line: string): void }): Logger {
  return pino({ base: null, timestamp: isoTime(), serializers: { err: describe } }, destination);
}

/** The time of a line as pino writes it, made once for all lines of a millisecond. */
function isoTime(): () => string {
  let moment = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== moment) {
      moment = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}

/** What went wrong inside, for whoever looks after the service. */
function describe(error: Error): object {
  return { type: error.name, message: error.message, stack: error.stack };
}

/** The id of a request: the caller's, where it can do no harm in a log, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Logs a line for each request, and tells the client its id. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(request, reply);
    done();
  });
}

/** Logs the line of a request. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  request.log.info(
    {
      method: request.method,
      path: shownPath(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 1000) / 1000,
      ip: addressOf(request),
    },
    'request',
  );
}
