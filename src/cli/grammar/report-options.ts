/** The options that say which reports a command makes, and where they go. */
import type { Command } from 'commander';
import { appendToFile } from '../../files/append.js';
import { writeFilesWhole } from '../../files/write-files.js';
import { formatOfFile, type ReportFormat, renderReport, reportFormats } from '../../report/formats.js';
import type { Report } from '../../report/report.js';
import { painterFor } from '../terminal/colour.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import { type Flags, type Lists, option } from './option.js';

export type ReportOptions = { format?: ReportFormat } & Lists<'report'> & Flags<'summary'>;

/** What a run writes at its end. */
export interface ReportPlan {
  /** The form on stdout. */
  readonly format: ReportFormat;
  readonly files: readonly { readonly path: string; readonly format: ReportFormat }[];
  /** The file that GitHub Actions shows as the summary of a job. */
  readonly summaryFile: string | undefined;
}

/** Adds `--format`, `--report` and `--summary`. */
export function addReportOptions(command: Command, formats: readonly ReportFormat[] = reportFormats): Command {
  return command
    .addOption(option('--format <form>', 'form of the output (default: text)').choices([...formats]))
    .addOption(
      option(
        '--report <file>',
        'write a report as well: .json, .xml (JUnit), .sarif, .md, .txt, or FORM:FILE; repeatable',
      ).repeatable(),
    )
    .addOption(option('--summary', 'append Markdown to the file that GITHUB_STEP_SUMMARY names'));
}

/**
 * Reads these options before the work begins.
 * @throws {JwtkitError} USAGE_INVALID for a file whose name says no form, and for `--summary` outside GitHub Actions.
 */
export function readReportPlan(
  { options, env }: Invocation<ReportOptions>,
  formats: readonly ReportFormat[] = reportFormats,
): ReportPlan {
  const { json, format, report = [], summary } = options;
  if (json === true && format !== undefined && format !== 'json') throw usage('--json and --format exclude each other');
  const files = report.map((given) => readFile(given, formats));
  const summaryFile = summary === true ? env.GITHUB_STEP_SUMMARY : undefined;
  if (summary === true && (summaryFile === undefined || summaryFile === '')) {
    throw usage('--summary: GITHUB_STEP_SUMMARY is not set', 'elsewhere, --report summary.md writes the same');
  }
  return { format: json === true ? 'json' : (format ?? 'text'), files, summaryFile };
}

function readFile(given: string, formats: readonly ReportFormat[]): ReportPlan['files'][number] {
  const named = reportFormats.find((format) => given.startsWith(`${format}:`));
  const path = named === undefined ? given : given.slice(named.length + 1);
  const format = named ?? formatOfFile(path);
  if (path === '') throw usage('--report: the name of the file is missing');
  if (format === undefined) {
    const hint = 'end it in .json, .xml, .sarif, .md or .txt, or write FORM:FILE, such as junit:results';
    throw usage('--report: the name of the file says no form', hint);
  }
  if (formats.includes(format)) return { path, format };
  throw usage(`--report: this command makes no ${format} report`, `there are ${formats.join(', ')}`);
}

/**
 * Writes the files of a plan, then the report on stdout.
 * @throws {JwtkitError} FILE_NOT_WRITABLE; then no file is written.
 */
export async function writeReports(
  report: Report,
  { format, files, summaryFile }: ReportPlan,
  { options, env }: Invocation<ReportOptions>,
  io: Io,
): Promise<void> {
  const written = files.map(({ path, format: form }) => ({ path, content: renderReport(report, form), mode: 0o644 }));
  writeFilesWhole(written, { overwrite: true });
  if (summaryFile !== undefined) appendToFile(summaryFile, renderReport(report, 'markdown'));
  const paint = format === 'text' ? await painterFor(io.stdout, options.color, env) : undefined;
  io.stdout.write(renderReport(report, format, paint));
}
