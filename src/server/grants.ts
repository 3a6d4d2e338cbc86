/** The grants of the token endpoint (RFC 6749 §4.3, §4.4, §6). */
import type { FastifyRequest } from 'fastify';
import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import { type Client, clientIdPrefix, grantScopes, nameLoginSession } from '../token/account.js';
import { soundClaimsOf } from '../token/account-claims.js';
import { type Claims, scopesOf } from '../token/claims.js';
import { issueToken, preparePairIssuer } from '../token/issue.js';
import type { IssuePairPolicy } from '../token/issue-policy.js';
import { withKeys } from '../token/key-source.js';
import { type RefreshedTokens, refreshAndRead } from '../token/refresh.js';
import { withinSession } from '../token/refresh-rotation.js';
import { audienceClaim, type SessionLimits } from '../token/session-limits.js';
import {
  audiencesFor,
  grantAudiences,
  invalidTarget,
  requestedAudiences,
  requireOwnAudience,
  withoutAudience,
} from './audience.js';
import { auditIssue } from './audit.js';
import { findClient, invalidClient } from './client-authentication.js';
import { invalidScope, listScopes, readForm, requestedScopes } from './form.js';
import { Refusal } from './refusal.js';
import { addressOf } from './request.js';
import { algorithmOf, ownPolicy, type ServiceDeps, type ServiceOptions, tokenEndpoint } from './service.js';
import { userOf } from './session.js';
import { explainVerdict, isVerdict, readRefused } from './verdict.js';

/** A token answer of RFC 6749 §5.1. */
export type TokenAnswer = RefreshedTokens & { readonly scope?: string };

/**
 * Issues a token pair for a user's name and password.
 * @throws {Refusal} 401 for a wrong name or password, 429 after too many, 400 for a scope that the user does not have.
 */
export async function grantPassword(
  request: FastifyRequest,
  client: Client | undefined,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<TokenAnswer> {
  const { username, password, scope } = readForm(request, ['username', 'password'], ['scope']);
  const requested = requestedScopes(scope);
  const resource = requestedAudiences(request);
  const { accounts, logins } = deps;
  const hash = accounts.userByName(username)?.passwordHash;
  const outcome = await logins.attempt(addressOf(request), username, () => deps.isPassword(password, hash));
  if (typeof outcome === 'number') {
    throw new Refusal(429, 'Too many failed log-ins', {
      error: 'temporarily_unavailable',
      headers: { 'retry-after': String(outcome) },
    });
  }
  // The user may have been removed, or the password changed, during the check. Another log-in may have replaced the hash alone.
  const user = accounts.userByName(username);
  const isRight = outcome && (user?.passwordHash === hash || (await deps.isPassword(password, user?.passwordHash)));
  if (user === undefined || !isRight) {
    throw new Refusal(401, 'Incorrect username or password', {
      error: 'invalid_grant',
      headers: { 'www-authenticate': 'Bearer' },
      // The log gets no name: somebody may type the password into that field.
      sub: user?.sub,
    });
  }
  deps.renewHash?.(user, password);
  const granted = grant(requested, user.scopes);
  const claims: Claims = {
    ...issuerClaims(options),
    ...audienceClaim(grantAudiences(resource, client, options)),
    sub: user.sub,
    ...scopeClaim(granted),
    ...(user.roles.length === 0 ? {} : { role: [...user.roles] }),
    family: nameLoginSession(),
    ...(client === undefined ? {} : { client_id: client.id }),
  };
  const now = deps.now();
  const key = await deps.keys.signingKey(now);
  const pair = { ...pairPolicy(key, options), accessClaims: soundClaimsOf(user.claims) };
  const policy = withinSession(pair, Math.floor(now), options.sessionMax, now);
  const issued = preparePairIssuer(policy, { key, now })(claims);
  auditIssue(request, 'password', key, issued);
  return { ...issued.tokens, ...scopeAnswer(requested, granted) };
}

/**
 * Issues an access token for the client itself, without a refresh token (RFC 6749 §4.4.3).
 * @throws {Refusal} 400 for a scope that the client does not have, 401 for a client whose id is a user's `sub`.
 */
export async function grantClientCredentials(
  request: FastifyRequest,
  client: Client,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<TokenAnswer> {
  // Its `sub` would be that of a person.
  if (!client.id.startsWith(clientIdPrefix) && deps.accounts.userBySub(client.id) !== undefined)
    throw invalidClient('The id of the client is the subject of a user');
  const requested = requestedScopes(readForm(request, [], ['scope']).scope);
  const resource = requestedAudiences(request);
  const granted = grant(requested, client.scopes);
  const claims: Claims = {
    ...soundClaimsOf(client.claims),
    ...issuerClaims(options),
    ...audienceClaim(grantAudiences(resource, client, options)),
    sub: client.id,
    client_id: client.id,
    ...scopeClaim(granted),
  };
  const now = deps.now();
  const key = await deps.keys.signingKey(now);
  const { accessTtl: ttl, typ } = options;
  const policy = { type: 'access', ttl, typ, alg: algorithmOf(key, options) } as const;
  const { token, claims: access } = await issueToken(claims, policy, { key, now });
  auditIssue(request, 'client_credentials', key, { access });
  const answer = { access_token: token, token_type: 'bearer', expires_in: (access.exp ?? now) - now } as const;
  return { ...answer, ...scopeAnswer(requested, granted) };
}

/** What a request with a refresh token gets: `status` is that of a refused token. */
type GrantRefresh = (request: FastifyRequest, status: 400 | 401) => Promise<TokenAnswer>;

/**
 * Returns a function that issues new tokens for a refresh token, within what its user may do now.
 * @throws {Refusal} from the function, with `status` for a refused token (the tutorials answer 401, RFC 6749 §5.2 says 400); 400 for
 * a scope that the session does not have; 401 invalid_client.
 */
export function prepareRefresh(options: ServiceOptions, deps: ServiceDeps): GrantRefresh {
  const verify = withoutAudience(ownPolicy(options, 'refresh'));
  const { rotatesRefreshTokens: rotate, rotateGrace, sessionMax } = options;
  return async (request, status) => {
    const { refresh_token: token, scope } = readForm(request, ['refresh_token'], ['scope']);
    // The form of the scope is not checked here: the token is judged first.
    const requested = listScopes(scope);
    const now = deps.now();
    const key = await deps.keys.signingKey(now);
    const issue = pairPolicy(key, options);
    const resource = requestedAudiences(request);
    const policy = { verify, issue, scope: requested, resource, rotate, rotateGrace, sessionMax };
    // The token is judged before its client. A used token ends its session, whoever sends it.
    const limits = (claims: Claims) => limitsOf(claims, findClient(request, deps), options, deps);
    try {
      const issued = await withKeys(deps.keys, now, (keys) =>
        refreshAndRead(token, policy, { key, keys, denylist: deps.denylist, now, limits }),
      );
      auditIssue(request, 'refresh_token', key, issued);
      return { ...issued.tokens, ...scopeAnswer(requested ?? scopesOf(issued.before), scopesOf(issued.access)) };
    } catch (error) {
      if (!isVerdict(error)) throw error;
      if (error.details.reason === 'audience not held') throw invalidTarget();
      if (error.details.reason === 'scope not held') throw invalidScope('The refresh token does not hold the scope');
      const refused = readRefused(token, error);
      const { detail, failed } = explainVerdict(error, 'refresh', refused, now);
      throw new Refusal(status, detail, {
        error: 'invalid_grant',
        headers: status === 401 ? { 'www-authenticate': 'Bearer' } : {},
        code: error.code,
        failed,
        token: refused,
      });
    }
  };
}

/**
 * Returns what the session of a verified refresh token may still hold.
 * @throws {JwtkitError} CLAIM_MISMATCH if the token was issued to another client or for other audiences, TOKEN_REVOKED if the user
 * is gone.
 */
function limitsOf(
  claims: Claims,
  client: Client | undefined,
  options: ServiceOptions,
  { accounts }: ServiceDeps,
): SessionLimits {
  if (isOtherClients(claims, client)) {
    throw new JwtkitError('CLAIM_MISMATCH', 'the token was issued to another client');
  }
  requireOwnAudience(claims, options, accounts);
  // A session without a client has what the service gives it, no matter who refreshes it.
  const audience = audiencesFor(claims.client_id === undefined ? undefined : client, options);
  const user = userOf(claims, accounts);
  if (user === undefined) return { audience };
  return { scope: user.scopes, role: user.roles, audience, claims: user.claims };
}

/** Whether a token was issued to another client (RFC 6749 §6, RFC 7009 §2.1), by the claims of its session. */
export function isOtherClients({ client_id: owner }: Claims, client: Client | undefined): boolean {
  return owner !== undefined && owner !== client?.id;
}

/** Returns the requested scopes that are allowed; all allowed ones if the request names none. */
function grant(requested: readonly string[] | undefined, allowed: readonly string[]): string[] {
  const granted = grantScopes(requested, allowed);
  if (requested !== undefined && granted.length === 0) throw invalidScope('None of the scopes is allowed');
  return granted;
}

function pairPolicy(key: Key, options: ServiceOptions): IssuePairPolicy {
  const { accessTtl, refreshTtl, typ } = options;
  return { accessTtl, refreshTtl, typ, alg: algorithmOf(key, options), refreshAudience: tokenEndpoint(options) };
}

function issuerClaims({ issuer }: ServiceOptions): Claims {
  return { iss: issuer() };
}

function scopeClaim(granted: readonly string[]): Claims {
  return granted.length === 0 ? {} : { scope: granted.join(' ') };
}

/** The member `scope` of an answer, needed only if the granted scopes differ from the requested ones (RFC 6749 §5.1). */
function scopeAnswer(requested: readonly string[] | undefined, granted: readonly string[]): { scope?: string } {
  return (requested ?? []).length === granted.length ? {} : { scope: granted.join(' ') };
}
