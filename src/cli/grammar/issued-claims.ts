/** How the options of `issue` become claims and header members. */
import { JwtkitError } from '../../errors.js';
import { defaultMaxTokenLength } from '../../jose/compact.js';
import type { JsonObject } from '../../jose/json.js';
import { textBytes } from '../../jose/text.js';
import { type Claims, isScopeToken, splitScope, type TokenType } from '../../token/claims.js';
import { type ClaimDefault, defineMember, readClaims } from '../../token/given-claims.js';
import type { OwnClaim } from '../../token/issue-policy.js';
import { parseMoment } from '../../token/time.js';
import { usage } from '../terminal/errors.js';
import { readContent } from '../terminal/input.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import type { Flags, Lists, Texts } from './option.js';
import { parseOption, parsePair, readClock } from './values.js';

/** The options that set claims. */
export interface ClaimOptions
  extends Texts<'sub' | 'nbf' | 'jti' | 'at'>,
    Lists<'aud' | 'scope' | 'role' | 'claim'>,
    Flags<'bare' | 'typeClaim' | 'jtiClaim' | 'iat'> {
  type?: TokenType;
  exp: boolean;
  /** A list where the policy file gives it. */
  iss?: string | string[];
}

/** Returns the claims that `--no-type`, `--no-jti` and `--no-iat` leave out. */
export function leftOut({ options }: Invocation<ClaimOptions>): OwnClaim[] {
  const kept = { type: options.typeClaim, jti: options.jtiClaim, iat: options.iat };
  return (['type', 'jti', 'iat'] as const).filter((name) => kept[name] === false);
}

/** Claims of `--claim` and of the options that have a name of their own; they replace those of the file. */
export function claimsOfOptions(invocation: Invocation<ClaimOptions>, isRedated: boolean, io: Io): Claims {
  const { options, origin } = invocation;
  const isNamed = (name: 'iss' | 'aud') => options[name] !== undefined && origin(name) !== 'config';
  const now = readClock(options.at, io);
  const scope = options.scope?.flatMap(splitScope);
  const bad = scope?.find((token) => !isScopeToken(token));
  if (bad !== undefined) throw usage(`--scope: ${JSON.stringify(bad)} is not a scope token (RFC 6749 §3.3)`);
  const named = {
    iss: isNamed('iss') ? options.iss : undefined,
    sub: options.sub,
    aud: isNamed('aud') ? oneOrSeveral(options.aud ?? []) : undefined,
    scope: scope?.join(' '),
    role: options.role,
    nbf: parseOption('--nbf', options.nbf, (text) => parseMoment(text, now)),
    jti: options.jti,
    type: options.type,
  };
  const fromFlags: Claims = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  addPairs(fromFlags, '--claim', options.claim);
  if (isRedated && Object.hasOwn(fromFlags, 'exp'))
    throw usage(`--claim exp and ${options.exp ? '--ttl' : '--no-exp'} exclude each other`);
  const lost = leftOut(invocation).find((name) => Object.hasOwn(fromFlags, name));
  if (lost !== undefined) throw usage(`--claim ${lost} and --no-${lost} exclude each other`);
  return fromFlags;
}

/** Returns the claims of the policy file, for a token without them; none for a bare token. */
export function claimDefaults({ options, origin, label }: Invocation<ClaimOptions>): ClaimDefault[] {
  if (options.bare === true) return [];
  return (['iss', 'aud'] as const)
    .filter((name) => origin(name) === 'config')
    .map((name) => ({ name, accepted: [options[name] ?? []].flat(), label: label(name) }));
}

function oneOrSeveral(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

export function readClaimsFile(path: string, io: Io): Claims {
  const name = path === '-' ? 'standard input' : path;
  const text = textBytes(readContent(path, io, defaultMaxTokenLength, '--claims -'), (problem, hint) => {
    return new JwtkitError('FILE_NOT_READABLE', `--claims: ${name} ${problem}`, { hint });
  });
  return readClaims(text, `--claims: ${name}`);
}

/** Adds the members that `--claim` or `--header` name. */
export function addPairs(members: JsonObject, flag: '--claim' | '--header', texts: readonly string[] = []): void {
  for (const text of texts) {
    const { name, value } = parsePair(flag, text);
    const hasOption = flag === '--header' && ['alg', 'kid', 'typ'].includes(name);
    if (hasOption) throw usage(`--header: ${name} has an option of its own, --${name}`);
    if (Object.hasOwn(members, name)) throw usage(`${flag}: ${name} is given twice`);
    defineMember(members, name, value);
  }
}
