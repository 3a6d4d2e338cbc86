/** The options and dependencies of the service. It opens no file, store or terminal itself. */
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { Key } from '../jose/key.js';
import type { Accounts, LoginLimits, User } from '../token/account.js';
import type { TokenType } from '../token/claims.js';
import type { Denylist } from '../token/denylist.js';
import { signingAlgorithmOf } from '../token/issue.js';
import type { OwnKeySource } from '../token/key-source.js';
import type { VerifyPolicy } from '../token/policy.js';

/** How the service issues and accepts tokens, and whom it serves. */
export interface ServiceOptions {
  /** Returns the `iss` of the tokens, which is also the base URL of the metadata. It is known once the service listens. */
  readonly issuer: () => string;
  /** Refuse tokens with another `iss`, or none: for a named issuer, which stays the same after a restart. */
  readonly requiresIssuer: boolean;
  /** The `aud` of the tokens; an accepted token must have one of these. Without it a token with `aud` is refused. */
  readonly audience?: readonly string[] | undefined;
  /** Header `typ` of access tokens; `JWT` by default. */
  readonly typ?: string | undefined;
  /** Accept tokens whatever their `aud`. */
  readonly anyAudience?: boolean | undefined;
  /** Seconds. */
  readonly accessTtl?: number | undefined;
  /** Seconds. */
  readonly refreshTtl?: number | undefined;
  /** The algorithms that may sign; all by default. */
  readonly algorithms?: readonly AlgorithmName[] | undefined;
  /** Allowed clock difference, in seconds. */
  readonly leeway?: number | undefined;
  /** Consume a refresh token when it is used, and issue a new one. */
  readonly rotatesRefreshTokens: boolean;
  /** Seconds in which a used refresh token gives the same successor again; 0 by default. */
  readonly rotateGrace?: number | undefined;
  /** Seconds that a session lasts at most, however often it is renewed. */
  readonly sessionMax?: number | undefined;
  /** Origins whose pages may call the service; none by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** The cookie that may hold the access token on routes that only read; none by default. */
  readonly authCookie?: string | undefined;
  /** Trusted for `X-Forwarded-For`: a number of hops, or addresses, networks and names as proxy-addr reads them. */
  readonly trustedProxies?: number | readonly string[] | undefined;
  /** PEM. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
}

/** What the service uses. */
export interface ServiceDeps {
  readonly keys: OwnKeySource;
  readonly accounts: Accounts;
  readonly denylist: Denylist;
  readonly logins: LoginLimits;
  /** Whether a password matches a hash; does the same work without a hash. */
  isPassword(password: string, hash: string | undefined): Promise<boolean>;
  /** Replaces the hash of a user after a right password, if another program made it. Returns at once, and never throws. */
  renewHash?: ((user: User, password: string) => void) | undefined;
  /** The time as a NumericDate. */
  now(): number;
  /** Takes log lines, one JSON object each. */
  readonly log: { write(line: string): void };
  /** Returns the metrics of all processes if the service has several; null if they cannot be gathered. */
  gatherMetrics?: (() => Promise<string | null>) | undefined;
}

/**
 * Returns the allowed algorithm that the key prefers.
 * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND if the key, which may come from a later rotation, has none of them.
 */
export function algorithmOf(key: Key, { algorithms }: ServiceOptions): AlgorithmName | undefined {
  if (algorithms === undefined) return undefined;
  const fitting = signingAlgorithmOf(key, algorithms);
  if (fitting !== undefined) return fitting;
  throw new JwtkitError(
    'SIGNING_KEY_NOT_FOUND',
    `the signing key supports none of the allowed algorithms: ${algorithms.join(', ')}`,
  );
}

/** Demands a `sub`. */
export const requireSubject = { require: [{ name: 'sub' }] } as const;

/** Returns the URL of the token endpoint: the `aud` of refresh tokens in their own form. */
export function tokenEndpoint({ issuer }: ServiceOptions): string {
  return `${baseUrl(issuer())}/token`;
}

/** Returns an issuer without a slash at its end, to which the paths of routes are appended. */
export function baseUrl(issuer: string): string {
  return issuer.replace(/\/$/, '');
}

/** Returns the policy for tokens of this service. A refresh token of `jwtkit issue` names the issuer, not its endpoint. */
export function ownPolicy(
  options: ServiceOptions,
  type: TokenType,
  demands: Pick<VerifyPolicy, 'require'> = {},
): VerifyPolicy {
  return {
    type,
    issuer: options.requiresIssuer ? options.issuer() : undefined,
    audience: options.audience,
    refreshAudience: options.requiresIssuer ? [tokenEndpoint(options), options.issuer()] : undefined,
    anyAudience: options.anyAudience,
    leeway: options.leeway,
    ...demands,
  };
}
