/** What a client may be given a token for (RFC 6749 §4.3, §4.4, §6). Granted is what was asked for and is allowed. */
import type { FastifyRequest } from 'fastify';
import { JwtkitError } from '../errors.js';
import { type Client, grantScopes } from '../token/account.js';
import { type Claims, scopesOf } from '../token/claims.js';
import { decodeToken } from '../token/decode.js';
import { issueToken, issueTokenPair } from '../token/issue.js';
import { withKeys } from '../token/key-source.js';
import { type RefreshedTokens, refreshToken } from '../token/refresh.js';
import { addressOf, auditIssue } from './audit.js';
import { askedScopes, invalidScope, readForm } from './form.js';
import { describeVerdict, isVerdict, Refusal } from './refusal.js';
import { algorithmOf, ownPolicy, type ServiceDeps, type ServiceOptions } from './service.js';

/** A token answer of RFC 6749 §5.1. */
export type TokenAnswer = RefreshedTokens & { readonly scope?: string };

/** Tokens for a user's name and password. */
export async function grantPassword(
  request: FastifyRequest,
  client: Client | undefined,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<TokenAnswer> {
  const { username, password, scope } = readForm(request, ['username', 'password'], ['scope']);
  const asked = askedScopes(scope);
  const { accounts, logins } = deps;
  const hash = accounts.userByName(username)?.passwordHash;
  const outcome = await logins.attempt(addressOf(request), username, () => deps.isPassword(password, hash));
  if (typeof outcome === 'number') {
    throw new Refusal(429, 'Too many failed log-ins', {
      error: 'temporarily_unavailable',
      headers: { 'retry-after': String(outcome) },
    });
  }
  // Whoever was removed, or got another password, while this one was looked at.
  const user = accounts.userByName(username);
  if (user === undefined || user.passwordHash !== hash || !outcome) {
    throw new Refusal(401, 'Incorrect username or password', {
      error: 'invalid_grant',
      headers: { 'www-authenticate': 'Bearer' },
      // The name is not logged: it may be a password that was typed in the wrong field.
      sub: user?.sub,
    });
  }
  const granted = grant(asked, user.scopes);
  const claims: Claims = { ...issuerClaims(options), sub: user.sub, ...scopeClaim(granted), ...roleClaim(user.roles) };
  if (client !== undefined) claims.client_id = client.id;
  const now = deps.now();
  const key = await deps.keys.signingKey(now);
  const { accessTtl, refreshTtl } = options;
  const alg = algorithmOf(key, options);
  const pair = await issueTokenPair(claims, { accessTtl, refreshTtl, alg }, { key, now });
  auditIssue(request, 'password', pair);
  return { ...pair, ...scopeAnswer(asked, granted) };
}

/** A token for a client's own use; there is no refresh token, since the client can ask again (RFC 6749 §4.4.3). */
export async function grantClientCredentials(
  request: FastifyRequest,
  client: Client,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<TokenAnswer> {
  const asked = askedScopes(readForm(request, [], ['scope']).scope);
  const granted = grant(asked, client.scopes);
  const claims: Claims = {
    ...issuerClaims(options),
    sub: client.id,
    client_id: client.id,
    ...scopeClaim(granted),
  };
  const now = deps.now();
  const key = await deps.keys.signingKey(now);
  const policy = { type: 'access', ttl: options.accessTtl, alg: algorithmOf(key, options) } as const;
  const { token, claims: issued } = await issueToken(claims, policy, { key, now });
  const answer = { access_token: token, token_type: 'bearer', expires_in: (issued.exp ?? now) - now } as const;
  auditIssue(request, 'client_credentials', answer);
  return { ...answer, ...scopeAnswer(asked, granted) };
}

/**
 * New tokens for a refresh token. What its user is not allowed any more is not granted again, and nothing is to a user who
 * is gone.
 * @throws {Refusal} with `status` for a token that is not accepted: the tutorials answer 401, RFC 6749 §5.2 has 400.
 */
export async function grantRefresh(
  request: FastifyRequest,
  client: Client | undefined,
  status: 400 | 401,
  options: ServiceOptions,
  deps: ServiceDeps,
): Promise<TokenAnswer> {
  const { refresh_token: token, scope } = readForm(request, ['refresh_token'], ['scope']);
  const asked = askedScopes(scope);
  const now = deps.now();
  const key = await deps.keys.signingKey(now);
  const { accessTtl, refreshTtl, rotatesRefreshTokens: rotate } = options;
  const alg = algorithmOf(key, options);
  try {
    const allowed = stillAllowed(token, client, asked, deps);
    const { type: _, ...verify } = ownPolicy(options, 'refresh');
    const policy = { verify, issue: { accessTtl, refreshTtl, alg }, ...allowed, rotate };
    const refreshed = await withKeys(deps.keys, now, (keys) =>
      refreshToken(token, policy, { key, keys, denylist: deps.denylist, now }),
    );
    const granted = scopesOf(auditIssue(request, 'refresh_token', refreshed));
    return { ...refreshed, ...scopeAnswer(asked ?? scopesOf(decodeToken(token).claims), granted) };
  } catch (error) {
    if (!isVerdict(error)) throw error;
    // A verdict about the token comes with its checks; without them it is about what was asked for.
    if (error.code === 'CLAIM_MISMATCH' && error.details.checks === undefined) {
      throw invalidScope('The refresh token does not hold the scope');
    }
    throw new Refusal(status, describeVerdict(error, 'refresh'), {
      error: 'invalid_grant',
      headers: status === 401 ? { 'www-authenticate': 'Bearer' } : {},
      code: error.code,
      token,
    });
  }
}

/**
 * What a refresh token is still good for. It is not verified yet: this can only take away.
 * @throws {JwtkitError} TOKEN_REVOKED for a user who is gone, CLAIM_MISMATCH for a client that the token was not issued to.
 */
function stillAllowed(
  token: string,
  client: Client | undefined,
  asked: readonly string[] | undefined,
  { accounts }: ServiceDeps,
): { scope?: readonly string[] | undefined; role?: readonly string[] } {
  const { claims } = decodeToken(token);
  if (isOtherClients(claims, client)) {
    throw new JwtkitError('CLAIM_MISMATCH', 'the token was issued to another client', { details: { checks: [] } });
  }
  if (!accounts.hasUsers()) return { scope: asked };
  const user = typeof claims.sub === 'string' ? accounts.userBySub(claims.sub) : undefined;
  if (user === undefined) throw new JwtkitError('TOKEN_REVOKED', 'the subject of the token is no user');
  const held = scopesOf(claims);
  // More than was granted before is refused as a whole (RFC 6749 §6), by who verifies the token.
  const isWider = asked?.some((scope) => !held.includes(scope)) === true;
  return { scope: isWider ? asked : grant(asked, user.scopes, held), role: user.roles };
}

/** Whether a token says that it was issued to another client (RFC 6749 §6, RFC 7009 §2.1). */
export function isOtherClients({ client_id: owner }: Claims, client: Client | undefined): boolean {
  return owner !== undefined && owner !== client?.id;
}

/** Of what is asked for, by default `usual`, what is allowed. */
function grant(asked: readonly string[] | undefined, allowed: readonly string[], usual = allowed): string[] {
  // Nothing is usual for a session that began without scopes, and then nothing is asked for.
  const granted = asked === undefined ? usual.filter((scope) => allowed.includes(scope)) : grantScopes(asked, allowed);
  if (asked !== undefined && granted.length === 0) throw invalidScope('None of the scopes is allowed');
  return granted;
}

function issuerClaims({ issuer, audience }: ServiceOptions): Claims {
  const [first, ...rest] = audience ?? [];
  return { iss: issuer(), ...(first === undefined ? {} : { aud: rest.length === 0 ? first : [first, ...rest] }) };
}

function scopeClaim(granted: readonly string[]): Claims {
  return granted.length === 0 ? {} : { scope: granted.join(' ') };
}

function roleClaim(roles: readonly string[]): Claims {
  const [first, ...rest] = roles;
  return first === undefined ? {} : { role: rest.length === 0 ? first : [...roles] };
}

/** Told where it is not what was asked for (RFC 6749 §5.1). */
function scopeAnswer(asked: readonly string[] | undefined, granted: readonly string[]): { scope?: string } {
  const isAsAsked = asked === undefined ? granted.length === 0 : asked.length === granted.length;
  return isAsAsked ? {} : { scope: granted.join(' ') };
}
