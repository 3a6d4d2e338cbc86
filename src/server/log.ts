/** Log lines, one JSON object each, without any token, password or secret. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { escapeJson, hideTokens, holdsTokenPart } from '../shown-text.js';
import { whenEnded } from './ended.js';
import { addressOf, shownPath } from './request.js';

/** Takes log lines, one JSON object each. */
interface LogDestination {
  write(line: string): void;
}

/** Levels of lines, with the numbers of pino. */
type Level = 30 | 50;

/** Makes the logger of Fastify, which has something to say only when it starts and when something is wrong. */
export function makeLogger(destination: LogDestination): Logger {
  const shown = { write: (line: string) => destination.write(shownLine(line)) };
  return pino({ base: null, timestamp: stdTimeFunctions.isoTime, serializers: { err: serializeError } }, shown);
}

/**
 * Writes a line about a request, in the form of the logger's lines, and in half the logger's time. This file and `audit.ts` name the
 * members: no header, no query, no form.
 * @param msg a word. @param members at least one, and none that JSON cannot write.
 */
export function writeLine({ server, id }: FastifyRequest, msg: string, members: object, level: Level = 30): void {
  const time = new Date().toISOString();
  const inner = JSON.stringify(members).slice(1, -1);
  // `requestId` has made or checked the id.
  server.logDestination.write(
    shownLine(`{"level":${level},"time":"${time}","reqId":"${id}",${inner},"msg":"${msg}"}\n`),
  );
}

/** Removes tokens from a line, and escapes characters that disturb a terminal. */
function shownLine(line: string): string {
  if (hideTokens(line) === line) return escapeJson(line);
  // Each member alone: a JSON escape must not become half of a token.
  const hide = (_name: string, value: unknown) => (typeof value === 'string' ? hideTokens(value) : value);
  return `${escapeJson(JSON.stringify(JSON.parse(line), hide))}\n`;
}

/** What a line says of an error. */
export function serializeError({ name, message, stack }: Error): object {
  return { type: name, message, stack };
}

/** Returns the caller's request id if it is harmless in a log, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  const isHarmless = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) && !holdsTokenPart(given);
  return isHarmless ? given : randomUUID();
}

/** Logs a line for each request, and returns its id to the client. */
export function logRequests(app: FastifyInstance, destination: LogDestination): void {
  app.decorate('logDestination', destination);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  whenEnded(app, logRequest);
}

/** Logs the line of a request. */
export function logRequest(request: FastifyRequest, reply: FastifyReply, status = reply.statusCode): void {
  const ms = Math.round(reply.elapsedTime * 1000) / 1000;
  const [path, ip] = [shownPath(request), addressOf(request)];
  writeLine(request, 'request', { method: request.method, path, status, ms, ip });
}

declare module 'fastify' {
  interface FastifyInstance {
    logDestination: LogDestination;
  }
}
