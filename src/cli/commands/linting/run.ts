import packageJson from '../../../../package.json' with { type: 'json' };
import { JwtkitError } from '../../../errors.js';
import { type LintResult, lint } from '../../../lint/lint.js';
import type { Source } from '../../../lint/rule.js';
import { rules } from '../../../lint/rules.js';
import { reportFormats } from '../../../report/names.js';
import { type Case, countFindings, type Finding, type Level, levels, type Report } from '../../../report/report.js';
import { explainNoToken } from '../../../token/no-token.js';
import type { Invocation } from '../../grammar/invocation.js';
import { type ReportPlan, readReportPlan } from '../../grammar/report-options.js';
import { placeOf, replacesInput } from '../../grammar/report-place.js';
import { readClock } from '../../grammar/values.js';
import { writeReports } from '../../grammar/written-reports.js';
import { readNamed } from '../../secrets/named-file.js';
import { usage } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { isReportFile } from './files.js';
import { readLevels } from './levels.js';
import { listRules } from './list-rules.js';
import type { LintOptions } from './options.js';
import { readTargets } from './targets.js';

/** The largest list of words, in bytes. */
const maxWordlistBytes = 16 * 1024 * 1024;

/**
 * Lints the targets of a command line, and writes the reports.
 * @throws {JwtkitError} LINT_FINDINGS for findings at the level of `--fail-on` or above; TOKEN_MALFORMED, USAGE_INVALID, CONFIG_INVALID,
 * FILE_NOT_READABLE, FILE_NOT_WRITABLE, JWKS_UNAVAILABLE.
 */
export async function runLint(
  targets: readonly string[],
  invocation: Invocation<LintOptions>,
  context: Context,
): Promise<void> {
  const { io } = context;
  const { options } = invocation;
  if (options.listRules === true) return void io.stdout.write(await listRules(invocation, io));
  const plan = readReportPlan(invocation, reportFormats, isReportFile);
  const changed = readLevels(invocation);
  const words = readWords(options.wordlist);
  const reports = plan.files.map(({ path }) => path).filter(isReportFile);
  const sources = await readTargets(targets, { reports, invocation, io });
  const result = await lint(sources, { now: readClock(options.at, io), words, levels: changed });
  requireSubjects(sources, result);
  refuseReplaced(knownSources(sources, result), plan);
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

/** A job that judges nothing must not pass: a token that is none, or standard input in which nothing is known. */
function requireSubjects(sources: readonly Source[], { subjects }: LintResult): void {
  const total = subjects.reduce((sum, count) => sum + count, 0);
  for (const [at, { name, content, named }] of sources.entries()) {
    if (subjects[at] !== 0 || named === undefined) continue;
    if (named === 'standard input' && total > 0) continue;
    const hint = explainNoToken(Buffer.from(content).toString());
    if (named === 'token') throw new JwtkitError('TOKEN_MALFORMED', `${name} holds no token`, { hint });
    throw usage(`nothing to lint: lint knows nothing that is in ${name}`, hint ?? 'pipe in a token, a key or settings');
  }
}

/** Refuses a report over a file of a folder that lint judges. The files of other targets are refused sooner. */
function refuseReplaced(sources: readonly Source[], { files }: ReportPlan): void {
  const places = new Map(files.map(({ path }) => [placeOf(path), path]));
  places.delete(undefined);
  if (places.size === 0) return;
  const replaced = sources.find(({ name, isFile }) => isFile === true && places.has(placeOf(name)));
  if (replaced !== undefined)
    throw replacesInput(places.get(placeOf(replaced.name)) as string, 'is what the command reads');
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

/** The sources that hold something to judge, or that a rule about their folder judges, such as an empty jwks.json. */
function knownSources(sources: readonly Source[], { findings, subjects }: LintResult): readonly Source[] {
  const named = new Set(findings.map(({ where }) => where.name));
  return sources.filter(({ name }, at) => subjects[at] !== 0 || named.has(name));
}

/** Returns the report: each source is a suite, with a case for each finding, or one that has passed. */
function reportOf(sources: readonly Source[], result: LintResult, threshold: Level | 'never'): Report {
  const { findings } = result;
  const byName = new Map<string, Finding[]>();
  for (const finding of findings) {
    const others = byName.get(finding.where.name);
    if (others === undefined) byName.set(finding.where.name, [finding]);
    else others.push(finding);
  }
  const known = knownSources(sources, result);
  const cases = known.flatMap(({ name: suite }): Case[] => {
    const own = byName.get(suite);
    if (own === undefined) return [{ suite, name: 'lint', status: 'passed' }];
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
