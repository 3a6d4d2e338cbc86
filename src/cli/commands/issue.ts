import type { Command } from 'commander';
import { writeFileWhole } from '../../files/write-files.js';
import { readExact, writeJson } from '../../jose/exact-json.js';
import type { JsonObject } from '../../jose/json.js';
import type { Claims, TokenType } from '../../token/claims.js';
import { completeClaims } from '../../token/given-claims.js';
import { formatDistance } from '../../token/time.js';
import { addBatchOptions, type BatchFlags, batchClock, excludeFromBatch, readBatch } from '../grammar/batch-options.js';
import { encryptToOption } from '../grammar/decrypt-key.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import {
  addPairs,
  type ClaimOptions,
  claimDefaults,
  claimsOfOptions,
  leftOut,
  readClaimsFile,
} from '../grammar/issued-claims.js';
import type { KeyOptions } from '../grammar/keys/source.js';
import { type LifetimeOptions, lifetimes } from '../grammar/lifetimes.js';
import { type Flags, type Lists, option, type Texts } from '../grammar/option.js';
import {
  addCommonOptions,
  addKeyOptions,
  addMaskOptions,
  algOption,
  atOption,
  type CommonOptions,
  refreshTtlOption,
  ttlOption,
} from '../grammar/shared-options.js';
import { readClock, readSigningAlgorithms } from '../grammar/values.js';
import { usage } from '../terminal/errors.js';
import type { Context, Io } from '../terminal/io.js';
import { type MaskOptions, maskTokens, refuseUselessMask } from '../terminal/mask.js';
import { afterChange, printJson } from '../terminal/output.js';

interface IssueOptions
  extends KeyOptions,
    BatchFlags,
    LifetimeOptions,
    ClaimOptions,
    Texts<'claims' | 'typ' | 'out' | 'encryptTo'>,
    Lists<'header'>,
    MaskOptions,
    Flags<'pair' | 'force'> {
  alg?: string | string[];
}

export function registerIssue(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('issue')
    .description('Sign a token and print it, alone, on stdout.')
    .addOption(option('--sub <id>', 'subject'))
    .addOption(option('--type <type>', 'the claim type (default: access)').choices(['access', 'refresh']))
    .addOption(option('--pair', 'make an access and a refresh token, as JSON'))
    .addOption(ttlOption('lifetime (default: 30m; 7d for a refresh token)'))
    .addOption(refreshTtlOption())
    .addOption(option('--no-exp', 'make a token that never expires'))
    .addOption(option('--bare', 'sign the given claims and exp alone: no type, jti, iat, and no typ in the header'))
    .addOption(option('--no-type', 'leave out the claim type').as('typeClaim'))
    .addOption(option('--no-jti', 'leave out the claim jti').as('jtiClaim'))
    .addOption(option('--no-iat', 'leave out the claim iat'))
    .addOption(option('--iss <issuer>', 'issuer').from('JWTKIT_ISS'))
    .addOption(option('--aud <audience>', 'audience; repeatable').from('JWTKIT_AUD').repeatable())
    .addOption(option('--scope <scope>', 'scope tokens, separated by spaces; repeatable').repeatable())
    .addOption(option('--role <role>', 'role to put into the token; repeatable').repeatable())
    .addOption(option('--claim <name=value>', 'another claim: name=text or name:=json; repeatable').repeatable())
    .addOption(
      option(
        '--claims <file>',
        'claims as JSON, or what decode, verify or issue --json print; - is stdin',
      ).readsStdin(),
    )
    .addOption(option('--nbf <moment>', 'not valid before: ISO 8601, seconds, or +5m from now'))
    .addOption(option('--jti <id>', 'token ID (default: a random UUID)'))
    .addOption(
      option('--header <name=value>', 'another header member: name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(option('--typ <type>', 'header typ, such as at+jwt; of a pair that of the access token (default: JWT)'))
    .addOption(algOption())
    .addOption(
      option('--kid <id>', "the keyring's key to sign with; with --key, the kid of the header").from('JWTKIT_KID'),
    )
    .addOption(encryptToOption())
    .addOption(atOption())
    .addOption(option('--out <file>', 'write to a file, mode 0600, instead of stdout'))
    .addOption(option('--force', 'overwrite the file of --out'));
  addBatchOptions(command, 'claims as JSON, or what another batch printed, a line in; a token a line out');
  addKeyOptions(command, 'sign');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit issue --sub user-123',
    'jwtkit issue --sub user-123 --aud api --scope "read write" --ttl 15m',
    'jwtkit issue --sub user-123 --claim plan=pro --claim seats:=5',
    'jwtkit issue --sub user-123 --pair',
    'jwtkit issue --sub user-123 --encrypt-to recipient.pem',
    'jwtkit issue --bare --iss 12345 --ttl 10m --key partner-key.pem',
    'jwtkit issue --sub user-123 --type refresh --ttl 30d --out refresh.jwt',
    'printf \'{"sub":"user-%s"}\\n\' 1 2 3 | jwtkit issue --batch --aud api',
  ]);
  command.action(async () => {
    const invocation = readInvocation<IssueOptions>(command);
    const { options, origin } = invocation;
    checkOptions(invocation);
    refuseUselessMask(options, io);
    if (options.out === '-') delete options.out;
    const batch = readBatch(options);
    const isRedated = !options.exp || origin('ttl') === 'flag';
    const given = options.claims === undefined ? {} : readClaimsFile(options.claims, io);
    const fixed = claimsOfOptions(invocation, isRedated, io);
    const defaults = claimDefaults(invocation);
    const allowed = readSigningAlgorithms(invocation);
    const header: JsonObject = {};
    addPairs(header, '--header', options.header);
    const { signingAlgorithm, signingKey, signingKeyFinder } = await import('../grammar/keys/signing.js');
    const { bare } = options;
    const policy = { typ: options.typ, bare, without: leftOut(invocation) };
    const { accessTtl, refreshTtl } = lifetimes(invocation);
    // --ttl is the lifetime of a single token of either type; its variable gives way to the one for refresh tokens.
    const isForAny = origin('ttl') === 'flag' || origin('ttl') === 'variable';
    const refreshOwn = origin('ttl') === 'flag' ? accessTtl : (refreshTtl ?? (isForAny ? accessTtl : undefined));
    // A bare token has no lifetime by default, and none from a policy for tokens of jwtkit's own kind.
    const bareTtl = isForAny ? accessTtl : undefined;
    const ofType = (type: TokenType, ttl: number | undefined) => {
      return { ...policy, type: bare ? undefined : type, ttl: !options.exp ? null : bare ? bareTtl : ttl };
    };
    const policies = {
      access: ofType('access', accessTtl),
      refresh: ofType('refresh', refreshOwn),
      pair: options.pair === true ? { typ: options.typ, accessTtl, refreshTtl } : undefined,
    } as const;
    if (batch !== undefined) {
      const { runBatch } = await import('../terminal/batch.js');
      const { type, nbf, json: asJson = false } = options;
      const texts = { header: writeJson(header), claims: writeJson(fixed) };
      const job = { kind: 'issue', policies, type, ...texts, nbf, defaults, isRedated, asJson } as const;
      const now = readClock(options.at, io);
      const findKey = await signingKeyFinder(invocation, now, io);
      const signer = async (at: number) => {
        const key = await findKey(at);
        return { key, alg: signingAlgorithm(invocation, allowed, key) };
      };
      return runBatch(job, { ...batch, now: batchClock(options.at, now, io), signer }, context);
    }
    const key = await signingKey(invocation, readClock(options.at, io), io);
    // A second look at the clock: claims from a pipe and a typed passphrase may take long.
    const now = readClock(options.at, io);
    const alg = signingAlgorithm(invocation, allowed, key);
    const claims = completeClaims(given, { fixed, defaults, isRedated });
    const { issueToken, issueTokenPair } = await import('../../token/issue.js');
    const deps = { key, now, newId: io.newId };
    if (policies.pair !== undefined) {
      const pair = await issueTokenPair(claims, { ...policies.pair, alg, header }, deps);
      maskTokens([pair.access_token, pair.refresh_token], options, io);
      return options.out === undefined ? printJson(io, pair) : writeOut(options, JSON.stringify(pair), io);
    }
    const type = options.type ?? (claims.type === 'refresh' ? 'refresh' : 'access');
    const issued = await issueToken(claims, { ...policies[type], alg, header }, deps);
    warnIfDead(issued.claims, now, io);
    const token = await encryptFor(options.encryptTo, issued.token, now, invocation, io);
    maskTokens([token], options, io);
    if (options.out !== undefined) return writeOut(options, token, io);
    if (options.json === true) {
      printJson(io, { token, claims: readExact(issued.claimsText, issued.claims) });
    } else io.stdout.write(`${token}\n`);
  });
}

/** Encrypts a token if `--encrypt-to` asks for it. */
async function encryptFor(
  place: string | undefined,
  token: string,
  now: number,
  invocation: Invocation<IssueOptions>,
  io: Io,
): Promise<string> {
  if (place === undefined) return token;
  const { encryptNested } = await import('../grammar/keys/nested.js');
  return encryptNested(token, place, { now, invocation }, io);
}

function checkOptions(invocation: Invocation<IssueOptions>): void {
  const { options, origin } = invocation;
  const left = leftOut(invocation);
  const conflicts = [
    [options.pair === true && options.type !== undefined, '--pair and --type'],
    [options.pair === true && options.jti !== undefined, '--pair and --jti'],
    [options.pair === true && options.encryptTo !== undefined, '--pair and --encrypt-to'],
    [options.pair === true && !options.exp, '--pair and --no-exp'],
    [!options.exp && origin('ttl') === 'flag', '--no-exp and --ttl'],
    [options.bare === true && options.pair === true, '--bare and --pair'],
    [options.bare === true && options.type !== undefined, '--bare and --type'],
    ...left.flatMap((name) => [
      [options.pair === true, `--pair and --no-${name}`] as const,
      [name !== 'iat' && options[name] !== undefined, `--${name} and --no-${name}`] as const,
    ]),
  ] as const;
  if (options.batch !== undefined) {
    const { claims, jti, out, encryptTo, mask } = options;
    excludeFromBatch({ '--claims': claims, '--jti': jti, '--out': out, '--encrypt-to': encryptTo, '--mask': mask });
  }
  for (const [applies, names] of conflicts) if (applies) throw usage(`${names} exclude each other`);
  if (options.force === true && options.out === undefined) throw usage('--force is for --out');
}

function warnIfDead({ exp }: Claims, now: number, io: Io): void {
  if (exp !== undefined && exp <= now) {
    io.note(`the token is already expired, ${formatDistance(exp, now)}; --ttl sets a new lifetime`);
  }
}

function writeOut({ out = '', force, json }: IssueOptions & CommonOptions, content: string, io: Io): void {
  writeFileWhole({ path: out, content: `${content}\n`, mode: 0o600 }, { overwrite: force === true });
  if (json === true) printJson(afterChange(io, `the token was written to ${out}`), { out });
  else io.say(`wrote ${out}`);
}
