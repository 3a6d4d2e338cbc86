/** The keys that a command trusts to verify: of a file, a variable, a keyring or an issuer. */
import { JwtkitError } from '../../../errors.js';
import type { SkippedJwk } from '../../../jose/jwk-set.js';
import type { Key } from '../../../jose/key.js';
import { openKeyring } from '../../../store/keyring/directory.js';
import { fixedKeys } from '../../../token/key-source.js';
import type { Environment, Io } from '../../terminal/io.js';
import type { Invocation } from '../invocation.js';
import type { TrustedSource } from './remote.js';
import { findSource, type KeyOptions, type LocalSource, type RemoteKeyOptions } from './source.js';

/** Returns the keys trusted at `now`, or where to fetch them. A batch watches its keyring: it may run for days. */
export async function trustedSource(
  invocation: Invocation<KeyOptions & RemoteKeyOptions>,
  now: number,
  io: Io,
  { isWatched = false } = {},
): Promise<TrustedSource> {
  const source = findSource(invocation, io);
  if (source.kind === 'keyring' && isWatched) {
    const { watchKeyring } = await import('../../../store/keyring/watch.js');
    openNamedKeyring(source.directory, invocation.env);
    return watchKeyring(source.directory);
  }
  if (source.kind !== 'jwks' && source.kind !== 'issuer') {
    const skipped: SkippedJwk[] = [];
    const keys = await loadTrusted(source, invocation, now, io, (each) => skipped.push(each));
    return fixedKeys(keys, skipped);
  }
  const { openRemoteSource } = await import('./remote.js');
  return openRemoteSource(source, invocation, io);
}

/** Loads the keys that a source trusts at `now`. Calls `onSkipped` for each member of a set that is left out. */
export async function loadTrusted(
  source: LocalSource,
  invocation: Invocation<KeyOptions>,
  now: number,
  io: Io,
  onSkipped?: (skipped: SkippedJwk) => void,
): Promise<Key[]> {
  if (source.kind === 'keyring') return openNamedKeyring(source.directory, invocation.env).verificationKeys(now);
  const { loadGivenKeys } = await import('./given.js');
  return loadGivenKeys(source, invocation, io, onSkipped);
}

/** Runs an action with a token; the error for a signature that does not hold says if another reading of a secret fits. */
export async function withSecretHints<T>(token: string, keys: readonly Key[], action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.code !== 'SIGNATURE_INVALID') throw error;
    const { refusalWithSecretHint } = await import('./secret-hint.js');
    throw refusalWithSecretHint(error, token, keys);
  }
}

/** Opens a keyring. If there is none, the hint says why a `SECRET_KEY` is not used. */
export function openNamedKeyring(directory: string, env: Environment) {
  try {
    return openKeyring(directory);
  } catch (error) {
    const hasSecret = env.SECRET_KEY !== undefined && env.SECRET_KEY !== '';
    if (!(error instanceof JwtkitError) || error.code !== 'KEYRING_NOT_FOUND' || !hasSecret) throw error;
    throw new JwtkitError(error.code, error.message, {
      hint: 'SECRET_KEY counts only together with ALGORITHM=HS256, HS384 or HS512',
    });
  }
}
