/**
 * Which key signs or verifies: the one of a flag, else of a `JWTKIT_*` variable, else of the policy file, else `SECRET_KEY`
 * with an HMAC `ALGORITHM`, else the keyring in the working folder. There is no fallback secret.
 */
import type { AlgorithmName } from '../../../jose/algorithms.js';
import type { SecretEncoding } from '../../../jose/secret-encoding.js';
import { isUrl } from '../../../policy/place.js';
import type { PassphraseOptions } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { envFileLine, readVariable } from '../../terminal/variables.js';
import type { Invocation } from '../invocation.js';
import { isNamed, keyringFolder, refuseUntrusted } from '../unnamed-places.js';

/** The options that name local keys; `key` is a list if several may be given. */
export interface KeyOptions extends PassphraseOptions {
  keyring?: string;
  key?: string | string[];
  /** Names of variables; a list if several may be given. */
  keyEnv?: string | string[];
  secretFile?: string;
  secretEnv?: string;
  secretEncoding?: SecretEncoding;
  kid?: string;
}

/** The options that name remote keys, and how to fetch them. */
export interface RemoteKeyOptions extends FetchOptions {
  jwks?: string;
  issuerUrl?: string;
  jwksTokenFile?: string;
}

/** The options that say how keys are fetched. */
export interface FetchOptions {
  timeout?: string;
  insecureHttp?: boolean;
  offline?: boolean;
  /** False for `--no-cache`. */
  cache?: boolean;
}

/** A source of keys on this machine. Commands that sign have no option for another. */
export type LocalSource =
  | { readonly kind: 'key'; readonly paths: readonly string[]; readonly label: string }
  | { readonly kind: 'key-env'; readonly names: readonly string[]; readonly label: string }
  | { readonly kind: 'secret-file'; readonly path: string; readonly label: string }
  | { readonly kind: 'secret-env'; readonly name: string; readonly label: string; readonly alg?: AlgorithmName }
  | { readonly kind: 'keyring'; readonly directory: string };

/** A JWK Set at a URL or in a file, or an issuer. */
export type RemoteSource =
  | { readonly kind: 'jwks'; readonly location: string }
  | { readonly kind: 'issuer'; readonly location: string };

type Source = LocalSource | RemoteSource;

type Options = KeyOptions & RemoteKeyOptions;

/** The options that name a source, and their flags. */
export const sourceFlags = {
  key: '--key',
  keyEnv: '--key-env',
  secretFile: '--secret-file',
  secretEnv: '--secret-env',
  keyring: '--keyring',
  jwks: '--jwks',
  issuerUrl: '--issuer-url',
} as const;

/** The name of an option that names a source. */
export type SourceName = keyof typeof sourceFlags;

/** The options that name a source of keys. Two that are set in one way, such as by flags, are an error. */
export const sourceNames = Object.keys(sourceFlags) as SourceName[];

function readSource(name: SourceName, options: Options, label: string): Source {
  const values = [options[name] ?? []].flat();
  const [value = ''] = values;
  switch (name) {
    case 'key':
      return { kind: 'key', paths: values, label };
    case 'keyEnv':
      return { kind: 'key-env', names: values, label };
    case 'secretFile':
      return { kind: 'secret-file', path: value, label };
    case 'secretEnv':
      return { kind: 'secret-env', name: value, label };
    case 'keyring':
      return { kind: 'keyring', directory: value };
    case 'jwks':
      return { kind: 'jwks', location: value };
    case 'issuerUrl':
      return { kind: 'issuer', location: value };
  }
}

/**
 * Finds the source of keys of a command.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options; FILE_NOT_TRUSTED for a source that nobody named and that others
 * can write.
 */
export function findSource(invocation: Invocation<Options>, io: Io): Source {
  const source = chooseSource(invocation, io);
  const isSecret = source.kind === 'secret-file' || source.kind === 'secret-env';
  // A variable or a policy may be meant for other commands.
  if (invocation.origin('secretEncoding') === 'flag' && !isSecret) {
    throw usage('--secret-encoding is for a shared secret', 'name the secret with --secret-file or --secret-env');
  }
  const isFetched = source.kind === 'issuer' || (source.kind === 'jwks' && isUrl(source.location));
  if (invocation.origin('jwksTokenFile') === 'flag' && !isFetched) {
    throw usage('--jwks-token-file is for keys that are fetched', 'name their URL with --jwks or --issuer-url');
  }
  return source;
}

function chooseSource(invocation: Invocation<Options>, io: Io): Source {
  const { options, config, origin, label } = invocation;
  for (const from of ['flag', 'variable', 'config'] as const) {
    const [name, other] = sourceNames.filter((each) => origin(each) === from);
    if (name === undefined) continue;
    const flag = sourceFlags[name];
    if (other !== undefined) {
      const where = from === 'flag' ? '' : ' (set by variables)';
      throw usage(`${flag} and ${sourceFlags[other]} exclude each other${where}`, 'name one source of keys');
    }
    // If nobody named the policy file, others must not be able to write the files and folders that it names.
    const mustBeChecked = !['keyEnv', 'secretEnv', 'issuerUrl'].includes(name) && !isNamed(invocation, name);
    for (const path of mustBeChecked ? [options[name] ?? []].flat() : []) {
      if (name === 'jwks' && isUrl(path)) continue;
      refuseUntrusted(path, `${flag} ${path} trusts it, as does --config ${config?.file}`, io);
    }
    return readSource(name, options, label(name));
  }
  if (config?.namesKeys === true) {
    throw usage(`${config.file}: /keys names no key that this command can use`, 'name the key with --key or --keyring');
  }
  const alg = secretKeyAlgorithm(invocation, io);
  if (alg !== undefined) return { kind: 'secret-env', name: 'SECRET_KEY', label: 'SECRET_KEY', alg };
  return { kind: 'keyring', directory: keyringFolder(invocation, io) };
}

/** Returns the algorithm of `SECRET_KEY`. Only an HMAC `ALGORITHM` makes it a key: a stray variable must not sign. */
function secretKeyAlgorithm({ env }: Invocation<KeyOptions>, io: Io): AlgorithmName | undefined {
  const [secret, alg] = [readVariable(env, 'SECRET_KEY'), readVariable(env, 'ALGORITHM')];
  if (secret === undefined) return undefined;
  if (alg === 'HS256' || alg === 'HS384' || alg === 'HS512') return alg;
  // A lone SECRET_KEY of the process belongs to another program; one in an env file is meant for jwtkit.
  if (alg === undefined && envFileLine(env, 'SECRET_KEY') === '') return undefined;
  // ALGORITHM may hold a secret by mistake.
  const isShown = alg !== undefined && /^[\w-]{1,12}$/.test(alg);
  const problem = alg === undefined ? 'is not set; it must be' : isShown ? `is "${alg}", not` : 'is not';
  io.note(`SECRET_KEY is not used: ALGORITHM ${problem} HS256, HS384 or HS512`);
  return undefined;
}
