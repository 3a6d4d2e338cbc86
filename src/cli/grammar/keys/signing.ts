/** The key that signs: for one token, for a batch that may run for days, and for a service. */
import { createPublicKey } from 'node:crypto';
import type { AlgorithmName } from '../../../jose/algorithms.js';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import { exportPublicJwk, thumbprint } from '../../../jose/jwk.js';
import { createKey, type Key } from '../../../jose/key.js';
import type { Keyring } from '../../../store/keyring/directory.js';
import { signingAlgorithmOf } from '../../../token/issue.js';
import { fixedKeys, type OwnKeySource } from '../../../token/key-source.js';
import { refusePassphrase, withPassphrase } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import type { Invocation } from '../invocation.js';
import { wholeKid } from '../kids.js';
import { readSigningAlgorithms } from '../values.js';
import { findSource, type KeyOptions, type LocalSource } from './source.js';
import { loadTrusted, openNamedKeyring } from './trusted.js';

function findLocalSource(invocation: Invocation<KeyOptions>, io: Io): LocalSource {
  return findSource(invocation, io) as LocalSource;
}

/** Returns the key that signs at `now`. A terminal asks for the passphrase of an encrypted key, unless an option names it. */
export async function signingKey(
  invocation: Invocation<KeyOptions>,
  now: number,
  io: Io,
  source = findLocalSource(invocation, io),
): Promise<Key> {
  if (source.kind === 'keyring') {
    const keyring = openNamedKeyring(source.directory, invocation.env);
    return withPassphrase(invocation, io, (ask) => keyring.signingKey(now, kidIn(keyring, invocation), ask));
  }
  if (source.kind === 'key' || source.kind === 'key-env') {
    const { loadGivenSigningKey } = await import('./given.js');
    return withPassphrase(invocation, io, (ask) => loadGivenSigningKey(source, invocation, io, ask));
  }
  refusePassphrase(invocation, 'a shared secret');
  const { loadSharedSecret } = await import('./shared-secret.js');
  return loadSharedSecret(source, invocation, io, invocation.options.kid);
}

/** Returns the whole kid of a keyring's key that `--kid` or its variable names, perhaps by its beginning. */
function kidIn({ entries }: Keyring, { options, label }: Invocation<KeyOptions>): string | undefined {
  const kids = entries.map(({ kid }) => kid);
  return options.kid === undefined ? undefined : wholeKid(options.kid, kids, label('kid'));
}

/**
 * Returns the algorithm to sign with: the first that the key prefers among those that `--alg` or the policy allows.
 * @throws {JwtkitError} USAGE_INVALID for a policy that allows none of the key's.
 */
export function signingAlgorithm(
  { origin, label }: Invocation<{ alg?: string | string[] }>,
  allowed: readonly AlgorithmName[] | undefined,
  key: Key,
): AlgorithmName | undefined {
  const fitting = allowed && signingAlgorithmOf(key, allowed);
  if (fitting === undefined && origin('alg') === 'config') {
    throw usage(`${label('alg')} allows none of the key's algorithms: ${key.algorithms.join(', ')}`);
  }
  const [wanted] = allowed ?? [];
  if (fitting === undefined && wanted !== undefined) {
    const message = `algorithm ${wanted} is not allowed by the key, which allows ${key.algorithms.join(', ')}`;
    throw usage(message, hintForAlgorithm(wanted, key));
  }
  return fitting;
}

/** Returns where a key for an algorithm comes from. */
function hintForAlgorithm(alg: AlgorithmName, { keyObject }: Key): string {
  if (!alg.startsWith('HS')) return `a key for ${alg} is made by: jwtkit keygen --alg ${alg}`;
  if (keyObject.type === 'secret') return 'leave out --alg';
  return `${alg} takes a shared secret: --secret-file FILE, --secret-env NAME, or -e .env with SECRET_KEY`;
}

/** Returns the key that signs at `now` and the keys trusted then: for a private key its public half. */
export async function ownKeys(
  invocation: Invocation<KeyOptions>,
  now: number,
  io: Io,
  source = findLocalSource(invocation, io),
): Promise<{ key: Key; keys: readonly Key[] }> {
  const key = await signingKey(invocation, now, io, source);
  if (source.kind === 'keyring') return { key, keys: await loadTrusted(source, invocation, now, io) };
  if (key.keyObject.type === 'secret') return { key, keys: [key] };
  const alg = key.algorithms.length === 1 ? key.algorithms[0] : undefined;
  return { key, keys: [createKey(createPublicKey(key.keyObject), { source: key.source, kid: key.kid, alg })] };
}

/**
 * Returns the keys of a service. The keys of a keyring may change while it runs. The key that signs now is opened at once, so
 * that a terminal asks for its passphrase; the same passphrase opens later keys.
 */
export async function ownKeySource(
  invocation: Invocation<KeyOptions & { alg?: string | string[] }>,
  io: Io,
): Promise<OwnKeySource> {
  const now = io.now();
  const source = findLocalSource(invocation, io);
  if (source.kind === 'keyring') return watchOwnKeyring(source.directory, invocation, now, io);
  const own = await ownKeys(invocation, now, io, source);
  if (own.key.keyObject.type === 'secret') return { ...fixedKeys(own.keys), signingKey: async () => own.key };
  const kid = own.key.kid ?? thumbprint(createPublicKey(own.key.keyObject));
  const keys = own.keys.map((key) => ({ ...key, kid }));
  const alg = signingAlgorithm(invocation, readSigningAlgorithms(invocation), own.key) ?? own.key.algorithms[0];
  const set = {
    keys: keys.map(({ keyObject }) => ({ ...exportPublicJwk(keyObject), kid, use: 'sig', ...(alg && { alg }) })),
  };
  return { ...fixedKeys(keys), signingKey: async () => ({ ...own.key, kid }), publishedSet: () => set };
}

/** Returns a function that finds the key that signs at a moment. A file is read once; the key of a keyring may change. */
export async function signingKeyFinder(
  invocation: Invocation<KeyOptions>,
  now: number,
  io: Io,
  source = findLocalSource(invocation, io),
): Promise<(now: number) => Promise<Key>> {
  if (source.kind === 'keyring') {
    const watched = await watchOwnKeyring(source.directory, invocation, now, io);
    const kid = kidIn(openNamedKeyring(source.directory, invocation.env), invocation);
    return (at) => watched.signingKey(at, kid);
  }
  const key = await signingKey(invocation, now, io, source);
  return async () => key;
}

async function watchOwnKeyring(directory: string, invocation: Invocation<KeyOptions>, now: number, io: Io) {
  const { watchKeyring } = await import('../../../store/keyring/watch.js');
  const kid = kidIn(openNamedKeyring(directory, invocation.env), invocation);
  return withPassphrase(invocation, io, async (ask) => {
    let known: Promise<Passphrase | undefined> | undefined;
    const watched = watchKeyring(directory, (name) => {
      known ??= ask(name);
      return known;
    });
    await watched.signingKey(now, kid);
    return watched;
  });
}
