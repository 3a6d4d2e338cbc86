import packageJson from '../../../../package.json' with { type: 'json' };
import { JwtkitError } from '../../../errors.js';
import { type LintResult, lint } from '../../../lint/lint.js';
import type { Source } from '../../../lint/rule.js';
import { rules } from '../../../lint/rules.js';
import { type Case, countFindings, type Finding, type Level, levels, type Report } from '../../../report/report.js';
import type { Invocation } from '../../grammar/invocation.js';
import { readReportPlan, writeReports } from '../../grammar/report-options.js';
import { readClock } from '../../grammar/values.js';
import { readNamed } from '../../secrets/named-file.js';
import type { Context } from '../../terminal/io.js';
import { readLevels } from './levels.js';
import { listRules } from './list-rules.js';
import type { LintOptions } from './options.js';
import { readTargets } from './targets.js';

/** The largest list of words, in bytes. */
const maxWordlistBytes = 16 * 1024 * 1024;

/**
 * Lints the targets of a command line, and writes the reports.
 * @throws {JwtkitError} LINT_FINDINGS for findings at the level of `--fail-on` or above; USAGE_INVALID, CONFIG_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE, JWKS_UNAVAILABLE.
 */
export async function runLint(
  targets: readonly string[],
  invocation: Invocation<LintOptions>,
  context: Context,
): Promise<void> {
  const { io } = context;
  const { options } = invocation;
  if (options.listRules === true) return void io.stdout.write(listRules(invocation, io));
  const plan = readReportPlan(invocation);
  const changed = readLevels(invocation);
  const words = readWords(options.wordlist);
  const sources = await readTargets(targets, invocation, io);
  const result = await lint(sources, { now: readClock(options.at, io), words, levels: changed });
  const threshold = options.failOn ?? 'error';
  const report = reportOf(sources, result, threshold);
  noteUnknown(sources, result, targets, io.note);
  await writeReports(report, plan, invocation, io);
  const failing = result.findings.filter(({ level }) => counts(level, threshold));
  if (failing.length === 0) return;
  context.exitCode = 18;
  // On a terminal the report has said it.
  if (io.stdout.isTerminal && io.stderr.isTerminal && plan.format === 'text' && options.debug !== true) return;
  throw new JwtkitError('LINT_FINDINGS', `${countFindings(failing)} at level ${threshold} or above`, {
    hint: '--rule ID=off turns a rule off; docs/lint.md says what each means',
  });
}

function counts(level: Level, threshold: Level | 'never'): boolean {
  return threshold !== 'never' && levels.indexOf(level) <= levels.indexOf(threshold);
}

function readWords(file: string | undefined): string[] {
  if (file === undefined) return [];
  return readNamed(file, '--wordlist', { maxBytes: maxWordlistBytes, showsPath: true }).toString().split(/\r?\n/);
}

/** Says which named targets lint knows nothing about. Files of a folder are left out in silence. */
function noteUnknown(
  sources: readonly Source[],
  { subjects }: LintResult,
  targets: readonly string[],
  note: (text: string) => void,
): void {
  for (const [at, { name, isFile }] of sources.entries()) {
    if (subjects[at] === 0 && (isFile !== true || targets.includes(name)))
      note(`${name}: lint finds nothing here that it knows`);
  }
}

/** Returns the report: each source is a suite, with a case for each finding, or one that has passed. */
function reportOf(sources: readonly Source[], { findings, subjects }: LintResult, threshold: Level | 'never'): Report {
  const known = sources.filter((_, at) => (subjects[at] ?? 0) > 0);
  const cases = known.flatMap(({ name }): Case[] => {
    const own = findings.filter(({ where }) => where.name === name);
    const suite = name;
    if (own.length === 0) return [{ suite, name: 'lint', status: 'passed' }];
    return own.map((found) => caseOf(found, suite, threshold));
  });
  const ids = new Set(findings.map(({ id }) => id));
  const used = rules
    .filter(({ id }) => ids.has(id))
    .map(({ id, level, means, help, source }) => ({ id, level, means, help, source }));
  const noun = `${known.length} ${known.length === 1 ? 'target' : 'targets'}`;
  const summary = `${countFindings(findings)} in ${noun}`;
  return { command: 'lint', version: packageJson.version, summary, findings, cases, rules: used };
}

function caseOf(
  { id, level, message, where: { line, part } }: Finding,
  suite: string,
  threshold: Level | 'never',
): Case {
  const place = [line === undefined ? undefined : `line ${line}`, part].filter((one) => one !== undefined).join(' ');
  const status = counts(level, threshold) ? 'failed' : 'skipped';
  return { suite, name: place === '' ? id : `${id} ${place}`, status, message: `${level}: ${message}`, type: id };
}
