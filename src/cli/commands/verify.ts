import type { Command } from 'commander';
import { defaultMaxTokenLength } from '../../jose/compact.js';
import { splitScope, type TokenType } from '../../token/claims.js';
import type { VerifyPolicy } from '../../token/policy.js';
import { parseRequiredClaim, type RequiredClaim } from '../../token/required-claim.js';
import { type AudienceOptions, anyAudienceOption, audienceDemand, audienceOption } from '../grammar/audience.js';
import {
  addBatchOptions,
  type BatchFlags,
  batchClock,
  excludeFromBatch,
  readBatch,
  refuseToken,
} from '../grammar/batch-options.js';
import { decryptKeyOption, openToken } from '../grammar/decrypt-key.js';
import { denylistPlace, type StoreOptions, withDenylist } from '../grammar/denylist.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import type { KeyOptions, RemoteKeyOptions } from '../grammar/keys/source.js';
import { readLeeway } from '../grammar/lifetimes.js';
import { type Flags, type Lists, option, type Texts } from '../grammar/option.js';
import { requiredIssuer } from '../grammar/required-issuer.js';
import {
  addCommonOptions,
  addKeyOptions,
  addNoStoreOption,
  addRemoteOptions,
  addStoreOption,
  atOption,
  issuersOption,
  leewayOption,
} from '../grammar/shared-options.js';
import {
  addTokenOptions,
  maxSizeOption,
  readMaxSize,
  readToken,
  readTokenArgument,
  type TokenFlags,
  tokenFlagOf,
} from '../grammar/token-options.js';
import { readAlgorithms, readClock, readDuration } from '../grammar/values.js';
import { painterFor } from '../terminal/colour.js';
import { malformedHint, usage } from '../terminal/errors.js';
import { exitCodes } from '../terminal/exit-codes.js';
import type { Context } from '../terminal/io.js';
import { noteStaleKeys } from '../terminal/notes.js';
import { printClaim, printJson } from '../terminal/output.js';
import { noteSkippedKeys, skippedToJson } from '../terminal/skipped-keys.js';
import { markNotAsked, renderReport, reportToJson } from '../terminal/verification-report.js';
import { findClaim } from './decode.js';

interface VerifyOptions
  extends KeyOptions,
    RemoteKeyOptions,
    StoreOptions,
    BatchFlags,
    TokenFlags,
    AudienceOptions,
    Texts<'sub' | 'typ' | 'maxSize' | 'maxAge' | 'minTtl' | 'leeway' | 'at' | 'claim' | 'scopeClaim' | 'roleClaim'>,
    Lists<'alg' | 'iss' | 'scope' | 'role' | 'decryptKey'>,
    Flags<'allowNoExp' | 'allowExpiredCert' | 'quiet' | 'verbose' | 'withClaims' | 'onlyInvalid'> {
  type?: TokenType | 'any';
  /** Texts from flags; those of the policy file are parsed already. */
  require?: (string | RequiredClaim)[];
}

export function registerVerify(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('verify')
    .description('Check a token with keys that you trust. Exits 0, or with the code of the first problem.')
    .addOption(
      option('--alg <names>', 'allow only these algorithms; commas or repeated').from('JWTKIT_ALG').repeatable(),
    )
    .addOption(
      option('--type <type>', 'the claim type (default: access, or no type)').choices(['access', 'refresh', 'any']),
    )
    .addOption(issuersOption())
    .addOption(audienceOption())
    .addOption(anyAudienceOption())
    .addOption(option('--sub <id>', 'expected subject'))
    .addOption(option('--scope <scope>', 'required scope tokens, all of them; repeatable').repeatable())
    .addOption(
      option('--scope-claim <path>', 'where the token has its scopes (default: scope and scp)').from(
        'JWTKIT_SCOPE_CLAIM',
      ),
    )
    .addOption(option('--role <role>', 'required role; repeatable, all of them').repeatable())
    .addOption(
      option('--role-claim <path>', 'where the token has its roles (default: role and roles)').from(
        'JWTKIT_ROLE_CLAIM',
      ),
    )
    .addOption(option('--typ <type>', 'required header typ, such as at+jwt'))
    .addOption(
      option(
        '--require <claim>',
        'required claim: path, path=text, path:=json, or path~=word for one of several; repeatable',
      ).repeatable(),
    )
    .addOption(option('--max-age <duration>', 'longest time since iat').from('JWTKIT_MAX_AGE'))
    .addOption(option('--min-ttl <duration>', 'refuse a token that lives less than this'))
    .addOption(leewayOption())
    .addOption(option('--allow-no-exp', 'accept a token without exp'))
    .addOption(option('--allow-expired-cert', 'trust the key of an expired certificate'))
    .addOption(atOption())
    .addOption(option('--claim <path>', 'print only this claim of a valid token, raw'))
    .addOption(option('--verbose', 'report also the checks that nobody asked for'))
    .addOption(option('-q, --quiet', 'print nothing; the exit code is the verdict'));
  addTokenOptions(command).addOption(maxSizeOption('64K'));
  addBatchOptions(command, 'a token a line in, a JSON verdict a line out')
    .addOption(option('--with-claims', 'of a batch: print the claims of valid tokens').formerly('--claims'))
    .addOption(option('--only-invalid', 'of a batch: print only refused tokens'));
  addKeyOptions(command, 'verify').addOption(decryptKeyOption());
  addRemoteOptions(command);
  addStoreOption(command);
  addNoStoreOption(command);
  addCommonOptions(command, [
    'jwtkit verify "$TOKEN" --aud api',
    'jwtkit verify "$TOKEN" --key verify.pem --alg RS256 --iss https://issuer.example --aud api',
    'jwtkit verify "$TOKEN" --aud api --scope "read write" --role admin --max-age 1h',
    'jwtkit verify "$TOKEN" --aud api --role admin --role-claim role --require "scope~=read"',
    'jwtkit verify "$TOKEN" --jwks .jwtkit/jwks.json --any-aud',
    'USER_ID=$(jwtkit verify "$TOKEN" --aud api --claim sub)',
    'jwtkit verify "$TOKEN" --aud api --min-ttl 5m',
    'jwtkit verify "$ENCRYPTED" --decrypt-key private.pem',
    'echo "Bearer $TOKEN" | jwtkit verify --aud api --quiet',
    'printf "%s\\n" "$TOKEN" "$TOKEN" | jwtkit verify --aud api --batch --only-invalid',
    'jwtkit verify "$TOKEN" --key verify.pem --aud api --no-config --no-store',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<VerifyOptions>(command);
    const { options, env, config } = invocation;
    const demands = readPolicy(invocation);
    const batch = readBatch(options);
    // A pipe may be slow, so the clock and the keys are read after the token.
    const wanted = options.type === 'refresh' ? 'refresh' : options.type === 'any' ? 'access' : 'no refresh';
    const given = batch === undefined ? await readToken(argument, invocation, wanted, context) : '';
    const now = readClock(options.at, io);
    const opened = await openToken(given, now, invocation, io);
    const { token } = opened;
    const { trustedSource } = await import('../grammar/keys/trusted.js');
    const { reportTokenFrom } = await import('../../token/key-source.js');
    const { verdictError } = await import('../../token/verify.js');
    const started = io.now();
    const source = await trustedSource(invocation, now, io, { isWatched: options.batch !== undefined }).catch(
      async (error) => {
        throw (await import('../grammar/keys/wanted-key.js')).missingKeyError(error, token, invocation);
      },
    );
    const policy = { ...demands, issuer: requiredIssuer(source.issuer, invocation) };
    if (batch !== undefined) {
      refuseToken(argument ?? tokenFlagOf(options));
      const { runBatch } = await import('../terminal/batch.js');
      const { withClaims: showClaims = false, onlyInvalid = false } = options;
      const store = denylistPlace(invocation, io);
      const job = { kind: 'verify', policy, store, showClaims, onlyInvalid } as const;
      try {
        return await runBatch(job, { ...batch, now: batchClock(options.at, now, io), source }, context);
      } finally {
        noteStaleKeys(source.fetched?.(), io);
        noteSkippedKeys(source.skipped?.(), io);
      }
    }
    const found = await opened.report(() =>
      withDenylist(invocation, 'read', io, (denylist) => reportTokenFrom(token, policy, { source, now, denylist })),
    );
    if (found.code !== null) context.exitCode = exitCodes[found.code];
    if (options.quiet === true) return;
    const { report: explained, facts } =
      found.valid || opened.isRefused
        ? { report: found, facts: [] }
        : await (await import('../grammar/keys/refused-token.js')).explainRefused(
            found,
            token,
            { source, now, started },
            invocation,
          );
    const report = options.asksStore === false ? markNotAsked(explained) : explained;
    const fetched = source.fetched?.();
    noteStaleKeys(fetched, io);
    // A refusal for want of a key names them.
    if (report.code !== 'KEY_NOT_FOUND') noteSkippedKeys(source.skipped?.(), io);
    const shown = reportToJson(report, token);
    if (options.claim !== undefined && report.valid) {
      return printClaim(io, findClaim(shown.claims ?? {}, options.claim), options.json);
    }
    if (options.json === true) {
      printJson(io, { ...shown, fetched, skipped: skippedToJson(source.skipped?.()), config: config?.file });
    } else if (options.claim === undefined) {
      const paint = await painterFor(io.stdout, options.color, env);
      const hint =
        report.code === 'TOKEN_MALFORMED' ? malformedHint(report.checks[0]?.message ?? '', context) : undefined;
      io.stdout.write(renderReport(report, { paint, facts, hint, isVerbose: options.verbose === true }));
      // On a terminal the report has said it.
      if (io.stdout.isTerminal && io.stderr.isTerminal && options.debug !== true) return;
    }
    if (!report.valid) throw verdictError(report);
  });
}

function readPolicy(invocation: Invocation<VerifyOptions>): VerifyPolicy {
  const { options, label, origin } = invocation;
  if (options.batch !== undefined) {
    excludeFromBatch({
      '--quiet': options.quiet,
      '--claim': options.claim,
      '--max-size': options.maxSize,
      '--decrypt-key': options.decryptKey,
    });
  } else if (options.withClaims === true || options.onlyInvalid === true) {
    throw usage(`${options.withClaims === true ? '--with-claims' : '--only-invalid'} is for --batch`);
  }
  if (options.quiet === true && (options.json === true || options.claim !== undefined)) {
    throw usage(`--quiet and ${options.json === true ? '--json' : '--claim'} exclude each other`);
  }
  for (const [name, place] of [
    ['role', 'roleClaim'],
    ['scope', 'scopeClaim'],
  ] as const) {
    if (origin(place) === 'flag' && options[name] === undefined) throw usage(`${label(place)} is for --${name}`);
  }
  return {
    algorithms: readAlgorithms(label('alg'), options.alg),
    type: options.type,
    issuer: options.iss,
    ...audienceDemand(invocation),
    subject: options.sub,
    scope: options.scope?.flatMap(splitScope),
    scopeClaim: options.scopeClaim,
    role: options.role,
    roleClaim: options.roleClaim,
    typ: options.typ,
    require: options.require?.map(readRequiredClaim),
    maxLength: readMaxSize(options.maxSize, defaultMaxTokenLength),
    maxAge: readDuration(label('maxAge'), options.maxAge),
    minTtl: readDuration(label('minTtl'), options.minTtl),
    leeway: readLeeway(invocation),
    allowNoExp: options.allowNoExp,
    allowExpiredCertificate: options.allowExpiredCert,
  };
}

function readRequiredClaim(given: string | RequiredClaim): RequiredClaim {
  if (typeof given !== 'string') return given;
  return parseRequiredClaim(given, (problem, hint) => usage(`--require: ${problem}`, hint));
}
