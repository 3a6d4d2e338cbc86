/** Answers for errors, unknown paths, methods that a route does not have, and requests that cannot be read. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, JwtkitError } from '../errors.js';
import { auditFailure, auditRefusal } from './audit.js';
import { noteAnswer } from './ended.js';
import { logRequest } from './log.js';
import { Refusal } from './refusal.js';
import { pathOf, shownPath } from './request.js';
import { describeVerdict, httpStatusOf } from './verdict.js';

/** Turns any thrown value into a refusal. The client learns nothing about the inside of the service. */
function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof JwtkitError) {
    const { code } = error;
    switch (httpStatusOf(code)) {
      case 401:
        return new Refusal(401, describeVerdict(error, 'access'), { headers: { 'www-authenticate': 'Bearer' }, code });
      case 503:
        return new Refusal(503, 'Service Unavailable', {
          error: 'temporarily_unavailable',
          headers: { 'retry-after': '1' },
          code,
        });
      default:
        return internal(code);
    }
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (!(status >= 400 && status < 500)) return internal('INTERNAL');
  const detail = {
    413: 'Request body is too large',
    415: 'Send the form as application/x-www-form-urlencoded or multipart/form-data',
  };
  return new Refusal(status, detail[status as keyof typeof detail] ?? 'Bad Request', { error: 'invalid_request' });
}

function internal(code: ErrorCode): Refusal {
  return new Refusal(500, 'Internal Server Error', { error: 'server_error', code });
}

/** Sends a refusal: the tutorials' body, with the members of RFC 6749 §5.2 on the routes of OAuth. */
function send({ status, detail, options }: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { error, failed, headers = {} } = options;
  const description =
    typeof detail === 'string' ? detail : detail.map(({ loc, msg }) => `${loc[1]}: ${msg}`).join('; ');
  const isOauth = error !== undefined && request.routeOptions.config.isOauth === true;
  // An HTTP/1.1 connection with an unread rest of a request cannot carry another one.
  if (status === 413) reply.header('connection', 'close');
  // For the log of a proxy, which sees no body.
  if (failed !== undefined) reply.header('x-refused', failed);
  // Also where the route has not begun: for a form that cannot be read, and a token that is refused.
  reply.header('cache-control', 'no-store');
  return reply
    .code(status)
    .headers(headers)
    .send({ detail, path: shownPath(request), ...(isOauth ? { error, error_description: description } : {}) });
}

/** Adds the answers for errors, unknown paths, and methods that a route does not have. */
export function answerErrors(app: FastifyInstance): void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const name of [method].flat()) known.add(name);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = toRefusal(error);
    if (refusal.status < 500) auditRefusal(request, refusal);
    else auditFailure(request, refusal.reason, error);
    if (refusal.status === 413) await discardBody(request.raw);
    return send(refusal, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const known = methods.get(pathOf(request));
    if (known === undefined) return reply.code(404).send({ detail: 'Not Found' });
    const allow = [...new Set([...known, 'OPTIONS'])].join(', ');
    if (request.method === 'OPTIONS') return reply.code(204).header('allow', allow).send();
    return reply.code(405).header('allow', allow).send({ detail: 'Method Not Allowed' });
  });
}

const mostDiscardedBytes = 1_048_576;
const longestDiscardMs = 1000;

/**
 * Reads the rest of a body that is too long, within bounds. A connection that ends with unread bytes is reset: a proxy that is still
 * sending would answer 502 instead of what it was told.
 */
function discardBody(body: IncomingMessage): Promise<void> {
  if (body.readableEnded || body.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(end, longestDiscardMs);
    function end() {
      clearTimeout(timer);
      body.off('data', take);
      resolve();
    }
    function take(chunk: Buffer) {
      bytes += chunk.length;
      if (bytes > mostDiscardedBytes) end();
    }
    body.on('data', take).once('end', end).once('close', end);
  });
}

/** Answers a request whose path cannot be read. No hook runs for it, so this sets the headers and writes the log line. */
export function answerBadRequest(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(400).headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  reply.send({ detail: 'Bad Request' });
  logRequest(request, reply);
}

/** Answers bytes that are not HTTP, headers that are too long, and requests that take too long; then ends the connection. */
export function answerBadHttp(error: Error & { code?: string }, socket: Socket): void {
  // Before the end of a TLS handshake an answer would wait for it, and so would the end of the connection.
  const isConnecting = 'secureConnecting' in socket && socket.secureConnecting === true;
  if (error.code === 'ECONNRESET' || !socket.writable || isConnecting) return void socket.destroy();
  const status = badHttp[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ detail: status.slice(4) });
  noteAnswer(socket, Number(status.slice(0, 3)));
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
      `connection: close\r\n\r\n${body}`,
    // A client that never reads the answer must not keep the connection.
    () => socket.destroy(),
  );
}

const badHttp: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether refusals also carry the members of RFC 6749 §5.2. */
    isOauth?: boolean;
  }
}
