/** One log line for each token issued, refused or revoked, with the token's identifiers and never the token. Metrics count the same events. */
import type { FastifyRequest } from 'fastify';
import { own } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import type { DecodedToken } from '../token/decode.js';
import type { ReadTokens } from '../token/issue.js';
import { serializeError, writeLine } from './log.js';
import type { Refusal } from './refusal.js';
import { addressOf, shownPath } from './request.js';

/** The grants that issue tokens. */
export type GrantType = 'password' | 'refresh_token' | 'client_credentials';

/** Records issued tokens: their claims and the key that signed them. */
export function auditIssue(
  request: FastifyRequest,
  grant: GrantType,
  { kid }: Key,
  { access, refresh }: Pick<ReadTokens<unknown>, 'access' | 'refresh'>,
): void {
  const { sub, jti, family, client_id, scope } = access;
  const ip = addressOf(request);
  const members = { audit: 'issue', grant, sub, jti, refresh_jti: refresh?.jti, family, kid, client_id, scope, ip };
  writeLine(request, 'issued', members);
  const { issued } = request.server.metrics;
  issued.inc({ grant, type: 'access' });
  if (refresh !== undefined) issued.inc({ grant, type: 'refresh' });
}

/** Records a refusal: its reason, and the identifiers that the refused token claims. These are unverified. */
export function auditRefusal(request: FastifyRequest, { reason, status, options }: Refusal): void {
  const { token, sub, failed } = options;
  const path = shownPath(request);
  const ip = addressOf(request);
  const unverified = token && {
    jti: identifier(token.claims, 'jti'),
    sub: identifier(token.claims, 'sub'),
    kid: identifier(token.header, 'kid'),
  };
  writeLine(request, 'refused', { audit: 'refuse', reason, failed, status, path, sub, ip, unverified });
  request.server.metrics.refused.inc({ code: reason });
}

/** Records a request that the service could not answer, and the error. */
export function auditFailure(request: FastifyRequest, reason: string, error: unknown): void {
  const [path, ip] = [shownPath(request), addressOf(request)];
  const err = error instanceof Error ? serializeError(error) : String(error);
  writeLine(request, 'failed', { audit: 'fail', reason, path, ip, err }, 50);
  const { refused, storeErrors } = request.server.metrics;
  refused.inc({ code: reason });
  if (reason === 'STORE_UNAVAILABLE') storeErrors.inc();
}

/** Records the revocation of a token whose signature holds. `family` is the session that ended with it, if any. */
export function auditRevocation(
  request: FastifyRequest,
  client: string | undefined,
  { header, claims: { jti, sub } }: DecodedToken,
  family: string | null,
): void {
  const session = family ?? undefined;
  const ip = addressOf(request);
  writeLine(request, 'revoked', { audit: 'revoke', client_id: client, jti, sub, family: session, kid: header.kid, ip });
  request.server.metrics.revoked.inc();
}

/** A string member, cut so that a stranger's token cannot fill the log. */
function identifier(object: object, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === 'string' ? value.slice(0, 128) : undefined;
}
