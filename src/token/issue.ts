import { randomUUID } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { defaultMaxTokenLength, parseClaims } from '../jose/compact.js';
import { type JsonObject, maxJsonDepth } from '../jose/json.js';
import { prepareSigner } from '../jose/jws.js';
import type { Key } from '../jose/key.js';
import { type Claims, claimShapeProblem, registeredClaims, type TokenType } from './claims.js';

/** Lifetimes in seconds where the caller names none: access 30 minutes, refresh 7 days. */
export const defaultLifetimes: Readonly<Record<TokenType, number>> = { access: 1800, refresh: 604_800 };

/** How a token is made, beside its claims. */
export interface IssuePolicy {
  /** The `type` claim; `access` by default. */
  type?: TokenType | undefined;
  /** Seconds from now (from `nbf` when that is later) to `exp`; `null` for a token without `exp`. */
  ttl?: number | null | undefined;
  /** The algorithm; the key's preferred one by default. */
  alg?: AlgorithmName | undefined;
  /** Header `typ`; `JWT` by default. */
  typ?: string | undefined;
  /** Further header members; `alg`, `kid` and `typ` are not among them. */
  header?: Readonly<JsonObject> | undefined;
}

/** What issuing needs of the world. */
export interface IssueDeps {
  readonly key: Key;
  /** NumericDate. */
  readonly now: number;
  /** Makes a `jti`; a random UUID (RFC 9562 §5.4) by default. */
  readonly newId?: (() => string) | undefined;
}

/** A signed token and what it says. */
export interface IssuedToken {
  readonly token: string;
  readonly claims: Claims;
}

/**
 * Signs a token. Claims given stand as they are; `type`, `iat`, `exp` and `jti` are filled in where they are absent.
 * @throws {JwtkitError} USAGE_INVALID for claims, header members or an algorithm that `verifyToken` would refuse.
 */
export async function issueToken(claims: Claims, policy: IssuePolicy, deps: IssueDeps): Promise<IssuedToken> {
  return prepareIssuer(policy, deps)(claims);
}

/**
 * {@link issueToken} for many sets of claims under one policy.
 * @throws {JwtkitError} as {@link issueToken}; what is wrong with the policy at once, with the claims when they are signed.
 */
export function prepareIssuer(policy: IssuePolicy, deps: IssueDeps): (claims: Claims) => IssuedToken {
  const { key, newId = randomUUID } = deps;
  const now = Math.floor(deps.now);
  const type = policy.type ?? 'access';
  const ttl = policy.ttl === undefined ? defaultLifetimes[type] : policy.ttl;
  if (ttl !== null && (!Number.isFinite(ttl) || ttl < 1)) {
    throw refuse(`a lifetime is at least 1 second, not ${ttl}`);
  }
  const sign = prepareSigner(key, { alg: policy.alg, header: { typ: policy.typ ?? 'JWT', ...policy.header } });
  return (claims) => {
    const complete = copyOf(claims);
    fillIn(complete, 'type', () => type);
    fillIn(complete, 'iat', () => now);
    if (ttl !== null) {
      const start = Math.max(now, typeof complete.nbf === 'number' ? complete.nbf : 0);
      fillIn(complete, 'exp', () => start + Math.floor(ttl));
    }
    fillIn(complete, 'jti', newId);
    const payload = serialize(complete);
    const issued = readBack(payload);
    for (const name of registeredClaims) {
      const problem = claimShapeProblem(issued, name);
      if (problem !== undefined) throw refuse(`claim ${problem}`);
    }
    const token = sign(payload);
    if (token.length > defaultMaxTokenLength) {
      throw refuse(`the token would have ${token.length} characters, verifiers take ${defaultMaxTokenLength}`);
    }
    return { token, claims: issued };
  };
}

const nothing: Claims = {};

/**
 * Claims that others can be added to. On Node 20 one member added to a copy of what JSON.parse made takes 0.7 µs, fifty times
 * as long as usual, unless something was spread before it.
 */
function copyOf(claims: Claims): Claims {
  return { ...nothing, ...claims };
}

function fillIn(claims: Claims, name: string, make: () => unknown): void {
  if (!Object.hasOwn(claims, name) || claims[name] === undefined) claims[name] = make();
}

function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message);
}

function serialize(claims: Claims): Buffer {
  if (holdsInfinity(claims)) throw refuse('the claims hold a number that JSON cannot write');
  if (typeof claims.toJSON === 'function') throw refuse('the claims are plain values, toJSON would replace them');
  try {
    return Buffer.from(JSON.stringify(claims), 'utf8');
  } catch {
    throw refuse('the claims cannot be written as JSON');
  }
}

/** Numbers such as 1e400, which JSON would turn into null. */
function holdsInfinity(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  // Deeper than what is readable, or a value that holds itself: refused when it is written or read back.
  if (typeof value !== 'object' || value === null || depth > maxJsonDepth) return false;
  return Object.values(value).some((member) => holdsInfinity(member, depth + 1));
}

/** The claims as verifiers will read them; what our own strict reading refuses is not signed. */
function readBack(payload: Buffer): Claims {
  try {
    return parseClaims(payload);
  } catch (error) {
    throw error instanceof JwtkitError
      ? refuse(`the claims make a payload that ${error.message.replace(/^payload /, '')}`)
      : error;
  }
}

/** An access token and the refresh token to renew it with, in the shape of an OAuth token response (RFC 6749 §5.1). */
export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: 'bearer';
  /** Seconds until the access token expires. */
  readonly expires_in: number;
}

/** How a pair is made: {@link IssuePolicy} for both, with a lifetime for each. */
export interface IssuePairPolicy extends Omit<IssuePolicy, 'type' | 'ttl'> {
  /** Seconds; 1800 by default. */
  accessTtl?: number | undefined;
  /** Seconds; 604800 by default. */
  refreshTtl?: number | undefined;
  /** Claims in which the access token differs from the refresh token; one that is undefined is left out. */
  accessClaims?: Claims | undefined;
}

/**
 * Signs an access token and a refresh token for the same claims, each with its own `jti` and `exp`. Both carry `family`, a
 * name for the session that they belong to, so that it can be ended as a whole.
 * @throws {JwtkitError} USAGE_INVALID as `issueToken`, and for claims that the two cannot share (`exp`, `jti`, `type`).
 */
export async function issueTokenPair(claims: Claims, policy: IssuePairPolicy, deps: IssueDeps): Promise<TokenPair> {
  return preparePairIssuer(policy, deps)(claims);
}

/**
 * {@link issueTokenPair} for many sets of claims under one policy.
 * @throws {JwtkitError} as {@link issueTokenPair}.
 */
export function preparePairIssuer(policy: IssuePairPolicy, deps: IssueDeps): (claims: Claims) => TokenPair {
  const now = Math.floor(deps.now);
  const issueAccess = prepareIssuer({ ...policy, type: 'access', ttl: policy.accessTtl }, deps);
  const issueRefresh = prepareIssuer({ ...policy, type: 'refresh', ttl: policy.refreshTtl }, deps);
  return (claims) => {
    for (const name of ['exp', 'jti', 'type']) {
      if (Object.hasOwn(claims, name)) throw refuse(`the two tokens of a pair each get their own ${name}`);
    }
    const shared = copyOf(claims);
    fillIn(shared, 'family', deps.newId ?? randomUUID);
    const access = issueAccess({ ...shared, ...policy.accessClaims });
    const refresh = issueRefresh(shared);
    return {
      access_token: access.token,
      refresh_token: refresh.token,
      token_type: 'bearer',
      expires_in: (access.claims.exp ?? now) - now,
    };
  };
}
