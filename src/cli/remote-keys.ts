/** Keys from elsewhere: `--jwks` and `--issuer-url`, with the cache of this user. */
import { isAbsolute, join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { maxKeyBytes } from '../jose/key.js';
import type { RemoteOptions } from '../remote/document.js';
import { issuerKeys } from '../remote/issuer.js';
import { readJwkSet, remoteKeys } from '../remote/jwks.js';
import { openDocumentCache } from '../store/document-cache.js';
import type { DocumentCache } from '../token/key-source.js';
import { readNamed } from './input.js';
import type { Environment, Io } from './io.js';
import type { RemoteKeyOptions, TrustedSource } from './keys.js';
import { durationOption, type Invocation, usage } from './options.js';
import { escapeText, painterFor } from './output.js';

/**
 * The keys at a URL, of an issuer, or in a file.
 * @throws {JwtkitError} USAGE_INVALID, CONFIG_INVALID; for a file FILE_NOT_READABLE and JWKS_INVALID.
 */
export async function openRemoteSource(
  { kind, location }: { kind: 'jwks' | 'issuer'; location: string },
  invocation: Invocation<RemoteKeyOptions>,
  io: Io,
): Promise<TrustedSource> {
  if (kind === 'jwks' && !/^[a-z][a-z\d+.-]*:\/\//i.test(location)) return keysInFile(location);
  const options = await toRemoteOptions(invocation, io);
  try {
    return kind === 'jwks' ? remoteKeys(location, options) : { ...issuerKeys(location, options), issuer: location };
  } catch (error) {
    throw inConfig(error, invocation, kind === 'jwks' ? 'jwks' : 'issuerUrl');
  }
}

/** An address that is refused is a bad member of the policy file where it stands there. */
function inConfig(error: unknown, { origin, label }: Invocation<RemoteKeyOptions>, name: 'jwks' | 'issuerUrl') {
  if (!(error instanceof JwtkitError) || origin(name) !== 'config') return error;
  return new JwtkitError('CONFIG_INVALID', `${label(name)}: ${error.message}`, { hint: error.hint, cause: error });
}

function keysInFile(path: string): TrustedSource {
  const keysAt = readJwkSet(readSet(path), path);
  return { keys: (now) => Promise.resolve(keysAt(now)) };
}

function readSet(path: string): Uint8Array {
  try {
    return readNamed(path, '--jwks', { maxBytes: maxKeyBytes, showsPath: true });
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.hint !== undefined) throw error;
    throw new JwtkitError(error.code, error.message, { hint: 'a URL begins with https://', cause: error });
  }
}

async function toRemoteOptions(invocation: Invocation<RemoteKeyOptions>, io: Io): Promise<RemoteOptions> {
  const { options, env, label } = invocation;
  const { insecureHttp, offline = false } = options;
  const timeout = durationOption(label('timeout'), options.timeout);
  if (timeout === 0) throw usage(`${label('timeout')}: a limit is at least 1 second`);
  if (timeout !== undefined && timeout > 3600) throw usage(`${label('timeout')}: a limit is at most 1 hour`);
  if (offline && options.cache === false) throw usage(`${label('offline')} and --no-cache exclude each other`);
  const cache = options.cache === false ? undefined : await openCache(invocation, io);
  return { now: io.now, timeout, insecureHttp, offline, env, cache };
}

/** A cache that cannot be trusted is done without; offline there is nothing else. */
async function openCache({ options, env }: Invocation<RemoteKeyOptions>, io: Io): Promise<DocumentCache | undefined> {
  const folder = cacheFolder(env);
  if (folder === undefined) return undefined;
  try {
    return openDocumentCache(folder, { now: io.now });
  } catch (error) {
    if (!(error instanceof JwtkitError) || options.offline === true) throw error;
    const paint = await painterFor(io.stderr, options.color, env);
    io.stderr.write(`${paint.yellow('note:')} ${escapeText(error.message)}\n`);
    return undefined;
  }
}

/** The user's cache folder as the system has it; undefined where there is no home. */
function cacheFolder(env: Environment): string | undefined {
  const set = (name: string) => (env[name] === '' ? undefined : env[name]);
  const named = set('JWTKIT_CACHE_DIR');
  if (named !== undefined) return named;
  if (process.platform === 'win32') {
    const local = set('LOCALAPPDATA');
    return local === undefined ? undefined : join(local, 'jwtkit', 'Cache');
  }
  const home = set('HOME');
  if (process.platform === 'darwin') return home === undefined ? undefined : join(home, 'Library', 'Caches', 'jwtkit');
  const xdg = set('XDG_CACHE_HOME');
  // The XDG Base Directory Specification: a relative path is to be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'jwtkit');
  return home === undefined ? undefined : join(home, '.cache', 'jwtkit');
}
