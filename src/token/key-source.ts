/**
 * Keys that may change while a process runs, such as those of an issuer. Verification itself takes an array of keys; here
 * is who fetches that array again when a token names a key that is not in it.
 */
import { JwtkitError } from '../errors.js';
import type { JwkSet } from '../jose/jwk.js';
import type { Key } from '../jose/key.js';
import type { VerifiedToken, VerifyDeps } from './examine.js';
import type { VerifyPolicy } from './policy.js';
import { reportToken, type VerificationReport, verifyToken } from './verify.js';

/** Where trusted keys come from. */
export interface KeySource {
  /**
   * The keys trusted at a moment, a NumericDate.
   * @throws {JwtkitError} where they cannot be had.
   */
  keys(now: number): Promise<readonly Key[]>;
  /** Newer keys than these, for a token whose key is not among them; undefined where there are none, or it is too soon to ask. */
  refresh?(now: number): Promise<readonly Key[] | undefined>;
  /** Where the keys last given came from; undefined for keys that were not fetched, or not yet. */
  fetched?(): FetchedKeys | undefined;
}

/** The keys of who issues tokens: those to trust, and the one to sign with. */
export interface OwnKeySource extends KeySource {
  /**
   * The key that signs at a moment, a NumericDate.
   * @throws {JwtkitError} where there is none.
   */
  signingKey(now: number): Promise<Key>;
  /** The JWK Set to publish at a moment; absent for a shared secret, which has no public half. */
  readonly publishedSet?: ((now: number) => JwkSet) | undefined;
}

/** What a report says of keys that came over the network. */
export interface FetchedKeys {
  /** The JWK Set's URL without its query. */
  readonly url: string;
  /** When it was fetched, NumericDate. */
  readonly at: number;
  /** Seconds since then. */
  readonly age: number;
  /** Whether it is older than its server allows: the server is down, or nobody asked it. */
  readonly stale: boolean;
  /** Why it could not be fetched anew, for a person. */
  readonly problem?: string;
}

/** A fetched document as a cache keeps it between processes. */
export interface CachedDocument {
  /** What it is looked up by: the URL that was asked for. */
  readonly key: string;
  /** The URL that answered. */
  readonly url: string;
  readonly body: string;
  /** NumericDate. */
  readonly fetchedAt: number;
  /** Until when it is used without asking; NumericDate. */
  readonly freshUntil: number;
  /** When fetching it anew last failed; NumericDate. */
  readonly triedAt?: number | undefined;
  readonly etag?: string | undefined;
}

/** Keeps fetched documents; what cannot be read, or cannot be trusted, is not there. Nothing is thrown. */
export interface DocumentCache {
  read(key: string): CachedDocument | undefined;
  write(document: CachedDocument): void;
  /**
   * Asks to be the only one in these seconds who fetches the document ahead of its time: undefined where it is granted, else
   * when somebody else was, NumericDate.
   */
  claim(key: string, now: number, seconds: number): number | undefined;
}

/** What verification needs of the world when keys may change. */
export interface VerifyFromDeps extends Omit<VerifyDeps, 'keys'> {
  readonly source: KeySource;
}

/**
 * Verifies a token with the keys of a source, once more with newer ones if its key is not there.
 * @throws {JwtkitError} as `verifyToken`; and what the source throws where keys cannot be had.
 */
export async function verifyTokenFrom(
  token: string,
  policy: VerifyPolicy,
  { source, ...deps }: VerifyFromDeps,
): Promise<VerifiedToken> {
  return withKeys(source, deps.now, (keys) => verifyToken(token, policy, { ...deps, keys }));
}

/**
 * As {@link verifyTokenFrom}, and returns what was found instead of throwing it.
 * @throws {JwtkitError} what the source throws where keys cannot be had; STORE_UNAVAILABLE, USAGE_INVALID.
 */
export async function reportTokenFrom(
  token: string,
  policy: VerifyPolicy,
  { source, ...deps }: VerifyFromDeps,
): Promise<VerificationReport> {
  const report = await reportToken(token, policy, { ...deps, keys: await source.keys(deps.now) });
  if (report.code !== 'KEY_NOT_FOUND') return report;
  const newer = await source.refresh?.(deps.now);
  return newer === undefined ? report : reportToken(token, policy, { ...deps, keys: newer });
}

/** Does something with the keys of a source, and once more with newer ones where its answer is KEY_NOT_FOUND. */
export async function withKeys<T>(
  source: KeySource,
  now: number,
  action: (keys: readonly Key[]) => Promise<T>,
): Promise<T> {
  try {
    return await action(await source.keys(now));
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.code !== 'KEY_NOT_FOUND') throw error;
    const newer = await source.refresh?.(now);
    if (newer === undefined) throw error;
    return action(newer);
  }
}

/** A source of keys that do not change. */
export function fixedKeys(keys: readonly Key[]): KeySource {
  return { keys: () => Promise.resolve(keys) };
}
