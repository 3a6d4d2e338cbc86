import type { FastifyInstance } from 'fastify';
import { readExact } from '../../jose/exact-json.js';
import { verifyTokenFrom } from '../../token/key-source.js';
import { authenticateClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { ownPolicy, requireSubject, type ServiceDeps, type ServiceOptions } from '../service.js';
import { isVerdict } from '../verdict.js';
import { describeIntrospect } from './schemas.js';

/** The claims that an answer shows of an active token (RFC 7662 §2.2). */
const shownClaims = ['iss', 'sub', 'aud', 'client_id', 'scope', 'role', 'type', 'exp', 'nbf', 'iat', 'jti'];

/** Adds `POST /introspect` (RFC 7662), which says whether a token is valid now. */
export function addIntrospectRoute(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const policy = ownPolicy(options, 'any', requireSubject);
  app.post('/introspect', { schema: describeIntrospect, config: { isOauth: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    authenticateClient(request, deps);
    const { token } = readForm(request, ['token'], ['token_type_hint']);
    const { keys: source, denylist, now } = deps;
    try {
      const { claims, claimsText } = await verifyTokenFrom(token, policy, { source, denylist, now: now() });
      // The same secret may sign other tokens, such as links in mails. /auth refuses them, so they are inactive here.
      if (claims.type !== 'access' && claims.type !== 'refresh') return { active: false };
      const exact = readExact(claimsText, claims);
      const shown = shownClaims.filter((name) => Object.hasOwn(exact, name)).map((name) => [name, exact[name]]);
      return {
        active: true,
        ...(claims.type === 'refresh' ? {} : { token_type: 'Bearer' }),
        ...Object.fromEntries(shown),
      };
    } catch (error) {
      if (!isVerdict(error)) throw error;
      // The answer gives no reason (RFC 7662 §2.2).
      request.server.metrics.refused.inc({ code: error.code });
      return { active: false };
    }
  });
}
