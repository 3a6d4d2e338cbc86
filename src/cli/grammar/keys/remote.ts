/** Fetched keys: `--jwks` and `--issuer-url`, with the user's cache. */
import { isAbsolute, join } from 'node:path';
import { JwtkitError } from '../../../errors.js';
import { mayExist } from '../../../files/read-file.js';
import { maxKeyBytes } from '../../../jose/key.js';
import { isUrl } from '../../../policy/place.js';
import { issuerKeys } from '../../../remote/issuer.js';
import { readJwkSetFile, remoteKeys } from '../../../remote/jwks.js';
import type { RemoteOptions } from '../../../remote/options.js';
import { type DocumentCache, openDocumentCache } from '../../../store/document-cache.js';
import type { KeySource } from '../../../token/key-source.js';
import { readNamed, readSecretFile } from '../../secrets/named-file.js';
import { withWaysOut } from '../../secrets/wrong-file.js';
import { usage } from '../../terminal/errors.js';
import type { Environment, Io } from '../../terminal/io.js';
import { inputName } from '../../terminal/stdin.js';
import { readVariable } from '../../terminal/variables.js';
import type { Invocation } from '../invocation.js';
import { isNamed } from '../unnamed-places.js';
import { readDuration } from '../values.js';
import type { FetchOptions, RemoteKeyOptions, RemoteSource } from './source.js';

/** Trusted keys, and the issuer that published them; it must be the `iss` of what they verify. */
export type TrustedSource = KeySource & { readonly issuer?: string };

/**
 * Returns the keys at a URL, of an issuer, or in a file. A bad address in the policy file is an error of that file.
 * @throws {JwtkitError} USAGE_INVALID, CONFIG_INVALID; for a file FILE_NOT_READABLE and JWKS_INVALID.
 */
export async function openRemoteSource(
  { kind, location }: RemoteSource,
  invocation: Invocation<RemoteKeyOptions>,
  io: Io,
): Promise<TrustedSource> {
  if (kind === 'jwks' && !isUrl(location)) {
    const set = readSet(location, invocation.label('jwks'), io);
    const { keysAt, skipped } = readJwkSetFile(set, inputName(location), io.note);
    return { keys: async (now) => keysAt(now), skipped: () => skipped };
  }
  if (kind === 'jwks' && /^file:/i.test(location)) {
    throw usage(`${invocation.label('jwks')}: a file: URL is not an https URL`, 'leave out file:// before the path');
  }
  const options = { ...(await toRemoteOptions(invocation, io)), token: bearerToken(kind, invocation, io) };
  try {
    return kind === 'jwks' ? remoteKeys(location, options) : { ...issuerKeys(location, options), issuer: location };
  } catch (error) {
    const name = kind === 'jwks' ? 'jwks' : 'issuerUrl';
    if (!(error instanceof JwtkitError) || invocation.origin(name) !== 'config') throw error;
    const message = `${invocation.label(name)}: ${error.message}`;
    throw new JwtkitError('CONFIG_INVALID', message, { hint: error.hint, cause: error });
  }
}

/**
 * Returns what reads the bearer token anew, since such tokens rotate; undefined without one. An address that nobody named gets none:
 * a policy of the working folder would choose who receives it.
 */
function bearerToken(
  kind: RemoteSource['kind'],
  invocation: Invocation<RemoteKeyOptions>,
  io: Io,
): (() => string) | undefined {
  const { jwksTokenFile: file } = invocation.options;
  if (file === undefined) return undefined;
  const label = invocation.label('jwksTokenFile');
  const name = kind === 'jwks' ? 'jwks' : 'issuerUrl';
  if (!isNamed(invocation, name)) {
    throw usage(
      `${label}: the bearer token is not sent to the address in ${invocation.label(name)}, which nobody named`,
      `name the address with ${kind === 'jwks' ? '--jwks' : '--issuer-url'}, or the policy with --config`,
    );
  }
  return () => Buffer.from(readSecretFile(file, label, { maxBytes: maxTokenBytes, note: io.note })).toString('utf8');
}

/** The longest file with a bearer token, in bytes. */
const maxTokenBytes = 65_536;

/** Reads the file of a JWK Set. */
export function readSet(path: string, label: string, io: Io): Uint8Array {
  try {
    const keyring = (folder: string) => `it is a keyring: --keyring ${folder}, or ${label} ${folder}/jwks.json`;
    return withWaysOut(path, { keyring }, () => {
      return readNamed(path, label, { maxBytes: maxKeyBytes, showsPath: true, io });
    });
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.hint !== undefined || path === '-' || mayExist(path)) throw error;
    const hint = 'a URL begins with https://';
    // A URL without its scheme may have a secret in its query.
    if (path.includes('?')) throw new JwtkitError(error.code, `cannot read the file that ${label} names`, { hint });
    throw new JwtkitError(error.code, error.message, { hint, cause: error });
  }
}

/** Reads the options that say how keys are fetched. */
export async function toRemoteOptions(invocation: Invocation<FetchOptions>, io: Io): Promise<RemoteOptions> {
  const { options, env, label } = invocation;
  const { insecureHttp, offline = false } = options;
  const timeout = readDuration(label('timeout'), options.timeout);
  if (timeout === 0) throw usage(`${label('timeout')}: must be at least 1 second`);
  if (timeout !== undefined && timeout > 3600) throw usage(`${label('timeout')}: must be at most 1 hour`);
  if (offline && options.cache === false) throw usage(`${label('offline')} and --no-cache exclude each other`);
  const cache = options.cache === false ? undefined : await openCache(invocation, io);
  return { now: io.now, timeout, insecureHttp, offline, env, cache };
}

/** Opens the cache. Without `--offline` a cache that cannot be trusted is not used. */
async function openCache({ options, env }: Invocation<FetchOptions>, io: Io): Promise<DocumentCache | undefined> {
  const folder = cacheFolder(env);
  if (folder === undefined) return undefined;
  try {
    return openDocumentCache(folder, { now: io.now });
  } catch (error) {
    if (!(error instanceof JwtkitError) || options.offline === true) throw error;
    io.note(error.message);
    return undefined;
  }
}

/** Returns the user's cache folder; undefined without a home folder. */
function cacheFolder(env: Environment): string | undefined {
  const named = readVariable(env, 'JWTKIT_CACHE_DIR');
  if (named !== undefined) return named;
  // An empty variable of the system counts as not set.
  const { LOCALAPPDATA: local, HOME: home, XDG_CACHE_HOME: xdg } = env;
  if (process.platform === 'win32') return local ? join(local, 'jwtkit', 'Cache') : undefined;
  if (process.platform === 'darwin') return home ? join(home, 'Library', 'Caches', 'jwtkit') : undefined;
  // The XDG Base Directory Specification ignores a relative path.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'jwtkit');
  return home ? join(home, '.cache', 'jwtkit') : undefined;
}
