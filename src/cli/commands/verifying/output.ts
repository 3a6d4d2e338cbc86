/** What `verify` writes about one token. */
import { toJson } from '../../../jose/exact-json.js';
import { hideTokensInJson } from '../../../shown-text.js';
import { findClaim } from '../../../token/claim-path.js';
import type { VerificationReport } from '../../../token/verify.js';
import type { Invocation } from '../../grammar/invocation.js';
import { hasReports, type Render, type ReportPlan, writeReportFiles } from '../../grammar/report-options.js';
import { type Painter, painterFor } from '../../terminal/colour.js';
import { lineWidth } from '../../terminal/columns.js';
import { malformedHint } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { printClaim, printJson } from '../../terminal/output.js';
import { renderReport } from '../../terminal/verification-report.js';
import type { VerifyOptions } from './policy.js';

/** What was found about a token. */
export interface Verdict {
  readonly report: VerificationReport;
  /** What `--json` prints. */
  readonly json: Pick<VerificationReport, 'claims'>;
  /** What explains a refusal, a line each. */
  readonly facts: readonly string[];
}

/**
 * Writes the files of the reports, then the verdict on stdout.
 * @throws {JwtkitError} the refusal of the token; FILE_NOT_WRITABLE.
 */
export async function writeVerdict(
  verdict: Verdict,
  plan: ReportPlan,
  { options, env }: Invocation<VerifyOptions>,
  context: Context,
): Promise<void> {
  const { io } = context;
  const { report, json, facts } = verdict;
  const text = (paint: Painter, width?: number) => {
    const hint =
      report.code === 'TOKEN_MALFORMED' ? malformedHint(report.checks[0]?.message ?? '', context) : undefined;
    return renderReport(report, { paint, facts, hint, width, isVerbose: options.verbose === true });
  };
  const renderer = async (): Promise<Render> => {
    const { renderVerdict } = await import('./reports.js');
    const plain = await painterFor(io.stdout, 'never', env);
    return (format) => {
      if (format === 'text') return text(plain);
      return format === 'json' ? `${hideTokensInJson(toJson(json))}\n` : renderVerdict(report, options, format);
    };
  };
  if (hasReports(plan)) await writeReportFiles(plan, await renderer());
  if (options.quiet === true) return;
  if (options.claim !== undefined && report.valid) {
    return printClaim(io, findClaim(json.claims ?? {}, options.claim), options.json);
  }
  if (plan.format === 'json') printJson(io, json);
  else if (plan.format !== 'text') io.stdout.write((await renderer())(plan.format));
  else if (options.claim === undefined) {
    io.stdout.write(text(await painterFor(io.stdout, options.color, env), lineWidth(io)));
    // On a terminal the report has said it.
    if (io.stdout.isTerminal && io.stderr.isTerminal && options.debug !== true) return;
  }
  if (report.valid) return;
  const { verdictError } = await import('../../../token/verify.js');
  throw verdictError(report);
}
