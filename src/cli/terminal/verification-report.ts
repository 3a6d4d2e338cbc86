/** What `verify` found about a token, as lines and as JSON. */
import type { Check } from '../../errors.js';
import { escapeText } from '../../shown-text.js';
import { exactMembers } from '../../token/decode.js';
import { unasked } from '../../token/finding.js';
import type { VerificationReport } from '../../token/verify.js';
import type { Painter } from './colour.js';
import { alignColumns } from './output.js';
import { breakLine } from './wrap.js';

/** Returns a report as output shows it: with the text of numbers, without the text of the claims. */
export function reportToJson(report: VerificationReport, token: string): VerificationReport {
  const { claimsText, ...shown } = report;
  const { header, claims } = report;
  if (header === undefined || claims === undefined || claimsText === undefined) return shown;
  return { ...shown, ...exactMembers(token, { header, claims, claimsText }) };
}

/** Says in a report that `--no-store` asked no denylist; without that flag there may be none. */
export function markNotAsked(report: VerificationReport): VerificationReport {
  const checks = report.checks.map((check) =>
    check.name === 'denylist' ? { ...check, message: 'not asked: --no-store' } : check,
  );
  return { ...report, checks };
}

/** How a report is shown. */
export interface ReportStyle {
  readonly paint: Painter;
  /** Whether each check that nobody asked for has a line of its own. */
  readonly isVerbose: boolean;
  /** What else explains a refusal, a line each. */
  readonly facts: readonly string[];
  /** The hint, unless the failed check has one. It may hold a command to copy, so that its lines are never broken. */
  readonly hint?: string | undefined;
  /** The columns of a terminal; without them no line is broken. */
  readonly width?: number | undefined;
}

const unaskedReasons: readonly string[] = Object.values(unasked);

/** Returns the verdict, the checks that failed, what explains them, the other checks, and the names of those not asked for. */
export function renderReport(report: VerificationReport, style: ReportStyle): string {
  const { paint, isVerbose, facts, width = Number.POSITIVE_INFINITY } = style;
  const { checks } = report;
  const isShown = (check: Check) => isVerbose || check.status !== 'skipped' || !unaskedReasons.includes(check.message);
  const failed = checks.filter(({ status }) => status === 'failed');
  const shown = [...failed, ...checks.filter((check) => check.status !== 'failed' && isShown(check))];
  const paintStatus = { passed: paint.green, failed: paint.red, skipped: paint.dim };
  const rows = shown.map(({ status, name, message }) => [status.padEnd(7), escapeText(name), escapeText(message)]);
  const messageColumn = 11 + Math.max(...rows.map(([, name = '']) => name.length));
  const lines = alignColumns(rows).map((line, at) => {
    const { status } = shown[at] as Check;
    const text = breakLine(line, width, messageColumn).join('\n');
    return `${paintStatus[status](text.slice(0, status.length))}${text.slice(status.length)}`;
  });
  lines.splice(failed.length, 0, ...facts.map(escapeText));
  const rest = checks.filter((check) => !isShown(check)).map(({ name }) => escapeText(name));
  if (rest.length > 0) {
    const why = report.code === 'TOKEN_MALFORMED' ? 'not checked' : 'not asked for';
    const names = breakLine(`${why}: ${rest.join(', ')} (--verbose shows all)`, width, 2);
    lines.push(...names.map((line) => paint.dim(line)));
  }
  return `${[...renderVerdict(report, style, width), ...lines].join('\n')}\n`;
}

function renderVerdict(
  { valid, code, checks }: VerificationReport,
  { paint, hint: other }: ReportStyle,
  width: number,
): string[] {
  if (valid) return [paint.green('✓ valid')];
  const worst = checks.find((check) => check.status === 'failed' && check.code === code);
  const mark = '✗ refused:';
  const verdict = breakLine(`${mark} ${escapeText(worst?.message ?? '')}`, width, 2);
  const lastLine = verdict.at(-1) ?? '';
  const place = lastLine.length + 2 + `${code}`.length > width ? '\n  ' : '  ';
  const text = `${paint.red(mark)}${verdict.join('\n').slice(mark.length)}${place}${paint.red(`${code}`)}`;
  const hint = worst?.hint ?? other;
  return hint === undefined ? [text] : [text, `${paint.yellow('hint:')} ${escapeText(hint)}`];
}
