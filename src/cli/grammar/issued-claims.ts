/** The options that make claims, for `issue` and `encrypt`, and how they become claims and header members. */
import type { Command } from 'commander';
import { JwtkitError } from '../../errors.js';
import { defaultMaxTokenLength } from '../../jose/compact.js';
import { type JsonObject, quoteText } from '../../jose/json.js';
import { textBytes } from '../../jose/text.js';
import { isReference } from '../../jose/unresolved.js';
import { variableName } from '../../jose/variable-name.js';
import { type Claims, isScopeToken, splitScope, type TokenType } from '../../token/claims.js';
import { type ClaimDefault, defineMember, readClaims } from '../../token/given-claims.js';
import type { OwnClaim } from '../../token/issue-policy.js';
import type { ClaimPolicy } from '../../token/new-claims.js';
import { formatDistance, parseMoment } from '../../token/time.js';
import { readNamed } from '../secrets/named-file.js';
import { usage } from '../terminal/errors.js';
import { readContent } from '../terminal/input.js';
import type { Io } from '../terminal/io.js';
import { inputName } from '../terminal/stdin.js';
import type { Invocation } from './invocation.js';
import { type LifetimeOptions, lifetimes } from './lifetimes.js';
import { type Flags, type Lists, option, type Texts } from './option.js';
import { refreshTtlOption, ttlOption } from './shared-options.js';
import { parseOption, parsePair, readClock } from './values.js';

/** The options that set claims. */
export interface ClaimOptions
  extends LifetimeOptions,
    Texts<'sub' | 'nbf' | 'jti' | 'at' | 'claims'>,
    Lists<'aud' | 'scope' | 'role' | 'claim'>,
    Flags<'bare' | 'typeClaim' | 'jtiClaim' | 'iat'> {
  type?: TokenType;
  exp: boolean;
  /** A list where the policy file gives it. */
  iss?: string | string[];
}

/** Adds the options that set claims. */
export function addClaimOptions(command: Command): Command {
  return command
    .addOption(option('--sub <id>', 'subject: whom it is about'))
    .addOption(option('--iss <issuer>', 'issuer: who makes it').from('JWTKIT_ISS'))
    .addOption(option('--aud <audience>', 'audience: whom it is for; repeatable').from('JWTKIT_AUD').repeatable())
    .addOption(option('--scope <scope>', 'scopes, separated by spaces; repeatable').repeatable())
    .addOption(option('--role <role>', 'role; repeatable').repeatable())
    .addOption(option('--claim <name=value>', 'another claim: name=text or name:=json; repeatable').repeatable())
    .addOption(
      option(
        '--claims <file>',
        'claims as JSON, or what decode, verify or issue --json print; - is stdin',
      ).readsStdin(),
    )
    .addOption(ttlOption('lifetime (default: 30m; 7d for a refresh token)'))
    .addOption(refreshTtlOption())
    .addOption(option('--nbf <moment>', 'not valid before: ISO 8601, seconds, or +5m from now'))
    .addOption(option('--jti <id>', 'token ID (default: a random UUID)'))
    .addOption(option('--type <type>', 'the claim type (default: access)').choices(['access', 'refresh']))
    .addOption(option('--no-exp', 'make a token that never expires'))
    .addOption(option('--no-type', 'leave out the claim type').as('typeClaim'))
    .addOption(option('--no-jti', 'leave out the claim jti').as('jtiClaim'))
    .addOption(option('--no-iat', 'leave out the claim iat'))
    .addOption(option('--bare', 'the given claims and exp alone: no type, jti, iat, and no typ in the header'));
}

/** Whether a flag sets a claim, or names the file of claims. */
export function makesClaims({ origin }: Invocation<ClaimOptions>): boolean {
  const names = 'sub type ttl refreshTtl exp bare typeClaim jtiClaim iat iss aud scope role claim claims nbf jti';
  return names.split(' ').some((name) => origin(name as keyof ClaimOptions) === 'flag');
}

/**
 * Refuses options that contradict each other.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkClaimOptions(invocation: Invocation<ClaimOptions>): void {
  const { options, origin } = invocation;
  refuseTogether([
    [!options.exp && origin('ttl') === 'flag', '--no-exp and --ttl'],
    [!options.exp && origin('refreshTtl') === 'flag', '--no-exp and --refresh-ttl'],
    [options.bare === true && options.type !== undefined, '--bare and --type'],
    ...leftOut(invocation).map(
      (name) => [name !== 'iat' && options[name] !== undefined, `--${name} and --no-${name}`] as const,
    ),
  ]);
}

/** Refuses the first pair of options that applies. */
export function refuseTogether(conflicts: readonly (readonly [applies: boolean, names: string])[]): void {
  for (const [applies, names] of conflicts) if (applies) throw usage(`${names} exclude each other`);
}

/** Whether the requested lifetime replaces the `exp` of given claims; `--refresh-ttl` is for refresh tokens alone. */
export function isRedated({ options, origin }: Invocation<ClaimOptions>): boolean | 'refresh' {
  if (!options.exp || origin('ttl') === 'flag') return true;
  return origin('refreshTtl') === 'flag' && 'refresh';
}

/** Returns how claims of each type are completed. */
export function claimPolicies(invocation: Invocation<ClaimOptions>): Record<TokenType, ClaimPolicy> {
  const { options, origin } = invocation;
  const { bare } = options;
  const { accessTtl, refreshTtl } = lifetimes(invocation);
  // --ttl is the lifetime of a single token of either type; its variable gives way to the one for refresh tokens.
  const isForAny = origin('ttl') === 'flag' || origin('ttl') === 'variable';
  const refreshOwn = origin('ttl') === 'flag' ? accessTtl : (refreshTtl ?? (isForAny ? accessTtl : undefined));
  // A bare token has no lifetime by default, and none from a policy for tokens of jwtkit's own kind.
  const bareTtl = isForAny ? accessTtl : undefined;
  const bareRefresh = origin('refreshTtl') === 'flag' ? refreshOwn : bareTtl;
  const ofType = (type: TokenType, ttl: number | undefined): ClaimPolicy => {
    return { bare, without: leftOut(invocation), type: bare ? undefined : type, ttl: options.exp ? ttl : null };
  };
  return {
    access: ofType('access', bare ? bareTtl : accessTtl),
    refresh: ofType('refresh', bare ? bareRefresh : refreshOwn),
  };
}

/** Returns the type of token that claims are for. */
export function typeOf(claims: Claims, { type }: ClaimOptions): TokenType {
  return type ?? (claims.type === 'refresh' ? 'refresh' : 'access');
}

/** Notes that new claims have expired already. */
export function warnIfDead({ exp }: Claims, now: number, io: Io): void {
  if (exp !== undefined && exp <= now) {
    io.note(`the token is already expired, ${formatDistance(exp, now)}; --ttl sets a new lifetime`);
  }
}

/** Returns the claims that `--no-type`, `--no-jti` and `--no-iat` leave out. */
export function leftOut({ options }: Invocation<ClaimOptions>): OwnClaim[] {
  const kept = { type: options.typeClaim, jti: options.jtiClaim, iat: options.iat };
  return (['type', 'jti', 'iat'] as const).filter((name) => kept[name] === false);
}

/** Claims of `--claim` and of the options that have a name of their own; they replace those of the file. */
export function claimsOfOptions(invocation: Invocation<ClaimOptions>, io: Io): Claims {
  const { options, origin } = invocation;
  const isNamed = (name: 'iss' | 'aud') => options[name] !== undefined && origin(name) !== 'config';
  const now = readClock(options.at, io);
  const scope = options.scope?.flatMap(splitScope);
  const bad = scope?.find((token) => !isScopeToken(token));
  if (bad !== undefined) throw usage(`--scope: ${JSON.stringify(bad)} is not a scope token (RFC 6749 §3.3)`);
  noteCommas(invocation, io);
  refuseReferences(invocation, io);
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
  for (const [name, way] of timeOptions) {
    if (typeof fromFlags[name] === 'string')
      throw usage(`claim ${name} is a string, it must be seconds since 1970`, `${way}, or --claim ${name}:=1800000000`);
  }
  const redated = isRedated(invocation);
  const dating = redated === 'refresh' ? '--refresh-ttl' : options.exp ? '--ttl' : '--no-exp';
  if (redated !== false && Object.hasOwn(fromFlags, 'exp')) throw usage(`--claim exp and ${dating} exclude each other`);
  const lost = leftOut(invocation).find((name) => Object.hasOwn(fromFlags, name));
  if (lost !== undefined) throw usage(`--claim ${lost} and --no-${lost} exclude each other`);
  return fromFlags;
}

/** The options that set a time by its distance from now. */
const timeOptions = [
  ['exp', '--ttl 1h'],
  ['nbf', '--nbf +5m'],
  ['iat', '--at -5m'],
] as const;

/** What programs write where a value is missing. */
const emptyWord = /^(?:undefined|null|nil|None|NaN|\[object \w+\])$/;

/**
 * Refuses the name of a variable or a reference to a vault where a claim belongs: the token would say it to every verifier. A form
 * that may be a value is only noted.
 */
function refuseReferences({ options, origin, label }: Invocation<ClaimOptions>, io: Io): void {
  for (const name of ['iss', 'aud', 'sub'] as const) {
    if (options.bare === true && origin(name) === 'config') continue;
    for (const value of [options[name] ?? []].flat()) {
      if (isReference(value)) {
        const hint = 'nothing put the value in its place; a claim that looks so can stand in a file of --claims';
        throw usage(`${label(name)}: ${quoteText(value)} is a name or a reference, not the value behind it`, hint);
      }
      if (emptyWord.test(value)) io.note(`${label(name)}: ${quoteText(value)} is what programs write for no value`);
      else if (variableName.test(value))
        io.note(`${label(name)}: ${quoteText(value)} looks like the name of a variable`);
    }
  }
}

/** Notes a list with commas where each value has a flag of its own. A name in a directory, such as CN=a,OU=b, is no list. */
export function noteCommas({ options, origin, label }: Invocation<Lists<'aud' | 'scope' | 'role'>>, io: Io): void {
  for (const name of ['aud', 'scope', 'role'] as const) {
    if (origin(name) !== 'flag' && origin(name) !== 'variable') continue;
    const values = options[name]?.flatMap((value) => (name === 'scope' ? splitScope(value) : value)) ?? [];
    const list = values.find((value) => /^[^,=]+(?:,[^,=]+)+$/.test(value));
    const way = origin(name) === 'flag' ? `repeat ${label(name)}` : 'separate them by spaces';
    if (list !== undefined)
      io.note(`${label(name)}: ${quoteText(list)} is one value with a comma in it; for several, ${way}`);
  }
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
  const name = inputName(path);
  const content =
    path === '-'
      ? readContent(path, io, defaultMaxTokenLength, '--claims -')
      : readNamed(path, '--claims', {
          maxBytes: defaultMaxTokenLength,
          showsPath: true,
          hint: '--claims takes the name of a file, not what is in it; - reads JSON from a pipe, --claim name=value sets one',
        });
  const text = textBytes(content, (problem, hint) => {
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
