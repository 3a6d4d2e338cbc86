/** What a client is told when it does not get what it asked for. */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, JwtkitError } from '../errors.js';
import type { Check } from '../token/verify.js';
import { auditFailure, auditRefusal, pathOf, shownPath } from './audit.js';
import { logRequest } from './log.js';

/** An error of RFC 6749 §5.2, RFC 7009 §2.2.1 or RFC 6750 §3.1. */
export type OauthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'unsupported_token_type'
  | 'temporarily_unavailable'
  | 'server_error';

/** A field of a form that is not as it should be, in the tutorials' words. */
export interface FieldProblem {
  readonly type: 'missing' | 'string_type';
  readonly loc: readonly ['body', string];
  readonly msg: string;
  readonly input: null;
}

interface RefusalOptions {
  readonly error?: OauthError | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What was wrong, for the logs; nobody else is told more than `detail` says. */
  readonly code?: ErrorCode | undefined;
  /** The token that was refused, from which the log takes what identifies it. */
  readonly token?: string | undefined;
  /** Whose log-in was refused, for the log. */
  readonly sub?: string | undefined;
}

/** An answer other than success. It says what the client may know, and nothing of what went on inside. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: string | readonly FieldProblem[];
  readonly error: OauthError | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly code: ErrorCode | undefined;
  readonly token: string | undefined;
  readonly sub: string | undefined;

  constructor(
    status: number,
    detail: string | readonly FieldProblem[],
    { error, headers = {}, code, token, sub }: RefusalOptions = {},
  ) {
    super(typeof detail === 'string' ? detail : 'a field of the form is missing');
    this.status = status;
    this.detail = detail;
    this.error = error;
    this.headers = headers;
    this.code = code;
    this.token = token;
    this.sub = sub;
  }

  /** Why, in one word: the code of what was wrong, else what OAuth or HTTP call it. */
  get reason(): string {
    return this.code ?? this.error ?? String(this.status);
  }
}

/** What each error means over HTTP where a token was asked about; the counterpart of the exit codes. */
export const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  TOKEN_MALFORMED: 401,
  ALG_NOT_ALLOWED: 401,
  SIGNATURE_MALFORMED: 401,
  SIGNATURE_INVALID: 401,
  KEY_NOT_FOUND: 401,
  CERTIFICATE_EXPIRED: 401,
  CERTIFICATE_NOT_YET_VALID: 401,
  TOKEN_REVOKED: 401,
  TOKEN_REUSED: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_EXPIRES_SOON: 401,
  TOKEN_TOO_OLD: 401,
  TOKEN_NOT_YET_VALID: 401,
  CLAIM_MALFORMED: 401,
  CLAIM_MISSING: 401,
  CLAIM_MISMATCH: 401,
  // The service's own keys, stores and files: it cannot answer now.
  KEY_INVALID: 503,
  KEY_TOO_WEAK: 503,
  KEY_ENCRYPTED: 503,
  PASSPHRASE_WRONG: 503,
  KEY_IN_USE: 503,
  SIGNING_KEY_NOT_FOUND: 503,
  KEYRING_NOT_FOUND: 503,
  KEYRING_INVALID: 503,
  STORE_UNAVAILABLE: 503,
  JWKS_UNAVAILABLE: 503,
  JWKS_INVALID: 503,
  ISSUER_INVALID: 503,
  CONFIG_INVALID: 503,
  ACCOUNTS_INVALID: 503,
  ACCOUNT_NOT_FOUND: 503,
  ACCOUNT_EXISTS: 503,
  ADDRESS_UNAVAILABLE: 503,
  FILE_NOT_READABLE: 503,
  FILE_NOT_WRITABLE: 503,
  FILE_EXISTS: 503,
  // Nothing that a request could say brings these about.
  BATCH_REJECTED: 500,
  USAGE_INVALID: 500,
  INTERNAL: 500,
};

/** Seconds after which a client may try again when the service cannot answer. */
const retryAfter = '1';

/** Whether an error is a verdict about a token, rather than about the service. */
export function isVerdict(error: unknown): error is JwtkitError {
  return error instanceof JwtkitError && httpStatuses[error.code] === 401;
}

/** What the tutorials tell of a refused token, and no more. */
export function describeVerdict(error: JwtkitError, expected: 'access' | 'refresh'): string {
  if (error.code === 'TOKEN_EXPIRED' || error.code === 'TOKEN_TOO_OLD') return 'Token has expired';
  const checks = (error.details.checks ?? []) as readonly Check[];
  const isOtherType = checks.some(({ name, status, code }) => {
    return name === 'type' && status === 'failed' && code === error.code;
  });
  return isOtherType ? `Invalid token type: expected ${expected}` : 'Invalid token';
}

/** Any thrown value as a refusal: what is not meant for the client becomes a plain 503 or 500. */
function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof JwtkitError) {
    const { code } = error;
    const status = httpStatuses[code];
    if (status === 401) {
      return new Refusal(401, describeVerdict(error, 'access'), { headers: { 'www-authenticate': 'Bearer' }, code });
    }
    return status === 503
      ? new Refusal(503, 'Service Unavailable', {
          error: 'temporarily_unavailable',
          headers: { 'retry-after': retryAfter },
          code,
        })
      : internal(code);
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 413) return new Refusal(413, 'Request body is too large', { error: 'invalid_request' });
  if (status === 415) {
    return new Refusal(415, 'Send the form as application/x-www-form-urlencoded', { error: 'invalid_request' });
  }
  return status >= 400 && status < 500
    ? new Refusal(status, 'Bad Request', { error: 'invalid_request' })
    : internal('INTERNAL');
}

function internal(code: ErrorCode): Refusal {
  return new Refusal(500, 'Internal Server Error', { error: 'server_error', code });
}

/** Sends a refusal: the tutorials' body, and beside it that of RFC 6749 §5.2 on the routes of OAuth. */
function send(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, detail, error, headers } = refusal;
  const path = shownPath(request);
  const oauth =
    error !== undefined && request.routeOptions.config.isOauth === true
      ? { error, error_description: typeof detail === 'string' ? detail : describeFields(detail) }
      : {};
  // HTTP/1.1 connections whose request was not read to its end cannot carry another one.
  if (status === 413) reply.header('connection', 'close');
  return reply
    .code(status)
    .headers(headers)
    .send({ detail, path, ...oauth });
}

function describeFields(problems: readonly FieldProblem[]): string {
  return problems.map(({ loc, msg }) => `${loc[1]}: ${msg}`).join('; ');
}

/** Answers what was thrown, what is not there, and methods that a route does not have. */
export function answerErrors(app: FastifyInstance): void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const name of [method].flat()) known.add(name);
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error);
    if (refusal.status < 500) auditRefusal(request, refusal);
    else auditFailure(request, refusal.reason, error);
    return send(refusal, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const known = methods.get(pathOf(request));
    if (known === undefined) return reply.code(404).send({ detail: 'Not Found' });
    const allow = [...known, 'OPTIONS'].join(', ');
    if (request.method === 'OPTIONS') return reply.code(204).header('allow', allow).send();
    return reply.code(405).header('allow', allow).send({ detail: 'Method Not Allowed' });
  });
}

/** Answers what could not be read so far as to find a route. No hook runs for it, so what they do is done here. */
export function answerBadRequest(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(400).headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  reply.send({ detail: 'Bad Request' });
  logRequest(request, reply);
}

/** Answers what is no HTTP, has headers without end, or takes too long; the connection is of no more use. */
export function answerBadHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = badHttp[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ detail: status.slice(4) });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
      `connection: close\r\n\r\n${body}`,
    // Whoever does not read to the end must not keep the connection.
    () => socket.destroy(),
  );
}

const badHttp: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether refusals carry the members of RFC 6749 §5.2 too. */
    isOauth?: boolean;
  }
}
