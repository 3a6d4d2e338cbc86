/** Reports in each of their forms. */
import { hideTokens } from '../shown-text.js';
import { cleanReport } from './clean.js';
import { toAnnotations } from './github.js';
import { toJsonReport } from './json.js';
import { toJunit } from './junit.js';
import { toMarkdown } from './markdown.js';
import type { ReportFormat } from './names.js';
import type { Report } from './report.js';
import { toSarif } from './sarif.js';
import { type Screen, toText } from './text.js';

/** Returns a report in one form, whose texts may be untrusted. Only `text` is made for a screen. */
export function renderReport(given: Report, format: ReportFormat, screen?: Screen): string {
  const report = cleanReport(given);
  switch (format) {
    case 'text':
      return toText(report, screen);
    case 'json':
      return toJsonReport(report);
    case 'junit':
      return toJunit(report);
    case 'sarif':
      return toSarif(
        report,
        given.findings.map(({ where }) => hideTokens(where.name)),
      );
    case 'github':
      return toAnnotations(report);
    case 'markdown':
      return toMarkdown(report);
  }
}
