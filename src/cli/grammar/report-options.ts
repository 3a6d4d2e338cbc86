/** The options that say which reports a command makes, and where they go. */
import { type Command, InvalidArgumentError } from 'commander';
import { refuseLink } from '../../files/target.js';
import { formatOfFile, type ReportFormat, reportFormats } from '../../report/names.js';
import { usage } from '../terminal/errors.js';
import type { Invocation } from './invocation.js';
import { type Flags, type Lists, option } from './option.js';
import { refuseInput, refuseSecretFile } from './report-place.js';

export type ReportOptions = { format?: ReportFormat } & Lists<'report'> & { keyring?: string } & Flags<
    'summary' | 'quiet'
  >;

/** The forms that verdicts about tokens have. SARIF describes findings in code, which only `lint` and `probe` have. */
export const verdictFormats = reportFormats.filter((format) => format !== 'sarif');

/** What a run writes at its end. */
export interface ReportPlan {
  /** The form on stdout. */
  readonly format: ReportFormat;
  readonly files: readonly { readonly path: string; readonly format: ReportFormat }[];
  /** The file that GitHub Actions shows as the summary of a job. */
  readonly summaryFile: string | undefined;
}

/** Adds `--format`, `--report` and `--summary`. */
export function addReportOptions(
  command: Command,
  formats: readonly ReportFormat[] = reportFormats,
  usual = 'text',
): Command {
  const format = option('--format <form>', `form of the output (default: ${usual})`).choices([...formats]);
  return command
    .addOption(format.argParser((given: string) => readFormat(given, formats)))
    .addOption(
      option('--report <file>', `write a report as well: ${endingsOf(formats)}, or FORM:FILE; repeatable`).repeatable(),
    )
    .addOption(option('--summary', 'append Markdown to the file $GITHUB_STEP_SUMMARY'));
}

function endingsOf(formats: readonly ReportFormat[]): string {
  return ['.json', '.xml (JUnit)', ...(formats.includes('sarif') ? ['.sarif'] : []), '.md', '.txt'].join(', ');
}

/**
 * Reads these options before the work begins. `isReport` knows earlier reports, which may be arguments as well.
 * @throws {JwtkitError} USAGE_INVALID for a file whose name says no format, for `--summary` outside GitHub Actions,
 * for a form with `--quiet`, and for a file that the command reads or that holds a secret; FILE_NOT_WRITABLE for a link.
 */
export function readReportPlan(
  invocation: Invocation<ReportOptions>,
  formats: readonly ReportFormat[] = reportFormats,
  isReport?: (path: string) => boolean,
): ReportPlan {
  const { options, env } = invocation;
  const { json, format, report = [], summary, quiet } = options;
  if (quiet === true && (json === true || format !== undefined)) {
    throw usage(`--quiet and ${json === true ? '--json' : '--format'} exclude each other`);
  }
  if (json === true && format !== undefined && format !== 'json') throw usage('--json and --format exclude each other');
  const files = report.map((given) => readFile(given, formats));
  for (const { path } of files) {
    refuseLink(path);
    refuseInput(path, invocation, isReport);
    refuseSecretFile(path);
  }
  const summaryFile = summary === true ? env.GITHUB_STEP_SUMMARY : undefined;
  if (summary === true && (summaryFile === undefined || summaryFile === '')) {
    throw usage('--summary: GITHUB_STEP_SUMMARY is not set', 'elsewhere, --report summary.md writes the same');
  }
  return { format: json === true ? 'json' : (format ?? 'text'), files, summaryFile };
}

function readFormat(given: string, formats: readonly ReportFormat[]): string {
  if (formats.includes(given as ReportFormat)) return given;
  if (reportFormats.includes(given as ReportFormat)) throw noSarif('--format', formats);
  throw new InvalidArgumentError(`Allowed choices are ${formats.join(', ')}.`);
}

/** The error for SARIF where findings are about tokens. */
function noSarif(flag: string, formats: readonly ReportFormat[]) {
  return usage(`${flag}: SARIF is for lint and probe`, `one of ${formats.join(', ')}`);
}

function readFile(given: string, formats: readonly ReportFormat[]): ReportPlan['files'][number] {
  const named = reportFormats.find((format) => given.startsWith(`${format}:`));
  const path = named === undefined ? given : given.slice(named.length + 1);
  const format = named ?? formatOfFile(path);
  if (path === '') throw usage('--report: the name of the file is missing');
  if (format === undefined) {
    const hint = `end it in ${endingsOf(formats)}, or write FORM:FILE with one of ${formats.join(', ')}`;
    throw usage("--report: cannot tell the format from the file's name", hint);
  }
  if (formats.includes(format)) return { path, format };
  throw noSarif('--report', formats);
}

/** Whether anything but the usual output is written. */
export function hasReports({ files, summaryFile }: ReportPlan): boolean {
  return files.length > 0 || summaryFile !== undefined;
}

/** Makes a report in one form. */
export type Render = (format: ReportFormat) => string;

/**
 * Writes the files of a plan.
 * @throws {JwtkitError} FILE_NOT_WRITABLE; then no file is written.
 */
export async function writeReportFiles({ files, summaryFile }: ReportPlan, render: Render): Promise<void> {
  const written = files.map(({ path, format }) => ({ path, content: render(format), mode: 0o644 }));
  const { writeFilesWhole } = await import('../../files/write-files.js');
  writeFilesWhole(written, { overwrite: true, followsLinks: false });
  if (summaryFile === undefined) return;
  const { appendToFile } = await import('../../files/append.js');
  appendToFile(summaryFile, render('markdown'));
}
