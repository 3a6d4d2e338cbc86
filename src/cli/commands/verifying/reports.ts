/** The verdict about a token as a report: each check is a case. Loaded only for reports. */
import packageJson from '../../../../package.json' with { type: 'json' };
import { renderReport } from '../../../report/formats.js';
import type { ReportFormat } from '../../../report/names.js';
import type { Case, Finding, Place } from '../../../report/report.js';
import type { VerificationReport } from '../../../token/verify.js';
import type { TokenFlags } from '../../grammar/token-options.js';

/** Returns the verdict in one form. */
export function renderVerdict(
  { valid, code, checks }: VerificationReport,
  flags: TokenFlags,
  format: ReportFormat,
): string {
  const place = placeOf(flags);
  const cases = checks.map(({ name, status, message, code: type }): Case => {
    return { suite: place.name, name, status, message, type };
  });
  const failed = checks.filter(({ status }) => status === 'failed');
  const findings = failed.map(({ name, message, code: id = 'INTERNAL', hint }): Finding => {
    return { id, level: 'error', message, where: { ...place, part: name }, help: hint };
  });
  const worst = failed.find((check) => check.code === code);
  const summary = valid ? 'valid' : `refused: ${worst?.message} (${code})`;
  return renderReport({ command: 'verify', version: packageJson.version, summary, findings, cases, rules: [] }, format);
}

/** Where the token came from. */
function placeOf({ tokenFile, tokenEnv }: TokenFlags): Place {
  if (tokenFile === '-') return { name: 'standard input' };
  return tokenFile === undefined ? { name: tokenEnv ?? 'token' } : { name: tokenFile, isFile: true };
}
