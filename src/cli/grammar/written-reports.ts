/** Reports of findings, as their options ask for them. */
import type { Report } from '../../report/report.js';
import { painterFor } from '../terminal/colour.js';
import { lineWidth } from '../terminal/columns.js';
import type { Io } from '../terminal/io.js';
import { breakLine } from '../terminal/wrap.js';
import type { Invocation } from './invocation.js';
import { type ReportOptions, type ReportPlan, writeReportFiles } from './report-options.js';

/**
 * Writes the files of a plan, then the report on stdout unless `--quiet` is given.
 * @throws {JwtkitError} FILE_NOT_WRITABLE; then no file is written.
 */
export async function writeReports(
  report: Report,
  plan: ReportPlan,
  { options, env }: Invocation<ReportOptions>,
  io: Io,
): Promise<void> {
  const { format } = plan;
  const { renderReport } = await import('../../report/formats.js');
  await writeReportFiles(plan, (form) => renderReport(report, form));
  if (options.quiet === true) return;
  const width = lineWidth(io);
  const screen = {
    colours: format === 'text' ? await painterFor(io.stdout, options.color, env) : undefined,
    wrap: width === undefined ? undefined : (line: string, indent: number) => breakLine(line, width, indent),
  };
  io.stdout.write(renderReport(report, format, screen));
}
