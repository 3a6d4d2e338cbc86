/**
 * Which key signs or verifies: the option, then its `JWTKIT_*` variable, then the policy file, then `SECRET_KEY` with an HMAC
 * `ALGORITHM`, then the keyring in the working folder. There is no fallback secret.
 */
import { createPublicKey } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { Passphrase } from '../jose/encrypted-key.js';
import { exportPublicJwk, type JwkSet, thumbprint } from '../jose/jwk.js';
import { createKey, type Key, maxKeyBytes } from '../jose/key.js';
import { loadKeys, unlockKeys } from '../jose/keys.js';
import { loadSecret } from '../jose/secret.js';
import { openKeyring } from '../store/keyring-directory.js';
import { fixedKeys, type KeySource, type OwnKeySource } from '../token/key-source.js';
import { readNamed, trimLineEnd } from './input.js';
import type { Environment, Io } from './io.js';
import { defaultKeyring, type Invocation, signingAlgorithmOption, usage } from './options.js';
import { type PassphraseOptions, refusePassphrase, withPassphrase } from './passphrase.js';

/** The options by which keys are named; `key` is a list where several may be given. */
export interface KeyOptions extends PassphraseOptions {
  keyring?: string;
  key?: string | string[];
  secretFile?: string;
  secretEnv?: string;
  kid?: string;
}

/** The options by which keys from elsewhere are named, and how they are fetched. */
export interface RemoteKeyOptions {
  jwks?: string;
  issuerUrl?: string;
  timeout?: string;
  insecureHttp?: boolean;
  offline?: boolean;
  /** False for `--no-cache`. */
  cache?: boolean;
}

type NamedSource =
  | { readonly kind: 'key'; readonly paths: readonly string[] }
  | { readonly kind: 'secret-file'; readonly path: string }
  | { readonly kind: 'secret-env'; readonly name: string; readonly label: string; readonly alg?: AlgorithmName }
  | { readonly kind: 'keyring'; readonly directory: string }
  | { readonly kind: 'jwks'; readonly location: string }
  | { readonly kind: 'issuer'; readonly location: string };

const flags = {
  key: '--key',
  secretFile: '--secret-file',
  secretEnv: '--secret-env',
  keyring: '--keyring',
  jwks: '--jwks',
  issuerUrl: '--issuer-url',
} as const;

function findSource({ options, env, config, origin, label }: Invocation<KeyOptions & RemoteKeyOptions>): NamedSource {
  for (const from of ['flag', 'variable', 'config'] as const) {
    const named = (Object.keys(flags) as (keyof typeof flags)[]).filter((name) => origin(name) === from);
    const [first, second] = named;
    if (first === undefined) continue;
    if (second !== undefined) {
      const where = from === 'flag' ? '' : ' (set by variables)';
      throw usage(`${flags[first]} and ${flags[second]} exclude each other${where}`, 'name one source of keys');
    }
    return toSource(first, options, label(first));
  }
  if (config?.namesKeys === true) {
    throw usage(`${config.file}: /keys names keys that do not serve here`, 'name the key with --key or --keyring');
  }
  const alg = frameworkAlgorithm(env);
  if (alg !== undefined) return { kind: 'secret-env', name: 'SECRET_KEY', label: 'SECRET_KEY', alg };
  return { kind: 'keyring', directory: defaultKeyring };
}

function toSource(name: keyof typeof flags, options: KeyOptions & RemoteKeyOptions, label: string): NamedSource {
  switch (name) {
    case 'key':
      return { kind: 'key', paths: [options.key ?? []].flat() };
    case 'secretFile':
      return { kind: 'secret-file', path: options.secretFile as string };
    case 'secretEnv':
      return { kind: 'secret-env', name: options.secretEnv as string, label };
    case 'keyring':
      return { kind: 'keyring', directory: options.keyring as string };
    case 'jwks':
      return { kind: 'jwks', location: options.jwks as string };
    case 'issuerUrl':
      return { kind: 'issuer', location: options.issuerUrl as string };
  }
}

/** `SECRET_KEY` counts only beside an HMAC `ALGORITHM`, so that a stray variable never changes which key signs. */
function frameworkAlgorithm(env: Environment): AlgorithmName | undefined {
  const { SECRET_KEY: secret, ALGORITHM: alg } = env;
  if (secret === undefined || secret === '') return undefined;
  return alg === 'HS256' || alg === 'HS384' || alg === 'HS512' ? alg : undefined;
}

/**
 * The key that signs at `now`. Where it is encrypted its passphrase is asked for on a terminal, unless options name it.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options; what loading the key throws.
 */
export async function signingKey(invocation: Invocation<KeyOptions>, now: number, io: Io): Promise<Key> {
  const { kid } = invocation.options;
  const source = findSource(invocation) as LocalSource;
  if (source.kind === 'keyring') {
    const keyring = openForUse(source.directory, invocation.env);
    return withPassphrase(invocation, io, (passphrase) => keyring.signingKey(now, kid, passphrase));
  }
  if (source.kind !== 'key') {
    refusePassphrase(invocation, 'a shared secret');
    return secretFrom(source, invocation.env, kid);
  }
  const [path] = source.paths as [string];
  const content = readKeyFile(path);
  const [key, ...rest] = await withPassphrase(invocation, io, (passphrase) => {
    return unlockKeys(content, { purpose: 'sign', source: path, kid, passphrase });
  });
  if (key === undefined || rest.length > 0) {
    throw usage(`${path} holds ${rest.length + 1} keys, one signs`, 'keep the signing key in a file of its own');
  }
  return key;
}

/**
 * The algorithm to sign with: the first that the key prefers among those that were asked for or that the policy allows.
 * @throws {JwtkitError} USAGE_INVALID for a policy that allows none of the key's.
 */
export function signingAlgorithm(
  { origin, label }: Invocation<{ alg?: string | string[] }>,
  allowed: readonly AlgorithmName[] | undefined,
  key: Key,
): AlgorithmName | undefined {
  const fitting = key.algorithms.find((alg) => allowed?.includes(alg));
  if (fitting === undefined && origin('alg') === 'config') {
    throw usage(`${label('alg')} allows none of the key's algorithms: ${key.algorithms.join(', ')}`);
  }
  return fitting ?? allowed?.[0];
}

/** A key that signs and what trusts it: renewing a token takes both. */
export interface OwnKeys {
  readonly key: Key;
  readonly keys: readonly Key[];
}

/**
 * The key that signs at `now` and the keys trusted then. Of a private key the public half is trusted.
 * @throws {JwtkitError} as {@link signingKey}.
 */
export async function ownKeys(invocation: Invocation<KeyOptions>, now: number, io: Io): Promise<OwnKeys> {
  const key = await signingKey(invocation, now, io);
  const source = findSource(invocation) as LocalSource;
  if (source.kind === 'keyring') return { key, keys: localKeys(source, invocation.env, now) };
  if (key.keyObject.type === 'secret') return { key, keys: [key] };
  const alg = key.algorithms.length === 1 ? key.algorithms[0] : undefined;
  return { key, keys: [createKey(createPublicKey(key.keyObject), { source: key.source, kid: key.kid, alg })] };
}

/**
 * The keys of a service, as they are whenever they are asked for: those of a keyring may change while it runs. The key that
 * signs now is opened, so that its passphrase can be asked for; it opens later keys too.
 * @throws {JwtkitError} as {@link signingKey}.
 */
export async function ownKeySource(
  invocation: Invocation<KeyOptions & { alg?: string | string[] }>,
  io: Io,
): Promise<OwnKeySource> {
  const now = io.now();
  const source = findSource(invocation) as LocalSource;
  if (source.kind === 'keyring') {
    const { watchKeyring } = await import('../store/keyring-watch.js');
    openForUse(source.directory, invocation.env);
    return withPassphrase(invocation, io, async (passphrase) => {
      let known: Promise<Passphrase | undefined> | undefined;
      const watched = watchKeyring(source.directory, (name) => {
        known ??= Promise.resolve(typeof passphrase === 'function' ? passphrase(name) : passphrase);
        return known;
      });
      await watched.signingKey(now);
      return watched;
    });
  }
  const own = await ownKeys(invocation, now, io);
  if (own.key.keyObject.type === 'secret') return { ...fixedKeys(own.keys), signingKey: async () => own.key };
  const kid = own.key.kid ?? thumbprint(createPublicKey(own.key.keyObject));
  const keys = own.keys.map((key) => ({ ...key, kid }));
  const alg = signingAlgorithm(invocation, signingAlgorithmOption(invocation), own.key) ?? own.key.algorithms[0];
  const set: JwkSet = {
    keys: keys.map(({ keyObject }) => ({ ...exportPublicJwk(keyObject), kid, use: 'sig', ...(alg && { alg }) })),
  };
  return { ...fixedKeys(keys), signingKey: async () => ({ ...own.key, kid }), publishedSet: () => set };
}

/** Trusted keys, and the issuer that they were found by, who must be the `iss` of what they verify. */
export interface TrustedSource extends KeySource {
  readonly issuer?: string;
}

/**
 * The keys trusted at `now`, or where to fetch them.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options; what loading the keys throws.
 */
export async function trustedSource(
  invocation: Invocation<KeyOptions & RemoteKeyOptions>,
  now: number,
  io: Io,
): Promise<TrustedSource> {
  const source = findSource(invocation);
  if (source.kind !== 'jwks' && source.kind !== 'issuer') return fixedKeys(localKeys(source, invocation.env, now));
  const { openRemoteSource } = await import('./remote-keys.js');
  return openRemoteSource(source, invocation, io);
}

/** What can also sign: commands that sign declare no option for keys from elsewhere. */
type LocalSource = Exclude<NamedSource, { kind: 'jwks' } | { kind: 'issuer' }>;

function localKeys(source: LocalSource, env: Environment, now: number): Key[] {
  switch (source.kind) {
    case 'keyring':
      return openForUse(source.directory, env).verificationKeys(now);
    case 'key':
      return source.paths.flatMap((path) => loadKeys(readKeyFile(path), { purpose: 'verify', source: path }));
    default:
      return [secretFrom(source, env)];
  }
}

function readKeyFile(path: string): Buffer {
  return readNamed(path, '--key', { maxBytes: maxKeyBytes, showsPath: true });
}

function secretFrom(
  source: Extract<NamedSource, { kind: 'secret-file' | 'secret-env' }>,
  env: Environment,
  kid?: string,
): Key {
  if (source.kind === 'secret-file') {
    return loadSecret(trimLineEnd(readNamed(source.path, '--secret-file', { maxBytes: maxKeyBytes })), {
      source: source.path,
      kid,
    });
  }
  const secret = env[source.name];
  if (secret === undefined || secret === '') {
    throw usage(
      `the variable that ${source.label} names is not set`,
      `${source.label} takes the name of a variable, not the secret`,
    );
  }
  return loadSecret(secret, { source: source.name, kid, alg: source.alg });
}

function openForUse(directory: string, env: Environment) {
  try {
    return openKeyring(directory);
  } catch (error) {
    const isStray = env.SECRET_KEY !== undefined && env.SECRET_KEY !== '';
    if (!(error instanceof JwtkitError) || error.code !== 'KEYRING_NOT_FOUND' || !isStray) throw error;
    throw new JwtkitError(error.code, error.message, {
      hint: 'SECRET_KEY counts only together with ALGORITHM=HS256, HS384 or HS512',
    });
  }
}
