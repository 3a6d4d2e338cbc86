/** Opens the target that the argument of `probe` names. */
import { createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import packageJson from '../../../../package.json' with { type: 'json' };
import { JwtkitError } from '../../../errors.js';
import { isJsonObject, type JsonObject } from '../../../jose/json.js';
import { isUrl } from '../../../policy/place.js';
import type { LibraryCall } from '../../../probe/libraries/library.js';
import type { Target } from '../../../probe/target.js';
import { isLoopback } from '../../../remote/address.js';
import { connectionProblem } from '../../../store/connection-problem.js';
import type { FixturePlan } from '../../grammar/fixture-options.js';
import type { Invocation } from '../../grammar/invocation.js';
import { usage } from '../../terminal/errors.js';
import { type ProbeFlags, readCarrier, readStatusCodes } from './options.js';

/**
 * Opens a target. `plan` has the key that a library is given; undefined if only a token is known.
 * @throws {JwtkitError} USAGE_INVALID for another target, and for one on another machine without `--remote`; FILE_NOT_READABLE.
 */
export async function openTarget(
  given: string,
  invocation: Invocation<ProbeFlags>,
  plan: FixturePlan | undefined,
): Promise<Target> {
  const { options, env } = invocation;
  const isLibrary = given === 'jsonwebtoken' || given === 'jose';
  if (options.options !== undefined && !isLibrary) throw usage('--options is for jsonwebtoken and jose');
  const ofHttp = (['send', 'method', 'accepted', 'refused', 'remote'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (ofHttp !== undefined && !isUrl(given)) throw usage(`--${ofHttp} is for a URL`);
  if (isUrl(given)) return openUrl(given, options);
  if (given.startsWith('module:')) {
    const { moduleTarget } = await import('../../../probe/module.js');
    const path = resolve(given.slice('module:'.length));
    if (existsSync(path)) return moduleTarget(path);
    throw new JwtkitError('FILE_NOT_READABLE', `cannot load module:${path}: no such file or folder`);
  }
  if (given.startsWith('exec:')) {
    const line = given.slice('exec:'.length).trim();
    if (line === '') throw usage('exec: names no command', "such as exec:'python check.py'");
    const { commandTarget } = await import('../../../probe/command.js');
    return commandTarget(line, env);
  }
  if (!isLibrary) {
    if (/\.[cm]?js$/.test(given) && existsSync(given))
      throw usage(
        `${JSON.stringify(given)} is no target`,
        'did you mean module:FILE? Its default export verifies a token',
      );
    const isAddress = /^[\w.-]+:\d{1,5}(?:\/|$)/.test(given);
    throw usage(
      `${JSON.stringify(given)} is no target`,
      `${isAddress ? `did you mean http://${given}? A` : 'a'} target is a URL, module:./verify.mjs, exec:'python check.py', jsonwebtoken or jose`,
    );
  }
  if (plan === undefined) throw usage('a library needs the key, not a token', '--new-key makes one');
  const { alg, key, at, iss, aud, typ } = plan;
  const trusted = key.type === 'secret' ? key : createPublicKey(key);
  const call: LibraryCall = { alg, key: trusted, at, iss, aud, typ, options: readLibraryOptions(options.options) };
  if (given === 'jose') return (await import('../../../probe/libraries/jose.js')).joseTarget(call);
  return (await import('../../../probe/libraries/jsonwebtoken.js')).jsonwebtokenTarget(call);
}

async function openUrl(given: string, options: ProbeFlags): Promise<Target> {
  if (!URL.canParse(given)) throw usage('the target is no URL');
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw usage('the target is no http or https URL');
  if (url.username !== '' || url.password !== '') throw usage('the URL of the target holds a user name or a password');
  if (options.remote !== true && !isLoopback(url)) {
    throw usage(
      `${url.host} is another machine, and hostile tokens are only for your own`,
      '--remote says that the target is yours to test',
    );
  }
  const { httpTarget } = await import('../../../probe/http.js');
  return httpTarget(url, {
    carrier: readCarrier(options.send),
    method: options.method?.toUpperCase(),
    accepted: readStatusCodes('--accepted', options.accepted ?? '200-299'),
    refused: readStatusCodes('--refused', options.refused ?? '401,403'),
    userAgent: `jwtkit-probe/${packageJson.version} (security test with hostile tokens)`,
    explain: connectionProblem,
  });
}

function readLibraryOptions(text = '{}'): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Refused below, as other JSON is.
  }
  throw usage('--options is no JSON object', `such as --options '{"algorithms":["RS256"]}'`);
}
