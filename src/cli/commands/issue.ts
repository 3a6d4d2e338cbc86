import type { Command } from 'commander';
import { defaultMaxTokenLength } from '../../jose/compact.js';
import { isJsonObject, JsonError, type JsonObject, own, parseJsonObject } from '../../jose/json.js';
import { writeFileWhole } from '../../store/files.js';
import { type Claims, isScopeToken, splitScope, type TokenType } from '../../token/claims.js';
import { formatDistance, parseMoment } from '../../token/time.js';
import { type ClaimDefault, define, fillDefaults } from '../claim-defaults.js';
import { readContent } from '../input.js';
import type { Context, Io } from '../io.js';
import type { KeyOptions } from '../keys.js';
import { lifetimes } from '../lifetimes.js';
import {
  addBatchOptions,
  addCommonOptions,
  addExamples,
  addKeyOptions,
  type BatchFlags,
  batchOption,
  type CommonOptions,
  clockOption,
  excludeFromBatch,
  type Invocation,
  option,
  parseOption,
  parsePair,
  readInvocation,
  signingAlgorithmOption,
  usage,
} from '../options.js';
import { escapeText, printJson } from '../output.js';

interface IssueOptions extends KeyOptions, BatchFlags {
  sub?: string;
  type?: TokenType;
  pair?: boolean;
  ttl?: string;
  refreshTtl?: string;
  exp: boolean;
  /** A list where the policy file gives it. */
  iss?: string | string[];
  aud?: string[];
  scope?: string[];
  role?: string[];
  claim?: string[];
  claims?: string;
  nbf?: string;
  jti?: string;
  header?: string[];
  typ?: string;
  alg?: string | string[];
  at?: string;
  out?: string;
  force?: boolean;
}

export function registerIssue(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('issue')
    .description('Sign a token and print it, alone, on stdout.')
    .addOption(option('--sub <id>', 'subject'))
    .addOption(option('--type <type>', 'claim type (default: access)').choices(['access', 'refresh']))
    .addOption(option('--pair', 'an access and a refresh token, as JSON'))
    .addOption(option('--ttl <duration>', 'lifetime (default: 30m; 7d for a refresh token)').from('JWTKIT_TTL'))
    .addOption(
      option('--refresh-ttl <duration>', "lifetime of a pair's refresh token (default: 7d)").from('JWTKIT_REFRESH_TTL'),
    )
    .addOption(option('--no-exp', 'a token that never expires'))
    .addOption(option('--iss <issuer>', 'issuer').from('JWTKIT_ISS'))
    .addOption(option('--aud <audience>', 'audience; repeatable').from('JWTKIT_AUD').repeatable())
    .addOption(option('--scope <scope>', 'scope tokens, separated by spaces; repeatable').repeatable())
    .addOption(option('--role <role>', 'role; repeatable').repeatable())
    .addOption(option('--claim <name=value>', 'further claim: name=text or name:=json; repeatable').repeatable())
    .addOption(option('--claims <file>', 'claims as a JSON object, or what decode --json prints; - is stdin'))
    .addOption(option('--nbf <moment>', 'not valid before: ISO 8601, seconds, or +5m from now'))
    .addOption(option('--jti <id>', 'token ID (default: a random UUID)'))
    .addOption(
      option('--header <name=value>', 'further header member: name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(option('--typ <type>', 'header typ (default: JWT)'))
    .addOption(option('--alg <name>', "algorithm (default: the key's)").from('JWTKIT_ALG'))
    .addOption(option('--kid <id>', "the keyring's key to sign with; with --key, the kid to name").from('JWTKIT_KID'))
    .addOption(option('--at <moment>', 'take this for the current time'))
    .addOption(option('--out <file>', 'write to a file, mode 0600, instead of stdout'))
    .addOption(option('--force', 'overwrite the file of --out'));
  addBatchOptions(command, 'a JSON object of claims a line in, a token a line out');
  addKeyOptions(command, 'sign');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit issue --sub user-123',
    'jwtkit issue --sub user-123 --aud api --scope "read write" --ttl 15m',
    'jwtkit issue --sub user-123 --claim plan=pro --claim seats:=5',
    'jwtkit issue --sub user-123 --pair',
    'jwtkit issue --sub user-123 --type refresh --ttl 30d --out refresh.jwt',
    'printf \'{"sub":"user-%s"}\\n\' 1 2 3 | jwtkit issue --batch --aud api',
  ]);
  command.action(async () => {
    const invocation = readInvocation<IssueOptions>(command, io);
    const { options, origin } = invocation;
    checkOptions(invocation);
    if (options.out === '-') delete options.out;
    const now = clockOption(options.at, io);
    const batch = batchOption(options);
    const isRedated = !options.exp || origin('ttl') === 'flag';
    const claims = collectClaims(invocation, isRedated, io, now);
    const defaults = claimDefaults(invocation);
    const allowed = signingAlgorithmOption(invocation);
    const header = collectHeader(options.header ?? []);
    const { signingAlgorithm, signingKey } = await import('../keys.js');
    const key = await signingKey(invocation, now, io);
    const policy = { alg: signingAlgorithm(invocation, allowed, key), typ: options.typ, header };
    const { accessTtl, refreshTtl } = lifetimes(invocation);
    // Of a single token --ttl is the lifetime, whichever type it is; a variable gives way to what is meant for the type.
    const isForAny = origin('ttl') === 'flag' || origin('ttl') === 'variable';
    const refreshOwn = origin('ttl') === 'flag' ? accessTtl : (refreshTtl ?? (isForAny ? accessTtl : undefined));
    const policies = {
      access: { ...policy, type: 'access', ttl: options.exp ? accessTtl : null },
      refresh: { ...policy, type: 'refresh', ttl: options.exp ? refreshOwn : null },
      pair: options.pair === true ? { ...policy, accessTtl, refreshTtl } : undefined,
    } as const;
    if (batch !== undefined) {
      const { runBatch } = await import('../batch/run.js');
      const { type, json: asJson = false } = options;
      const job = { kind: 'issue', key, now, policies, type, claims, defaults, isRedated, asJson } as const;
      return runBatch(job, batch, context);
    }
    fillDefaults(claims, defaults);
    const { issueToken, issueTokenPair } = await import('../../token/issue.js');
    const deps = { key, now, newId: io.newId };
    if (policies.pair !== undefined) {
      const pair = await issueTokenPair(claims, policies.pair, deps);
      return options.out === undefined ? printJson(io, pair) : writeOut(options, JSON.stringify(pair), io);
    }
    const type = options.type ?? (claims.type === 'refresh' ? 'refresh' : 'access');
    const issued = await issueToken(claims, policies[type], deps);
    warnIfDead(issued.claims, now, io);
    if (options.out !== undefined) return writeOut(options, issued.token, io);
    if (options.json === true) printJson(io, issued);
    else io.stdout.write(`${issued.token}\n`);
  });
}

function checkOptions({ options, origin }: Invocation<IssueOptions>): void {
  const conflicts = [
    [options.pair === true && options.type !== undefined, '--pair and --type'],
    [options.pair === true && options.jti !== undefined, '--pair and --jti'],
    [options.pair === true && !options.exp, '--pair and --no-exp'],
    [!options.exp && origin('ttl') === 'flag', '--no-exp and --ttl'],
  ] as const;
  if (options.batch !== undefined) {
    excludeFromBatch({ '--claims': options.claims, '--jti': options.jti, '--out': options.out });
  }
  for (const [applies, names] of conflicts) if (applies) throw usage(`${names} exclude each other`);
  if (options.force === true && options.out === undefined) throw usage('--force is for --out');
}

/** Claims of the file, then `--claim`, then the options that have a name of their own; later ones win over the file only. */
function collectClaims(invocation: Invocation<IssueOptions>, isRedated: boolean, io: Io, now: number): Claims {
  const { options, origin } = invocation;
  const isNamed = (name: 'iss' | 'aud') => options[name] !== undefined && origin(name) !== 'config';
  const claims: Claims = options.claims === undefined ? {} : readClaims(options.claims, io);
  const scope = options.scope?.flatMap(splitScope);
  const bad = scope?.find((token) => !isScopeToken(token));
  if (bad !== undefined) throw usage(`--scope: ${JSON.stringify(bad)} is not a scope token (RFC 6749 §3.3)`);
  const fromFlags: Claims = {
    ...(isNamed('iss') ? { iss: options.iss as string } : {}),
    ...(options.sub === undefined ? {} : { sub: options.sub }),
    ...(isNamed('aud') ? { aud: oneOrSeveral(options.aud ?? []) } : {}),
    ...(scope === undefined ? {} : { scope: scope.join(' ') }),
    ...(options.role === undefined ? {} : { role: oneOrSeveral(options.role) }),
    ...(options.nbf === undefined
      ? {}
      : { nbf: parseOption('--nbf', options.nbf, (text) => parseMoment(text, now)) as number }),
    ...(options.jti === undefined ? {} : { jti: options.jti }),
    ...(options.type === undefined ? {} : { type: options.type }),
  };
  for (const text of options.claim ?? []) {
    const { name, value } = parsePair('--claim', text);
    if (Object.hasOwn(fromFlags, name)) throw usage(`--claim: ${name} is given twice`);
    define(fromFlags, name, value);
  }
  for (const name of Object.keys(fromFlags)) define(claims, name, fromFlags[name]);
  if (isRedated && !Object.hasOwn(fromFlags, 'exp')) delete claims.exp;
  if (isRedated && Object.hasOwn(fromFlags, 'exp'))
    throw usage(`--claim exp and ${options.exp ? '--ttl' : '--no-exp'} exclude each other`);
  return claims;
}

/** What the policy file gives a token that does not say it itself. */
function claimDefaults({ options, origin, label }: Invocation<IssueOptions>): ClaimDefault[] {
  return (['iss', 'aud'] as const)
    .filter((name) => origin(name) === 'config')
    .map((name) => ({ name, accepted: [options[name] ?? []].flat(), label: label(name) }));
}

function oneOrSeveral(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

/** A claims object, or the `{"header","claims"}` of `decode --json`, of which the claims are taken. */
function readClaims(path: string, io: Io): Claims {
  const name = path === '-' ? 'standard input' : path;
  let json: JsonObject;
  try {
    json = parseJsonObject(readContent(path, io, defaultMaxTokenLength));
  } catch (error) {
    throw error instanceof JsonError ? usage(`--claims: ${name} ${error.message}`) : error;
  }
  const claims = own(json, 'claims');
  const isDecoded = Object.keys(json).length === 2 && isJsonObject(own(json, 'header')) && isJsonObject(claims);
  return isDecoded ? (claims as Claims) : json;
}

function collectHeader(texts: readonly string[]): JsonObject {
  const header: JsonObject = {};
  for (const text of texts) {
    const { name, value } = parsePair('--header', text);
    if (['alg', 'kid', 'typ'].includes(name)) throw usage(`--header: ${name} has an option of its own, --${name}`);
    if (Object.hasOwn(header, name)) throw usage(`--header: ${name} is given twice`);
    define(header, name, value);
  }
  return header;
}

function warnIfDead({ exp }: Claims, now: number, io: Io): void {
  if (exp !== undefined && exp <= now) {
    io.stderr.write(`note: the token has expired already, ${formatDistance(exp, now)}; --ttl gives it a new life\n`);
  }
}

function writeOut({ out = '', force, json }: IssueOptions & CommonOptions, content: string, io: Io): void {
  writeFileWhole({ path: out, content: `${content}\n`, mode: 0o600 }, { overwrite: force === true });
  if (json === true) printJson(io, { out });
  else io.stderr.write(`wrote ${escapeText(out)}\n`);
}
