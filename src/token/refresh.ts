import { JwtkitError } from '../errors.js';
import { requireKey } from '../jose/arguments.js';
import { isJsonNumber } from '../jose/decimal.js';
import { readExact } from '../jose/exact-json.js';
import type { Key } from '../jose/key.js';
import { copyOptions } from '../jose/option-names.js';
import { checkDeps, checkOptions, type OptionKinds } from '../jose/options.js';
import { soundClaimsOf } from './account-claims.js';
import { type Claims, claimShapeProblem, isString, joinClaims } from './claims.js';
import {
  type Denylist,
  describeRevocation,
  keepTokenUntil,
  type Successor,
  type TokenUse,
  tokenIdentity,
} from './denylist.js';
import { examineAndAsk, type VerifiedToken } from './examine.js';
import { type IssueDeps, issueToken, preparePairIssuer, type ReadTokens, type TokenPair } from './issue.js';
import { checkPairPolicy, type IssuePairPolicy } from './issue-policy.js';
import { policyMembers, type VerifyPolicy } from './policy.js';
import { hasRefreshForm, sessionClaims } from './refresh-form.js';
import {
  endReusedSession,
  repeatedSuccessor,
  sessionStart,
  successorOfUsed,
  withinSession,
} from './refresh-rotation.js';
import {
  askedAudience,
  askedScope,
  limitAudience,
  limitKinds,
  limitRole,
  limitScope,
  type SessionLimits,
} from './session-limits.js';
import { refusalOf, verdictOf } from './verify.js';

/** How a token is refreshed: what the refresh token must meet, and how the new tokens are made. */
export interface RefreshPolicy {
  /** What the refresh token must meet. With `anyAudience`, an issuer accepts its own tokens whatever their `aud`. */
  readonly verify?: Omit<VerifyPolicy, 'type'> | undefined;
  readonly issue?: IssuePairPolicy | undefined;
  /** Requested scope tokens of the access token; by default those of the refresh token, and never more (RFC 6749 §6). */
  readonly scope?: readonly string[] | undefined;
  /** Roles that the session keeps; by default all that the refresh token holds. See {@link RefreshDeps.limits}. */
  readonly role?: readonly string[] | undefined;
  /** Requested audiences of the access token; by default those of the session, and no others (RFC 8707 §2.2). */
  readonly resource?: readonly string[] | undefined;
  /** Consume the refresh token and issue a new one of the same family. */
  readonly rotate?: boolean | undefined;
  /**
   * Seconds after its use in which a consumed refresh token gives the same successor again (same `jti`, `iat` and `exp`), for an
   * answer that was lost and for two tabs; 0 by default.
   */
  readonly rotateGrace?: number | undefined;
  /** Seconds that a session lasts at most, however often it is renewed. Its tokens end with it. */
  readonly sessionMax?: number | undefined;
}

const policyKinds: OptionKinds<RefreshPolicy> = {
  verify: 'an object',
  issue: 'an object',
  scope: 'an array of strings',
  role: 'an array of strings',
  resource: 'an array of strings',
  rotate: 'true or false',
  rotateGrace: 'a number of seconds, 0 or more',
  sessionMax: 'a number of seconds, 0 or more',
};

const policyNames = Object.keys(policyKinds) as (keyof RefreshPolicy)[];

/** What refreshing needs. */
export interface RefreshDeps extends IssueDeps {
  readonly keys: readonly Key[];
  /** Without one, no token was ever revoked. Rotating needs one. */
  readonly denylist?: Denylist | undefined;
  /**
   * Returns what a session may still hold, by the claims of its verified, unused refresh token, under the names that access tokens
   * have: `aud`, `scope`, `role` and `client_id` are those of the session. The limits narrow the access token
   * and, when rotating, the next refresh token. An error that it throws refuses the token and does not consume it.
   */
  readonly limits?: ((claims: Claims) => SessionLimits | Promise<SessionLimits>) | undefined;
}

const depKinds: OptionKinds<RefreshDeps> = {
  key: 'checked elsewhere',
  keys: 'checked elsewhere',
  denylist: 'checked elsewhere',
  now: 'checked elsewhere',
  newId: 'a function',
  limits: 'a function',
};

/** A new access token, and a new refresh token when rotating, in the shape of RFC 6749 §5.1. */
export type RefreshedTokens = Omit<TokenPair, 'refresh_token'> & Partial<Pick<TokenPair, 'refresh_token'>>;

/** Claims that a session keeps from token to token. */
const keptClaims = ['iss', 'sub', 'aud', 'scope', 'role', 'client_id'];

/**
 * Issues a new access token for the subject, issuer, audience, client, scope and role of a refresh token. With `rotate` the
 * refresh token is consumed: a second use after the grace revokes its whole family (RFC 9700 §4.14.2).
 * @throws {JwtkitError} the codes of `verifyToken`, TOKEN_REUSED for a consumed token among them, TOKEN_TOO_OLD for a session that
 * is over; CLAIM_MISMATCH for a wider scope; STORE_UNAVAILABLE.
 */
export async function refreshToken(token: string, policy: RefreshPolicy, deps: RefreshDeps): Promise<RefreshedTokens> {
  return (await refreshAndRead(token, policy, deps)).tokens;
}

/** {@link refreshToken} that also returns the claims of the new tokens, and what the session held before. */
export async function refreshAndRead(
  token: string,
  given: RefreshPolicy,
  deps: RefreshDeps,
): Promise<ReadTokens<RefreshedTokens> & { readonly before: Claims }> {
  checkOptions('policy', given, policyKinds, { audience: 'demands belong into verify: { verify: { audience } }' });
  const { verify = {}, issue } = given;
  const policy = copyOptions(given, policyNames);
  if (issue !== undefined) Object.assign(policy, { issue: checkPairPolicy(issue) });
  checkDeps('the third argument', deps, '{ key, keys, denylist, now }', depKinds);
  const { key, keys, denylist, now } = deps;
  requireKey(key, 'sign');
  const demands = Object.assign(copyOptions<VerifyPolicy>(verify, policyMembers), { type: 'refresh' } as const);
  const examined = await examineAndAsk(token, demands, { keys, denylist, now });
  let { findings } = examined;
  const { verified } = examined;
  if (verified === undefined) throw refusalOf(examined);
  // Reuse is checked first: a used token ends its session, even if the request is refused for its scope, client or user.
  let successor: Successor | undefined;
  if (denylist !== undefined && findings.some(({ code }) => code === 'TOKEN_REUSED')) {
    const grace = policy.rotate === true ? policy.rotateGrace : 0;
    successor = await successorOfUsed(verified.claims, grace, { denylist, now });
    findings = findings.filter(({ code }) => code !== 'TOKEN_REUSED');
  }
  if (verdictOf(findings) !== null) throw refusalOf({ ...examined, findings });
  const issued = await issueNext(verified, policy, deps, successor);
  return Object.assign(issued, { before: sessionClaims(verified) });
}

async function issueNext(
  verified: VerifiedToken,
  policy: RefreshPolicy,
  deps: RefreshDeps,
  successor: Successor | undefined,
): Promise<ReadTokens<RefreshedTokens>> {
  const { denylist, now } = deps;
  const { header, claimsText } = verified;
  const claims = sessionClaims(verified);
  const start = sessionStart(claims, now);
  const issue = withinSession(policy.issue ?? {}, start, policy.sessionMax, now);
  const limits = await limitsOf(claims, deps);
  const { jti, family } = tokenIdentity(claims);
  const askedOf = askedScope(claims, policy.scope, limits.scope);
  // Numbers among them keep their text.
  const exact = sessionClaims({ header, claims: readExact(claimsText, verified.claims) });
  const kept: Claims = {};
  for (const name of keptClaims) if (Object.hasOwn(exact, name)) kept[name] = exact[name];
  const audience = limitAudience(claims, limits.audience);
  Object.assign(kept, audience, limitScope(claims, limits.scope), limitRole(claims, [policy.role, limits.role]));
  const ofAccess = { ...soundClaimsOf(limits.claims), ...askedOf, ...askedAudience(kept, policy.resource) };
  checkShapes(kept);
  // A session that began without a name is named after its first refresh token.
  const session = family ?? jti;
  if (session !== undefined) kept.family = session;
  if (policy.rotate !== true) return issueAccess(joinClaims(kept, ofAccess), issue, deps);
  if (jti === undefined) throw new JwtkitError('CLAIM_MISSING', 'token has no jti, so it cannot be consumed once');
  if (denylist === undefined)
    throw new JwtkitError(
      'STORE_UNAVAILABLE',
      'rotation needs a denylist: it records that the old refresh token was used',
    );
  const { aud } = verified.claims;
  const refreshAudience = hasRefreshForm(verified) && isString(aud) ? aud : undefined;
  const accessClaims = joinClaims(ofAccess, noAuthTime);
  const issuePair = preparePairIssuer(Object.assign({ refreshAudience }, issue, { accessClaims }), deps);
  if (policy.sessionMax !== undefined || claims.auth_time !== undefined) {
    const written = [exact.auth_time, exact.iat].find((value) => isJsonNumber(value) && Number(value) === start);
    kept.auth_time = written ?? start;
  }
  if (successor !== undefined) return issuePair(kept, successor);
  const issued = issuePair(kept);
  const taken = await denylist.consume(jti, keepTokenUntil(claims.exp), useOf(issued.refresh, policy, now));
  if (taken === undefined) return issued;
  if (taken.kind === 'token' && taken.reason === 'revoked')
    throw new JwtkitError('TOKEN_REVOKED', describeRevocation(taken));
  const winner = repeatedSuccessor(taken, policy.rotateGrace, now);
  if (winner === undefined) throw await endReusedSession(claims, denylist);
  return issuePair(kept, winner);
}

async function issueAccess(
  claims: Claims,
  { accessTtl, refreshTtl: _, ...issue }: IssuePairPolicy,
  deps: RefreshDeps,
): Promise<ReadTokens<RefreshedTokens>> {
  const policy = Object.assign(issue, { type: 'access', ttl: accessTtl } as const);
  const { token: access_token, claims: access } = await issueToken(claims, policy, deps);
  const expires_in = (access.exp ?? deps.now) - (access.iat ?? deps.now);
  return { tokens: { access_token, token_type: 'bearer', expires_in }, access };
}

/** Returns what a session may still hold. A limit of another type or name would limit nothing. */
async function limitsOf(claims: Claims, { limits: ask }: RefreshDeps): Promise<SessionLimits> {
  if (ask === undefined) return {};
  const limits = await ask(claims);
  checkOptions('what limits returned', limits, limitKinds, { aud: 'the audiences are audience', roles: 'it is role' });
  return limits;
}

/** Access tokens do not say when their session began. */
const noAuthTime = { auth_time: undefined } as const;

/** What the denylist records of a use. Without a grace nobody asks for the successor. */
function useOf(next: Claims | undefined, { rotateGrace }: RefreshPolicy, now: number): TokenUse | undefined {
  const { jti, iat, exp } = next ?? {};
  if (!rotateGrace || jti === undefined || iat === undefined || exp === undefined) return undefined;
  return { at: now, successor: { jti, iat, exp } };
}

/**
 * Refuses claims that `issueToken` does not sign. They come from the token, so the error is not USAGE_INVALID.
 * @throws {JwtkitError} CLAIM_MALFORMED.
 */
function checkShapes(kept: Claims): void {
  for (const name of Object.keys(kept)) {
    const problem = kept[name] === undefined ? undefined : claimShapeProblem(kept, name);
    if (problem !== undefined) throw new JwtkitError('CLAIM_MALFORMED', `claim ${problem}`);
  }
}
