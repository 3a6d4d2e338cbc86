/** Keys that may change while a process runs, such as those of an issuer. If a token names an unknown key, they are fetched again. */
import { JwtkitError } from '../errors.js';
import { describeArgument } from '../jose/arguments.js';
import type { JwkSet } from '../jose/jwk.js';
import type { SkippedJwk } from '../jose/jwk-set.js';
import type { Key } from '../jose/key.js';
import { checkDeps, type OptionKinds } from '../jose/options.js';
import type { VerifiedToken, VerifyDeps } from './examine.js';
import type { VerifyPolicy } from './policy.js';
import { requireNow } from './time.js';
import { reportToken, type VerificationReport, verifyToken } from './verify.js';

/** Where trusted keys come from. */
export interface KeySource {
  /**
   * Returns the keys trusted at a moment, a NumericDate.
   * @throws {JwtkitError} if they cannot be fetched.
   */
  keys(now: number): Promise<readonly Key[]>;
  /** Returns newer keys, for a token whose key is unknown; undefined if there are none, or it is too soon to ask. */
  refresh?(now: number): Promise<readonly Key[] | undefined>;
  /** Returns the members of the last keys' set that were left out; with a moment, those whose `exp` has passed too. */
  skipped?(now?: number): readonly SkippedJwk[];
  /** Returns where the last keys came from; undefined if they were not fetched. */
  fetched?(): FetchedKeys | undefined;
}

/** The keys of an issuer: those to trust, and the one to sign with. */
export interface OwnKeySource extends KeySource {
  /**
   * Returns the key that signs at a moment, a NumericDate, or the one named by `kid`.
   * @throws {JwtkitError} if there is none.
   */
  signingKey(now: number, kid?: string): Promise<Key>;
  /** Returns the JWK Set to publish at a moment. Absent for a shared secret, which has no public half. */
  readonly publishedSet?: ((now: number) => JwkSet) | undefined;
}

/** Where and when keys were fetched. */
export interface FetchedKeys {
  /** The JWK Set's URL without its query. */
  readonly url: string;
  /** When it was fetched, NumericDate. */
  readonly at: number;
  /** Seconds since then. */
  readonly age: number;
  /** Whether it is older than its server allows. */
  readonly stale: boolean;
  /** Why the last fetch failed, for a person. */
  readonly problem?: string;
}

/** The dependencies of verification, with keys that may change. */
export interface VerifyFromDeps extends Omit<VerifyDeps, 'keys' | 'skipped'> {
  readonly source: KeySource;
}

/**
 * Verifies a token with the keys of a source, and again with newer ones if its key is unknown.
 * @throws {JwtkitError} as `verifyToken`, and what the source throws.
 */
export async function verifyTokenFrom(
  token: string,
  policy: VerifyPolicy,
  fromDeps: VerifyFromDeps,
): Promise<VerifiedToken> {
  requireSource(fromDeps);
  const { source, now, denylist } = fromDeps;
  return withKeys(source, now, (keys) =>
    verifyToken(token, policy, { keys, skipped: source.skipped?.(now), now, denylist }),
  );
}

/**
 * {@link verifyTokenFrom} that returns a report of a refused token.
 * @throws {JwtkitError} STORE_UNAVAILABLE, USAGE_INVALID, and what the source throws.
 */
export async function reportTokenFrom(
  token: string,
  policy: VerifyPolicy,
  fromDeps: VerifyFromDeps,
): Promise<VerificationReport> {
  requireSource(fromDeps);
  const { source, now, denylist } = fromDeps;
  const reportWith = (keys: readonly Key[]) => {
    return reportToken(token, policy, { keys, skipped: source.skipped?.(now), now, denylist });
  };
  const report = await reportWith(await source.keys(now));
  if (report.code !== 'KEY_NOT_FOUND') return report;
  const newer = await source.refresh?.(now);
  return newer === undefined ? report : reportWith(newer);
}

const depKinds: OptionKinds<VerifyFromDeps> = {
  source: 'checked elsewhere',
  now: 'checked elsewhere',
  denylist: 'checked elsewhere',
};

/** Refuses bad arguments, such as a clock in milliseconds, before anything is fetched. Throws USAGE_INVALID. */
function requireSource(deps: VerifyFromDeps): void {
  checkDeps('the third argument', deps, '{ source, now }', depKinds);
  requireNow(deps.now);
  if (typeof (deps.source as KeySource | undefined)?.keys === 'function') return;
  throw new JwtkitError('USAGE_INVALID', `source is ${describeArgument(deps.source)}, not a KeySource`, {
    hint: 'make one: issuerKeys(issuer, { now: () => Date.now() / 1000 }); keys that you have go to verifyToken',
  });
}

/** Calls a function with the keys of a source, and again with newer ones if it throws KEY_NOT_FOUND. */
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

/** Whether two lists hold the same keys in the same order. */
export function areSameKeys(some: readonly Key[], others: readonly Key[]): boolean {
  return some.length === others.length && some.every((key, at) => key === others[at]);
}

/** A source of keys that do not change, with the members of their sets that were left out. */
export function fixedKeys(keys: readonly Key[], skipped: readonly SkippedJwk[] = []): KeySource {
  return { keys: () => Promise.resolve(keys), skipped: () => skipped };
}
