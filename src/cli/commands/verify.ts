import type { Command } from 'commander';
import { splitScope, type TokenType } from '../../token/claims.js';
import type { RequiredClaim, VerifyPolicy } from '../../token/policy.js';
import type { Check, VerificationReport } from '../../token/verify.js';
import { exitCodes } from '../exit-codes.js';
import { readToken } from '../input.js';
import type { Context } from '../io.js';
import type { KeyOptions, RemoteKeyOptions } from '../keys.js';
import {
  addBatchOptions,
  addCommonOptions,
  addExamples,
  addKeyOptions,
  addRemoteOptions,
  addStoreOption,
  algorithmsOption,
  type BatchFlags,
  batchOption,
  clockOption,
  durationOption,
  excludeFromBatch,
  type Invocation,
  option,
  parsePair,
  readInvocation,
  refuseToken,
  usage,
} from '../options.js';
import { alignColumns, escapeText, noteStaleKeys, type Painter, painterFor, printClaim, printJson } from '../output.js';
import { type StoreOptions, withDenylist } from '../stores.js';
import { findClaim } from './decode.js';

interface VerifyOptions extends KeyOptions, RemoteKeyOptions, StoreOptions, BatchFlags {
  alg?: string[];
  type?: TokenType | 'any';
  iss?: string[];
  aud?: string[];
  sub?: string;
  scope?: string[];
  role?: string[];
  typ?: string;
  /** Text from flags; the policy file's are read already. */
  require?: (string | RequiredClaim)[];
  maxAge?: string;
  leeway?: string;
  allowNoExp?: boolean;
  allowExpiredCert?: boolean;
  at?: string;
  claim?: string;
  quiet?: boolean;
  claims?: boolean;
  onlyInvalid?: boolean;
}

export function registerVerify(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('verify')
    .description('Check a token against keys that you trust; exit 0, or the code that says why not.')
    .argument('[token]', 'the token; - or a pipe for stdin')
    .addOption(
      option('--alg <names>', 'allow only these algorithms; commas or repeated').from('JWTKIT_ALG').repeatable(),
    )
    .addOption(
      option('--type <type>', 'claim type; without it, access or no type passes').choices(['access', 'refresh', 'any']),
    )
    .addOption(option('--iss <issuer>', 'accepted issuer; repeatable, any of them').from('JWTKIT_ISS').repeatable())
    .addOption(option('--aud <audience>', 'accepted audience; repeatable, any of them').from('JWTKIT_AUD').repeatable())
    .addOption(option('--sub <id>', 'expected subject'))
    .addOption(option('--scope <scope>', 'scope tokens that must be there, all; repeatable').repeatable())
    .addOption(option('--role <role>', 'role that must be there; repeatable, all of them').repeatable())
    .addOption(option('--typ <type>', 'header typ, such as at+jwt'))
    .addOption(
      option('--require <claim>', 'claim that must be there: name, name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(option('--max-age <duration>', 'greatest age since iat').from('JWTKIT_MAX_AGE'))
    .addOption(option('--leeway <duration>', 'clock difference to bear with (default: 0)').from('JWTKIT_LEEWAY'))
    .addOption(option('--allow-no-exp', 'accept a token without exp'))
    .addOption(option('--allow-expired-cert', 'trust the key of a certificate that has expired'))
    .addOption(option('--at <moment>', 'take this for the current time'))
    .addOption(option('--claim <path>', 'print only this claim of the verified token, raw'))
    .addOption(option('-q, --quiet', 'print nothing, the exit code says it'));
  addBatchOptions(command, 'a token a line in, a JSON verdict a line out')
    .addOption(option('--claims', 'of a batch: the verified claims beside each verdict'))
    .addOption(option('--only-invalid', 'of a batch: only the verdicts of refused tokens'));
  addKeyOptions(command, 'verify');
  addRemoteOptions(command);
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit verify "$TOKEN"',
    'jwtkit verify "$TOKEN" --key verify.pem --alg RS256 --iss https://issuer.example --aud api',
    'jwtkit verify "$TOKEN" --scope "read write" --role admin --max-age 1h',
    'jwtkit verify "$TOKEN" --jwks .jwtkit/jwks.json',
    'USER_ID=$(jwtkit verify "$TOKEN" --claim sub)',
    'echo "Bearer $TOKEN" | jwtkit verify --quiet',
    'printf "%s\\n" "$TOKEN" "$TOKEN" | jwtkit verify --batch --only-invalid',
  ]);
  command.action(async (argument: string | undefined) => {
    const invocation = readInvocation<VerifyOptions>(command, io);
    const { options, env, config } = invocation;
    const now = clockOption(options.at, io);
    const demands = toPolicy(invocation);
    const { trustedSource } = await import('../keys.js');
    const { reportTokenFrom } = await import('../../token/key-source.js');
    const { verdictError } = await import('../../token/verify.js');
    const source = await trustedSource(invocation, now, io);
    const policy = { ...demands, issuer: requiredIssuer(source.issuer, invocation) };
    const batch = batchOption(options);
    if (batch !== undefined) {
      refuseToken(argument);
      const { runBatch } = await import('../batch/run.js');
      const { claims: showClaims = false, onlyInvalid = false, store: location, keyring } = options;
      const store = { ...(location && { store: location }), ...(keyring && { keyring }) };
      const job = { kind: 'verify', policy, now, store, showClaims, onlyInvalid } as const;
      try {
        return await runBatch(job, { ...batch, source }, context);
      } finally {
        await noteStaleKeys(source.fetched?.(), options.color, env, io);
      }
    }
    const token = readToken(argument, io);
    const report = await withDenylist(invocation, 'read', io, (denylist) => {
      return reportTokenFrom(token, policy, { source, now, denylist });
    });
    const fetched = source.fetched?.();
    if (options.quiet === true) {
      if (report.code !== null) context.exitCode = exitCodes[report.code];
      return;
    }
    await noteStaleKeys(fetched, options.color, env, io);
    if (options.claim !== undefined && report.valid) {
      return printClaim(io, findClaim(report.claims ?? {}, options.claim), options.json);
    }
    if (options.json === true) {
      const applied = config === undefined ? {} : { config: config.file };
      printJson(io, { ...report, ...(fetched === undefined ? {} : { fetched }), ...applied });
    } else if (options.claim === undefined)
      io.stdout.write(renderReport(report, await painterFor(io.stdout, options.color, env)));
    if (!report.valid) throw verdictError(report);
  });
}

/** The issuer that the keys were found by, which `--iss` may repeat and cannot replace. */
function requiredIssuer(
  found: string | undefined,
  { options, label }: Invocation<VerifyOptions>,
): readonly string[] | undefined {
  if (found === undefined || options.iss === undefined || options.iss.includes(found)) {
    return found === undefined ? options.iss : [found];
  }
  throw usage(
    `${label('iss')} and ${label('issuerUrl')} contradict each other`,
    'the URL of --issuer-url is the iss that its keys may verify, character by character',
  );
}

function toPolicy({ options, label }: Invocation<VerifyOptions>): VerifyPolicy {
  if (options.batch !== undefined) excludeFromBatch({ '--quiet': options.quiet, '--claim': options.claim });
  else if (options.claims === true || options.onlyInvalid === true) {
    throw usage(`${options.claims === true ? '--claims' : '--only-invalid'} is for --batch`);
  }
  if (options.quiet === true && (options.json === true || options.claim !== undefined)) {
    throw usage(`--quiet and ${options.json === true ? '--json' : '--claim'} exclude each other`);
  }
  return {
    algorithms: algorithmsOption(label('alg'), options.alg),
    type: options.type,
    issuer: options.iss,
    audience: options.aud,
    subject: options.sub,
    scope: options.scope?.flatMap(splitScope),
    role: options.role,
    typ: options.typ,
    require: options.require?.map(parseRequire),
    maxAge: durationOption(label('maxAge'), options.maxAge),
    leeway: durationOption(label('leeway'), options.leeway),
    allowNoExp: options.allowNoExp,
    allowExpiredCertificate: options.allowExpiredCert,
  };
}

function parseRequire(text: string | RequiredClaim): RequiredClaim {
  if (typeof text !== 'string') return text;
  return text.includes('=') ? parsePair('--require', text) : { name: text };
}

function renderReport(report: VerificationReport, paint: Painter): string {
  const style = { passed: paint.green, failed: paint.red, skipped: paint.dim };
  const lines = alignColumns(
    report.checks.map(({ status, name, message }) => [status, escapeText(name), escapeText(message)]),
  );
  const dressed = lines.map((line, at) => {
    const status = (report.checks[at] as Check).status;
    return `${style[status](line.slice(0, status.length))}${line.slice(status.length)}`;
  });
  const verdict = report.valid ? paint.green('valid') : `${paint.red('refused')} ${report.code}`;
  return `${[...dressed, verdict].join('\n')}\n`;
}
