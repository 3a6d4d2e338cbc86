import type { FastifyInstance } from 'fastify';
import type { Claims } from '../../token/claims.js';
import { withKeys } from '../../token/key-source.js';
import { verifyToken } from '../../token/verify.js';
import { authenticateClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { isVerdict } from '../refusal.js';
import { namesSubject, ownPolicy, type ServiceDeps, type ServiceOptions } from '../service.js';
import { describeIntrospect } from './schemas.js';

/** What is told of an active token (RFC 7662 §2.2), beside `active`. */
const toldClaims = ['iss', 'sub', 'aud', 'client_id', 'scope', 'role', 'type', 'exp', 'nbf', 'iat', 'jti'];

/** `POST /introspect` (RFC 7662): whether a token is good now, for those who cannot or need not verify it themselves. */
export function addIntrospectRoute(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const policy = ownPolicy(options, 'any', namesSubject);
  app.post('/introspect', { schema: describeIntrospect, config: { isOauth: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    authenticateClient(request, deps);
    const { token } = readForm(request, ['token'], ['token_type_hint']);
    const { keys, denylist, now } = deps;
    const moment = now();
    try {
      const { claims } = await withKeys(keys, moment, (trusted) =>
        verifyToken(token, policy, { keys: trusted, denylist, now: moment }),
      );
      // Other tokens may be signed with the same secret, such as those of links in mails: none that /auth would take.
      if (claims.type !== 'access' && claims.type !== 'refresh') return { active: false };
      return { active: true, ...(claims.type === 'refresh' ? {} : { token_type: 'Bearer' }), ...told(claims) };
    } catch (error) {
      if (!isVerdict(error)) throw error;
      // Why it is not is nobody's business (RFC 7662 §2.2).
      request.server.metrics.refused.inc({ code: error.code });
      return { active: false };
    }
  });
}

function told(claims: Claims): Claims {
  const present = toldClaims.filter((name) => Object.hasOwn(claims, name));
  return Object.fromEntries(present.map((name) => [name, claims[name]]));
}
