import type { Command } from 'commander';
import type { VerifyPolicy } from '../../token/policy.js';
import { anyAudienceOption, audienceOption } from '../grammar/audience.js';
import { addBatchOptions, batchClock, readBatch, refuseToken } from '../grammar/batch-options.js';
import { decryptKeyOption, openToken } from '../grammar/decrypt-key.js';
import { denylistPlace, withDenylist } from '../grammar/denylist.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import type { trustedSource } from '../grammar/keys/trusted.js';
import { option } from '../grammar/option.js';
import {
  addReportOptions,
  hasReports,
  type ReportPlan,
  readReportPlan,
  verdictFormats,
} from '../grammar/report-options.js';
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
import { addTokenOptions, maxSizeOption, readToken, readTokenArgument, tokenFlagOf } from '../grammar/token-options.js';
import { readClock } from '../grammar/values.js';
import { exitCodes } from '../terminal/exit-codes.js';
import type { Context } from '../terminal/io.js';
import { noteStaleKeys } from '../terminal/notes.js';
import { noteSkippedKeys, skippedToJson } from '../terminal/skipped-keys.js';
import { markNotAsked, reportToJson } from '../terminal/verification-report.js';
import { writeVerdict } from './verifying/output.js';
import { readPolicy, type VerifyOptions } from './verifying/policy.js';

export function registerVerify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .description('Check a token with keys that you trust. Exits 0, or with the code of the first problem.')
    .addOption(
      option('--alg <names>', 'allow only these algorithms; commas or repeated').from('JWTKIT_ALG').repeatable(),
    )
    .addOption(
      option('--type <type>', 'the claim type (default: access, or no type)')
        .choices(['access', 'refresh', 'any'])
        .once(),
    )
    .addOption(issuersOption())
    .addOption(audienceOption())
    .addOption(anyAudienceOption())
    .addOption(option('--sub <id>', 'expected subject').once())
    .addOption(option('--scope <scope>', 'required scopes, all of them; repeatable').repeatable())
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
    .addOption(option('--typ <type>', 'required header typ, such as at+jwt').once())
    .addOption(
      option(
        '--require <claim>',
        'required claim: path, path=text, path:=json, or path~=word for one of several; repeatable',
      ).repeatable(),
    )
    .addOption(option('--max-age <duration>', 'longest time since iat').once().from('JWTKIT_MAX_AGE'))
    .addOption(option('--min-ttl <duration>', 'refuse a token that lives less than this').once())
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
  addReportOptions(command, verdictFormats, 'text; of a batch json');
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
    'jwtkit verify "$TOKEN" --aud api --format github --report verdict.xml',
    'jwtkit verify "$TOKEN" --key verify.pem --aud api --no-config --no-store',
  ]);
  command.action(() => verify(command, context));
}

/** What a token is verified with. */
interface Trusted {
  readonly source: Awaited<ReturnType<typeof trustedSource>>;
  readonly policy: VerifyPolicy;
  /** NumericDate at which the token is judged, which `--at` may name. */
  readonly now: number;
  /** NumericDate at which the keys were asked for. */
  readonly started: number;
}

async function verify(command: Command, context: Context): Promise<void> {
  const { io } = context;
  const argument = readTokenArgument(command);
  const invocation = readInvocation<VerifyOptions>(command);
  const { options } = invocation;
  const demands = readPolicy(invocation);
  const plan = readReportPlan(invocation, verdictFormats);
  const batch = readBatch(options);
  // A pipe may be slow, so the clock and the keys are read after the token.
  const wanted = options.type === 'refresh' ? 'refresh' : options.type === 'any' ? 'access' : 'no refresh';
  const given = batch === undefined ? await readToken(argument, invocation, wanted, context) : '';
  const now = readClock(options.at, io);
  const opened = await openToken(given, now, invocation, io);
  const { trustedSource } = await import('../grammar/keys/trusted.js');
  const started = io.now();
  const isWatched = batch !== undefined;
  const source = await trustedSource(invocation, now, io, { isWatched }).catch(async (error) => {
    throw (await import('../grammar/keys/wanted-key.js')).missingKeyError(error, opened.token, invocation);
  });
  const policy = { ...demands, issuer: requiredIssuer(source.issuer, invocation) };
  const trusted = { source, policy, now, started };
  if (batch === undefined) return verifyOne(opened, trusted, plan, invocation, context);
  refuseToken(argument ?? tokenFlagOf(options));
  return verifyBatch(batch, trusted, plan, invocation, context);
}

async function verifyBatch(
  batch: NonNullable<ReturnType<typeof readBatch>>,
  { source, policy, now }: Trusted,
  plan: ReportPlan,
  invocation: Invocation<VerifyOptions>,
  context: Context,
): Promise<void> {
  const { options } = invocation;
  const { io } = context;
  const { runBatch } = await import('../terminal/batch.js');
  const { withClaims: showClaims = false, onlyInvalid = false } = options;
  const store = denylistPlace(invocation, io);
  const open =
    options.format !== undefined || hasReports(plan)
      ? await batchReporter({ ...plan, format: options.format ?? 'json' }, batch.path)
      : undefined;
  const job = { kind: 'verify', policy, store, showClaims, onlyInvalid, hasVerdicts: open !== undefined } as const;
  try {
    await runBatch(job, { ...batch, now: batchClock(options.at, now, io), source }, context, open);
  } finally {
    noteStaleKeys(source.fetched?.(), io);
    noteSkippedKeys(source.skipped?.(), io);
  }
}

async function verifyOne(
  opened: Awaited<ReturnType<typeof openToken>>,
  { source, policy, now, started }: Trusted,
  plan: ReportPlan,
  invocation: Invocation<VerifyOptions>,
  context: Context,
): Promise<void> {
  const { options, config } = invocation;
  const { io } = context;
  const { token } = opened;
  const { reportTokenFrom } = await import('../../token/key-source.js');
  const found = await opened.report(() =>
    withDenylist(invocation, 'read', io, (denylist) => reportTokenFrom(token, policy, { source, now, denylist })),
  );
  if (found.code !== null) context.exitCode = exitCodes[found.code];
  if (options.quiet === true && !hasReports(plan)) return;
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
  const json = { ...shown, fetched, skipped: skippedToJson(source.skipped?.()), config: config?.file };
  await writeVerdict({ report, json, facts }, plan, invocation, context);
}

/** Returns what opens the reports of a batch. */
async function batchReporter(plan: ReportPlan, path: string) {
  const { openBatchReports } = await import('./verifying/batch-reports.js');
  return () => openBatchReports(plan, path);
}
