/**
 * Who was given what, who was refused and why: a log line each, with what identifies a token and never the token. Metrics
 * count the same events.
 */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { own } from '../jose/json.js';
import type { Claims } from '../token/claims.js';
import { decodeToken } from '../token/decode.js';
import type { RefreshedTokens } from '../token/refresh.js';
import type { Refusal } from './refusal.js';

/** How tokens come to be issued. */
export type GrantType = 'password' | 'refresh_token' | 'client_credentials';

/** Records tokens that were issued, and returns what the access token says. */
export function auditIssue(request: FastifyRequest, grant: GrantType, tokens: RefreshedTokens): Claims {
  const access = decodeToken(tokens.access_token);
  const { claims } = access;
  const refresh = tokens.refresh_token === undefined ? undefined : decodeToken(tokens.refresh_token).claims;
  request.log.info(
    {
      audit: 'issue',
      grant,
      sub: claims.sub,
      jti: claims.jti,
      refresh_jti: refresh?.jti,
      family: claims.family,
      kid: access.header.kid,
      client_id: claims.client_id,
      scope: claims.scope,
      ip: addressOf(request),
    },
    'issued',
  );
  const { issued } = request.server.metrics;
  issued.inc({ grant, type: 'access' });
  if (refresh !== undefined) issued.inc({ grant, type: 'refresh' });
  return claims;
}

/** Records a refusal: its reason, and what the refused token says of itself, which nobody vouches for. */
export function auditRefusal(
  request: FastifyRequest,
  { reason, status, token, sub }: Pick<Refusal, 'reason' | 'status' | 'token' | 'sub'>,
): void {
  request.log.info(
    {
      audit: 'refuse',
      reason,
      status,
      path: shownPath(request),
      sub,
      ip: addressOf(request),
      unverified: identify(token),
    },
    'refused',
  );
  request.server.metrics.refused.inc({ code: reason });
}

/** Records a request that could not be answered, with what went wrong. */
export function auditFailure(request: FastifyRequest, reason: string, error: unknown): void {
  request.log.error({ audit: 'fail', reason, path: shownPath(request), ip: addressOf(request), err: error }, 'failed');
  const { refused, storeErrors } = request.server.metrics;
  refused.inc({ code: reason });
  if (reason === 'STORE_UNAVAILABLE') storeErrors.inc();
}

/** Records the revocation of a token whose signature holds; `family` is the session that ended with it. */
export function auditRevocation(
  request: FastifyRequest,
  client: string,
  { token, family }: { readonly token: string; readonly family: string | null },
): void {
  const { header, claims } = decodeToken(token);
  const { jti, sub } = claims;
  const session = family ?? undefined;
  request.log.info(
    { audit: 'revoke', client_id: client, jti, sub, family: session, kid: header.kid, ip: addressOf(request) },
    'revoked',
  );
  request.server.metrics.revoked.inc();
}

/** Whose request it is: what a proxy says, where it is an address. */
export function addressOf({ ip, socket }: FastifyRequest): string {
  const peer = socket.remoteAddress ?? '';
  return ip === peer || isIP(ip) !== 0 ? ip : peer;
}

/** The path of a request, without the query, which may hold what belongs in no log. */
export function pathOf(request: FastifyRequest): string {
  const { url } = request;
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** The path as logs and answers may hold it: not as long as a stranger likes, and without the token that somebody put there by mistake. */
export function shownPath(request: FastifyRequest): string {
  return pathOf(request)
    .slice(0, 256)
    .replace(/\bey[\w-]{8,}(?:\.[\w-]*){0,2}/g, '[token]');
}

function identify(token: string | undefined): object | undefined {
  if (token === undefined) return undefined;
  try {
    const { header, claims } = decodeToken(token);
    return { jti: text(claims, 'jti'), sub: text(claims, 'sub'), kid: text(header, 'kid') };
  } catch {
    return undefined;
  }
}

/** Nobody else's text fills the log. */
function text(object: object, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === 'string' ? value.slice(0, 128) : undefined;
}
