/** Reports of findings, as their options ask for them. */
import { isAbsolute, relative, resolve } from 'node:path';
import type { ReportFormat } from '../../report/names.js';
import type { Finding, Report } from '../../report/report.js';
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
  const ofRepository = fromRepository(report, env.GITHUB_WORKSPACE);
  const reportFor = (form: ReportFormat) => (form === 'github' || form === 'sarif' ? ofRepository : report);
  await writeReportFiles(plan, (form) => renderReport(reportFor(form), form));
  if (options.quiet === true) return;
  const width = lineWidth(io);
  const screen = {
    colours: format === 'text' ? await painterFor(io.stdout, options.color, env) : undefined,
    wrap: width === undefined ? undefined : (line: string, indent: number) => breakLine(line, width, indent),
  };
  io.stdout.write(renderReport(reportFor(format), format, screen));
}

/** A report with the paths of the repository: GitHub looks for a file there, wherever the command runs. */
function fromRepository(report: Report, workspace = ''): Report {
  if (workspace === '') return report;
  const findings = report.findings.map((found): Finding => {
    const path = relative(workspace, resolve(found.where.name));
    const isInside = path !== '' && !/^\.\.(?:[\\/]|$)/.test(path) && !isAbsolute(path);
    return found.where.isFile === true && isInside ? { ...found, where: { ...found.where, name: path } } : found;
  });
  return { ...report, findings };
}
