/** Log lines, one JSON object each, without any token, password or secret. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { escapeJson, hideTokens } from '../shown-text.js';
import { addressOf, shownPath } from './request.js';

/** Makes the logger. It logs what this file and `audit.ts` name: no header, no query, no form. */
export function makeLogger(destination: { write(line: string): void }): Logger {
  const shown = { write: (line: string) => destination.write(shownLine(line)) };
  return pino({ base: null, timestamp: stdTimeFunctions.isoTime, serializers: { err: serializeError } }, shown);
}

/** Removes tokens from a line, and escapes characters that disturb a terminal. */
function shownLine(line: string): string {
  if (hideTokens(line) === line) return escapeJson(line);
  // Each member alone: a JSON escape must not become half of a token.
  const hide = (_name: string, value: unknown) => (typeof value === 'string' ? hideTokens(value) : value);
  return `${escapeJson(JSON.stringify(JSON.parse(line), hide))}\n`;
}

function serializeError({ name, message, stack }: Error): object {
  return { type: name, message, stack };
}

/** Returns the caller's request id if it is harmless in a log, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  const isHarmless = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) && hideTokens(given) === given;
  return isHarmless ? given : randomUUID();
}

/** Logs a line for each request, and returns its id to the client. */
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
  const ms = Math.round(reply.elapsedTime * 1000) / 1000;
  request.log.info(
    { method: request.method, path: shownPath(request), status: reply.statusCode, ms, ip: addressOf(request) },
    'request',
  );
}
