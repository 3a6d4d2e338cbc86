/** What the service is told, and what it stands on. Everything is handed in: it opens no file, no store and no terminal. */
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { Key } from '../jose/key.js';
import type { Accounts } from '../token/account.js';
import type { Denylist } from '../token/denylist.js';
import type { OwnKeySource } from '../token/key-source.js';
import type { VerifyPolicy } from '../token/policy.js';

/** Whose tokens the service issues, and how long they last. */
export interface ServiceOptions {
  /**
   * The `iss` of its tokens, and the URL that its metadata begin with. Asked for once the service listens; before it does where
   * it is required.
   */
  readonly issuer: () => string;
  /** Refuse tokens with another `iss`, or none: for an issuer that was named, and stays the same after a restart. */
  readonly requiresIssuer: boolean;
  /** The `aud` of its tokens, one of which a token must then have. */
  readonly audience?: readonly string[] | undefined;
  /** Seconds. */
  readonly accessTtl?: number | undefined;
  /** Seconds. */
  readonly refreshTtl?: number | undefined;
  /** Those to sign with, of which a key has its own; all by default. */
  readonly algorithms?: readonly AlgorithmName[] | undefined;
  /** Clock difference to bear with, in seconds. */
  readonly leeway?: number | undefined;
  /** Consume a refresh token when it is used, and issue a new one. */
  readonly rotatesRefreshTokens: boolean;
  /** Origins whose pages may call the service; none by default. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Whose `X-Forwarded-For` is believed: a number of hops, or addresses, networks and names as proxy-addr knows them. */
  readonly trustedProxies?: number | readonly string[] | undefined;
  /** PEM. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
}

/** What the service stands on. */
export interface ServiceDeps {
  readonly keys: OwnKeySource;
  readonly accounts: Accounts;
  readonly denylist: Denylist;
  readonly logins: LoginLimits;
  /** Whether a password is that of a hash; does the same work where there is none. */
  isPassword(password: string, hash: string | undefined): Promise<boolean>;
  /** The time as a NumericDate. */
  now(): number;
  /** Where log lines go, one JSON object each. */
  readonly log: { write(line: string): void };
  /** The metrics of all processes of the service, where there are several; null where they cannot be had. */
  gatherMetrics?: (() => Promise<string | null>) | undefined;
}

/** Counts failed log-ins by address and by user. */
export interface LoginLimits {
  /** Looks at a password unless too many were wrong: whether it is right, or the seconds to wait. */
  attempt(address: string, user: string, look: () => Promise<boolean>): Promise<boolean | number>;
}

/**
 * The algorithm to sign with: of those that are allowed, the one that the key prefers.
 * @throws {JwtkitError} SIGNING_KEY_NOT_FOUND where the key, perhaps of a rotation, has none of them.
 */
export function algorithmOf(key: Key, { algorithms }: ServiceOptions): AlgorithmName | undefined {
  if (algorithms === undefined) return undefined;
  const fitting = key.algorithms.find((alg) => algorithms.includes(alg));
  if (fitting !== undefined) return fitting;
  throw new JwtkitError('SIGNING_KEY_NOT_FOUND', `the key signs by none of ${algorithms.join(', ')}`);
}

/** A token that says of nobody whose it is lets nobody in. */
export const namesSubject = { require: [{ name: 'sub' }] } as const;

/**
 * What a token must meet to be taken by its own issuer. Better made once a route than for each request: V8 reads an object
 * that is always new by its slow paths, which takes half as long as a verification by HS256.
 */
export function ownPolicy(
  options: ServiceOptions,
  type: VerifyPolicy['type'],
  demands: Pick<VerifyPolicy, 'require'> = {},
): VerifyPolicy {
  return {
    type,
    issuer: options.requiresIssuer ? options.issuer() : undefined,
    audience: options.audience,
    leeway: options.leeway,
    ...demands,
  };
}
