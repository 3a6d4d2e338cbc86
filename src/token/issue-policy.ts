/** How tokens are made, and the checks of what callers without a compiler pass. */
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import { requireObject } from '../jose/arguments.js';
import { requireValues } from '../jose/given-json.js';
import { type JsonObject, quoteText } from '../jose/json.js';
import { copyOptions } from '../jose/option-names.js';
import { checkOptions, type OptionKinds } from '../jose/options.js';
import type { Claims, TokenType } from './claims.js';

/** How a token is made. */
export interface IssuePolicy {
  /** The `type` claim; `access` by default. */
  type?: TokenType | undefined;
  /** Seconds from now (from `nbf` when that is later) to `exp`; `null` for a token without `exp`. */
  ttl?: number | null | undefined;
  /** The algorithm; the key's preferred one by default. */
  alg?: AlgorithmName | undefined;
  /** Header `typ`; `JWT` by default, and `refresh+jwt` for a refresh token in its own form. See `issueToken`. */
  typ?: string | undefined;
  /** The `aud` of a refresh token in its own form: its issuer's token endpoint. The issuer itself by default. */
  refreshAudience?: string | undefined;
  /**
   * Sign the given claims and `exp` alone: no `type`, `iat` or `jti` is added, and the header has a `typ` only if the policy
   * names one. Then `exp` comes from `ttl` or from the claims; only a `ttl` of `null` makes a token without it.
   */
  bare?: boolean | undefined;
  /** Claims that the token does not get, neither from jwtkit nor from the given claims. */
  without?: readonly OwnClaim[] | undefined;
  /** Further header members; `alg`, `kid` and `typ` are not among them. */
  header?: Readonly<JsonObject> | undefined;
}

/** Claims of jwtkit's own, which other verifiers may not expect. */
export type OwnClaim = 'type' | 'iat' | 'jti';

/** How a pair is made: {@link IssuePolicy} for both, with a lifetime for each. `typ` is for the access token alone. */
export interface IssuePairPolicy extends Omit<IssuePolicy, 'type' | 'ttl' | 'bare' | 'without'> {
  /** Seconds; 1800 by default. */
  accessTtl?: number | undefined;
  /** Seconds; 604800 by default. */
  refreshTtl?: number | undefined;
  /** Claims that differ in the access token; an undefined one is left out. */
  accessClaims?: Claims | undefined;
}

const kinds: OptionKinds<IssuePolicy> = {
  type: 'a string',
  ttl: 'checked elsewhere',
  alg: 'a string',
  typ: 'a string',
  bare: 'true or false',
  without: 'an array of strings',
  header: 'an object',
  refreshAudience: 'a string',
};
const pairKinds: OptionKinds<IssuePairPolicy> = {
  accessTtl: 'a number',
  refreshTtl: 'a number',
  accessClaims: 'an object',
  refreshAudience: 'a string',
  alg: 'a string',
  typ: 'a string',
  header: 'an object',
};
const pairNames = Object.keys(pairKinds) as (keyof IssuePairPolicy)[];
const ownClaims: readonly string[] = ['type', 'iat', 'jti'] satisfies OwnClaim[];

const isClaim = (name: string) => `it is a claim: put ${name} into the first argument`;

/** Words of other libraries, and claims in the wrong place. */
const otherWords = {
  algorithm: 'the algorithm is alg',
  aud: isClaim('aud'),
  audience: isClaim('aud'),
  iss: isClaim('iss'),
  issuer: isClaim('iss'),
  sub: isClaim('sub'),
  subject: isClaim('sub'),
  scope: isClaim('scope'),
  key: 'the key belongs into the third argument: { key, now }',
  now: 'now belongs into the third argument: { key, now }',
};
const wordsForToken = { ...otherWords, expiresIn: 'the lifetime is ttl, in seconds' };
const lifetimes = 'the lifetimes are accessTtl and refreshTtl, in seconds';
const wordsForPair = { ...otherWords, ttl: lifetimes, expiresIn: lifetimes };

/**
 * Checks the claims and the policy of one token.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkIssueArguments(claims: Claims, policy: IssuePolicy): void {
  checkClaims(claims);
  checkOptions('policy', policy, kinds, wordsForToken);
  const other = policy.without?.find((name) => !ownClaims.includes(name));
  if (other === undefined) return;
  throw new JwtkitError('USAGE_INVALID', `policy: without has ${quoteText(other)}, which jwtkit does not add`, {
    hint: `it adds ${ownClaims.join(', ')}`,
  });
}

/**
 * Checks the claims and the policy of a pair, and returns the policy as an object of its own.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkPairArguments(claims: Claims, policy: IssuePairPolicy): IssuePairPolicy {
  checkClaims(claims);
  return checkPairPolicy(policy);
}

/**
 * Checks the policy of a pair, and returns it as an object of its own.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkPairPolicy(policy: IssuePairPolicy): IssuePairPolicy {
  checkOptions('policy', policy, pairKinds, wordsForPair);
  if (policy.accessClaims !== undefined) checkClaims(policy.accessClaims);
  return copyOptions(policy, pairNames);
}

function checkClaims(claims: Claims): void {
  requireObject(claims, 'the first argument', "the claims, such as { sub: 'user-123' }");
  requireValues(claims);
}
