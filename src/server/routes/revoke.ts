import type { FastifyInstance } from 'fastify';
import { decodeToken } from '../../token/decode.js';
import { withKeys } from '../../token/key-source.js';
import { revokeToken } from '../../token/revoke.js';
import { auditRevocation } from '../audit.js';
import { authenticateClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { isOtherClients } from '../grants.js';
import { isVerdict, Refusal } from '../refusal.js';
import type { ServiceDeps } from '../service.js';
import { describeRevoke } from './schemas.js';

/** `POST /revoke` (RFC 7009): ends a token, and with a refresh token its session. */
export function addRevokeRoute(app: FastifyInstance, deps: ServiceDeps): void {
  app.post('/revoke', { schema: describeRevoke, config: { isOauth: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const client = authenticateClient(request, deps);
    const { token } = readForm(request, ['token'], ['token_type_hint']);
    const { keys, denylist, now } = deps;
    const moment = now();
    try {
      // Not verified yet, but then nothing is revoked either.
      if (isOtherClients(decodeToken(token).claims, client)) {
        throw new Refusal(400, 'The token was issued to another client', { error: 'unauthorized_client' });
      }
      const { recorded, family } = await withKeys(keys, moment, (trusted) =>
        revokeToken(token, { keys: trusted, denylist, now: moment }),
      );
      if (recorded) auditRevocation(request, client.id, { token, family });
    } catch (error) {
      if (!isVerdict(error)) throw error;
      // One of ours that nothing tells from others would go on to be good (RFC 7009 §2.2.1).
      if (error.code === 'CLAIM_MISSING') {
        throw new Refusal(400, 'The token has no jti to revoke it by', { error: 'unsupported_token_type', token });
      }
      // What is no token of ours is as good as revoked (RFC 7009 §2.2).
    }
    return {};
  });
}
