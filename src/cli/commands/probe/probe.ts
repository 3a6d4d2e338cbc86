import type { Command } from 'commander';
import packageJson from '../../../../package.json' with { type: 'json' };
import { JwtkitError } from '../../../errors.js';
import type { Fixture } from '../../../fixtures/fixture.js';
import { forgeFixtures, makeFixtures } from '../../../fixtures/make.js';
import { fails, probeReport } from '../../../probe/report.js';
import { runProbe } from '../../../probe/run.js';
import { decodeToken } from '../../../token/decode.js';
import { type FixturePlan, readFixturePlan } from '../../grammar/fixture-options.js';
import { type Invocation, readInvocation } from '../../grammar/invocation.js';
import { readReportPlan } from '../../grammar/report-options.js';
import { addCommonOptions } from '../../grammar/shared-options.js';
import { readToken, tokenFlagOf } from '../../grammar/token-options.js';
import { writeReports } from '../../grammar/written-reports.js';
import { usage } from '../../terminal/errors.js';
import { exitCodes } from '../../terminal/exit-codes.js';
import type { Context } from '../../terminal/io.js';
import { openCount } from '../../terminal/progress.js';
import { addProbeOptions, type ProbeFlags, readPause } from './options.js';
import { openTarget } from './targets.js';

export function registerProbe(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('probe')
    .description('Give hostile tokens to your own verifier. Reports which it accepts; exits 19 if one of them counts.');
  addProbeOptions(command);
  addCommonOptions(command, [
    'jwtkit probe http://127.0.0.1:8000/users/me --sub user-123 --aud api',
    'echo "$TOKEN" | jwtkit probe http://127.0.0.1:8000/me --send cookie:sid --token-file -',
    'jwtkit probe module:./verify.mjs --aud api --level should --report junit.xml',
    'jwtkit probe exec:"python check.py" --key partner-key.pem',
    `jwtkit probe jsonwebtoken --new-key --options '{"algorithms":["RS256"]}'`,
  ]);
  command.action(async (given: string) => {
    const invocation = readInvocation<ProbeFlags>(command);
    const { level, rate } = invocation.options;
    const reports = readReportPlan(invocation);
    const pause = readPause(rate);
    const { fixtures, plan } = await readFixtures(invocation, context);
    const target = await openTarget(given, invocation, plan);
    const progress = openCount(io.stderr, 'tokens');
    try {
      const onCareless = () =>
        io.note(
          `${target.name} accepted a text that is not a token. Either it checks none here, or --accepted must name the status codes that accept one`,
        );
      const onUnclear = (detail: string) => {
        const [, status] = /^status ([34]\d\d)$/.exec(detail) ?? [];
        if (status === undefined) return;
        const codes = `${invocation.options.refused ?? '401,403'},${status}`;
        io.note(`${target.name} answers ${status} to a text that is no token: if that refuses, say --refused ${codes}`);
      };
      const calls = { onCareless, onUnclear, onAnswer: progress.update };
      const outcomes = await runProbe(fixtures, target, { level, pause, wait, ...calls });
      progress.clear();
      const scope = { hasNotes: invocation.options.verbose === true, version: packageJson.version };
      await writeReports(probeReport(target.name, outcomes, scope), reports, invocation, io);
      const wrong = outcomes.filter(fails).length;
      if (wrong === 0) return;
      context.exitCode = exitCodes.PROBE_FAILED;
      // On a terminal the report has said it.
      if (reports.format === 'text' && io.stdout.isTerminal) return;
      throw new JwtkitError('PROBE_FAILED', `${wrong} wrong ${wrong === 1 ? 'answer' : 'answers'} at level ${level}`, {
        hint: 'docs/probe.md says what each level counts',
      });
    } finally {
      progress.clear();
      await target.close();
    }
  });
}

/** The options that make good tokens: one that is given stands in for them. */
const madeBy = [
  ...(['newKey', 'key', 'keyEnv', 'secretFile', 'secretEnv', 'secretEncoding', 'keyring', 'kid'] as const),
  ...(['alg', 'iss', 'aud', 'sub', 'typ', 'claim', 'ttl', 'at'] as const),
];

/** All fixtures of the key, or what can be forged from a good token without it. */
async function readFixtures(
  invocation: Invocation<ProbeFlags>,
  context: Context,
): Promise<{ fixtures: Fixture[]; plan: FixturePlan | undefined }> {
  const flag = tokenFlagOf(invocation.options);
  if (flag === undefined) {
    const plan = await readFixturePlan(invocation, context.io);
    return { fixtures: makeFixtures(plan), plan };
  }
  const named = madeBy.find((name) => invocation.origin(name) === 'flag');
  if (named !== undefined) throw usage(`${flag} and ${invocation.label(named)} exclude each other`);
  const token = await readToken(undefined, invocation, 'access', context);
  decodeToken(token);
  return { fixtures: forgeFixtures(token), plan: undefined };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
