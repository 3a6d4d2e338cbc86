import type { FastifyInstance } from 'fastify';
import type { VerifiedToken } from '../../token/examine.js';
import { withKeys } from '../../token/key-source.js';
import { defaultLifetimes } from '../../token/new-claims.js';
import { sessionClaims } from '../../token/refresh-form.js';
import { revokeToken } from '../../token/revoke.js';
import { auditRevocation } from '../audit.js';
import { findClient, invalidClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { isOtherClients } from '../grants.js';
import { Refusal } from '../refusal.js';
import type { ServiceDeps, ServiceOptions } from '../service.js';
import { isVerdict } from '../verdict.js';
import { describeRevoke } from './schemas.js';

/**
 * Adds `POST /revoke` (RFC 7009), which ends a token, and with a refresh token its session. A token that was issued to no client
 * needs no credentials: anybody who has it may end it (RFC 7009 §5).
 */
export function addRevokeRoute(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const { accessTtl = defaultLifetimes.access, refreshTtl = defaultLifetimes.refresh } = options;
  const longestLifetime = Math.max(accessTtl, refreshTtl);
  app.post('/revoke', { schema: describeRevoke, config: { isOauth: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const client = findClient(request, deps);
    const { token } = readForm(request, ['token'], ['token_type_hint']);
    const { keys, denylist, now } = deps;
    const moment = now();
    let verified: VerifiedToken | undefined;
    const permit = (token: VerifiedToken) => {
      verified = token;
      if (isOtherClients(sessionClaims(token), client)) {
        if (client === undefined) throw invalidClient('Client authentication is required', token);
        throw new Refusal(400, 'The token was issued to another client', { error: 'unauthorized_client', token });
      }
    };
    try {
      const { recorded, family } = await withKeys(keys, moment, (trusted) =>
        revokeToken(token, { keys: trusted, denylist, now: moment, longestLifetime, permit }),
      );
      if (recorded && verified !== undefined) auditRevocation(request, client?.id, verified, family);
    } catch (error) {
      if (!isVerdict(error)) throw error;
      // A token without jti would stay valid (RFC 7009 §2.2.1).
      if (error.code === 'CLAIM_MISSING') {
        throw new Refusal(400, 'The token has no jti to revoke it by', {
          error: 'unsupported_token_type',
          token: verified,
        });
      }
      // Any other refused token is invalid already, which RFC 7009 §2.2 counts as success.
    }
    return {};
  });
}
