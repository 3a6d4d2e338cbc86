import { randomUUID } from 'node:crypto';
import type { AlgorithmName } from '../jose/algorithms.js';
import { requireKey } from '../jose/arguments.js';
import { defaultMaxTokenLength } from '../jose/compact.js';
import { readExact, writeJson } from '../jose/exact-json.js';
import { isJsonObject } from '../jose/json.js';
import { prepareSigner } from '../jose/jws.js';
import type { Key } from '../jose/key.js';
import { checkDeps, type OptionKinds } from '../jose/options.js';
import { type Claims, joinClaims } from './claims.js';
import type { Successor } from './denylist.js';
import { checkIssueArguments, checkPairArguments, type IssuePairPolicy, type IssuePolicy } from './issue-policy.js';
import { type ClaimDeps, prepareClaims, refuse, refuseMalformed, writePayload } from './new-claims.js';
import { refreshTyp, takesRefreshForm, toRefreshForm } from './refresh-form.js';

/** What issuing needs. */
export interface IssueDeps extends ClaimDeps {
  readonly key: Key;
}

/** A signed token and what it says. */
export interface IssuedToken {
  readonly token: string;
  /** What JSON.parse makes of the payload: large numbers are rounded. */
  readonly claims: Claims;
  /** The payload as it was signed, in which numbers have all their digits. */
  readonly claimsText: string;
}

/**
 * Signs a token. Adds `type`, `iat`, `exp` and `jti` if they are absent, unless the policy says otherwise. A claim may hold a bigint instead of a number.
 *
 * A refresh token with an `iss` that a private key signs gets its own form, so that no verifier takes it for an access token: the
 * `typ` `refresh+jwt`, as `aud` where it is good, and the claims of its session in the object `session`. Claims that have such an
 * object already stay as they are. A `typ` of the policy, `bare` and a secret make a token with the claims as they are.
 * @throws {JwtkitError} USAGE_INVALID for claims, header members or an algorithm that `verifyToken` would refuse.
 */
export async function issueToken(claims: Claims, policy: IssuePolicy, deps: IssueDeps): Promise<IssuedToken> {
  checkIssueArguments(claims, policy);
  return prepareIssuer(policy, deps)(claims);
}

const depKinds: OptionKinds<IssueDeps> = { key: 'checked elsewhere', now: 'checked elsewhere', newId: 'a function' };

/**
 * {@link issueToken} for many sets of claims under one policy.
 * @throws {JwtkitError} as {@link issueToken}: for the policy at once, for claims when they are signed.
 */
export function prepareIssuer(policy: IssuePolicy, deps: IssueDeps): (claims: Claims) => IssuedToken {
  checkDeps('the third argument', deps, '{ key, now }', depKinds);
  const { key } = deps;
  const { bare = false, without = [] } = policy;
  const complete = prepareClaims(policy, deps);
  const typ = policy.typ ?? (bare ? undefined : 'JWT');
  const prepare = (headerTyp: string | undefined) =>
    prepareSigner(key, { alg: policy.alg, header: { typ: headerTyp, ...policy.header } });
  requireKey(key, 'sign');
  const sign = prepare(typ);
  let signRefresh: typeof sign | undefined;
  const isTypFree = policy.typ === undefined && policy.header?.typ === undefined;
  const maySpecialize = !bare && isTypFree && !without.includes('type');
  return (given) => {
    let claims = complete(given);
    const isSpecial = maySpecialize && claims.type === 'refresh' && takesRefreshForm(key, claims);
    if (isSpecial && !isJsonObject(claims.session)) claims = toRefreshForm(claims, policy.refreshAudience);
    const { payload, claims: issued, claimsText } = writePayload(claims, bare);
    if (isSpecial) refuseMalformed(issued.session as Claims, writeJson(readExact(claimsText, issued).session));
    if (isSpecial) signRefresh ??= prepare(refreshTyp);
    const token = (isSpecial && signRefresh !== undefined ? signRefresh : sign)(payload);
    if (token.length > defaultMaxTokenLength) {
      throw refuse(`the token would have ${token.length} characters, verifiers take ${defaultMaxTokenLength}`);
    }
    return { token, claims: issued, claimsText };
  };
}

/** An access token and its refresh token, in the shape of an OAuth token response (RFC 6749 §5.1). */
export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: 'bearer';
  /** Seconds until the access token expires. */
  readonly expires_in: number;
}

/**
 * Signs an access token and a refresh token for the same claims, each with its own `jti` and `exp`. Both carry the name of their
 * session, `family`, by which it can be ended.
 * @throws {JwtkitError} USAGE_INVALID as `issueToken`, and for claims that the two cannot share (`exp`, `jti`, `type`).
 */
export async function issueTokenPair(claims: Claims, policy: IssuePairPolicy, deps: IssueDeps): Promise<TokenPair> {
  return preparePairIssuer(checkPairArguments(claims, policy), deps)(claims).tokens;
}

/** Signed tokens, and the claims that they hold. */
export interface ReadTokens<Tokens> {
  readonly tokens: Tokens;
  readonly access: Claims;
  /** Undefined without a refresh token. */
  readonly refresh?: Claims | undefined;
}

/**
 * {@link issueTokenPair} for many sets of claims under one policy. With a successor the refresh token is that one again.
 * @throws {JwtkitError} as {@link issueTokenPair}.
 */
export function preparePairIssuer(
  policy: IssuePairPolicy,
  deps: IssueDeps,
): (claims: Claims, successor?: Successor) => ReadTokens<TokenPair> {
  const issueAccess = prepareIssuer(
    Object.assign({}, policy, { type: 'access', ttl: policy.accessTtl } as const),
    deps,
  );
  const now = Math.floor(deps.now);
  const ofRefresh = { typ: undefined, type: 'refresh', ttl: policy.refreshTtl } as const;
  const issueRefresh = prepareIssuer(Object.assign({}, policy, ofRefresh), deps);
  return (claims, successor) => {
    for (const name of ['exp', 'jti', 'type']) {
      if (Object.hasOwn(claims, name)) throw refuse(`the two tokens of a pair each get their own ${name}`);
    }
    const shared = joinClaims(claims);
    if (shared.family === undefined) shared.family = (deps.newId ?? randomUUID)();
    const access = issueAccess(policy.accessClaims === undefined ? shared : joinClaims(shared, policy.accessClaims));
    // All of them, even one that is named `session`, belong to the session.
    const isSpecial = takesRefreshForm(deps.key, shared);
    const lasting = isSpecial ? toRefreshForm(shared, policy.refreshAudience) : shared;
    const refresh = issueRefresh(successor === undefined ? lasting : repeat(lasting, successor));
    const tokens = {
      access_token: access.token,
      refresh_token: refresh.token,
      token_type: 'bearer',
      expires_in: (access.claims.exp ?? now) - now,
    } as const;
    return { tokens, access: access.claims, refresh: refresh.claims };
  };
}

/** Adds what made a token, in the order in which its issuer added it: the text is the same again. */
function repeat(claims: Claims, { iat, exp, jti }: Successor): Claims {
  return joinClaims(claims, { type: 'refresh', iat, exp, jti });
}

/** Returns the allowed algorithm that a key prefers; undefined if it has none of them. */
export function signingAlgorithmOf(key: Key, allowed: readonly AlgorithmName[]): AlgorithmName | undefined {
  return key.algorithms.find((alg) => allowed.includes(alg));
}
