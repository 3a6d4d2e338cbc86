import type { FastifyInstance } from 'fastify';
import { readExact } from '../../jose/exact-json.js';
import { verifyTokenFrom } from '../../token/key-source.js';
import type { VerifyPolicy } from '../../token/policy.js';
import { sessionClaims } from '../../token/refresh-form.js';
import { requireOwnAudience, withoutAudience } from '../audience.js';
import { authenticateClient } from '../client-authentication.js';
import { readForm } from '../form.js';
import { ownPolicy, requireSubject, type ServiceDeps, type ServiceOptions } from '../service.js';
import { requireOpenSession } from '../session.js';
import { isOfAnotherType, isVerdict } from '../verdict.js';
import { describeIntrospect } from './schemas.js';

/** The claims that an answer shows of an active token (RFC 7662 §2.2). `session` is what a refresh token in its own form holds. */
const shownClaims = ['iss', 'sub', 'aud', 'client_id', 'scope', 'role', 'type', 'exp', 'nbf', 'iat', 'jti', 'session'];

/** Adds `POST /introspect` (RFC 7662), which says whether a token is valid now. */
export function addIntrospectRoute(app: FastifyInstance, options: ServiceOptions, deps: ServiceDeps): void {
  const access = withoutAudience(ownPolicy(options, 'access', requireSubject));
  const refresh = withoutAudience(ownPolicy(options, 'refresh', requireSubject));
  const verify = (token: string, policy: VerifyPolicy) =>
    verifyTokenFrom(token, policy, { source: deps.keys, denylist: deps.denylist, now: deps.now() });
  // The same secret may sign tokens of other types, such as links in mails. /auth refuses them, so they are inactive here.
  const verifyEither = (token: string) =>
    verify(token, access).catch((error) => {
      if (!isVerdict(error) || !isOfAnotherType(error)) throw error;
      return verify(token, refresh);
    });
  app.post('/introspect', { schema: describeIntrospect, config: { isOauth: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    authenticateClient(request, deps);
    const { token } = readForm(request, ['token'], ['token_type_hint']);
    try {
      const verified = await verifyEither(token);
      const session = sessionClaims(verified);
      requireOwnAudience(session, options, deps.accounts);
      const { claims, claimsText } = verified;
      // No refresh token is active that the token endpoint refuses to everybody.
      if (claims.type === 'refresh') requireOpenSession(session, options, { accounts: deps.accounts, now: deps.now() });
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
