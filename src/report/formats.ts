/** The forms of a report by name, and by the ending of a file's name. */
import { cleanReport } from './clean.js';
import { toAnnotations } from './github.js';
import { toJsonReport } from './json.js';
import { toJunit } from './junit.js';
import { toMarkdown } from './markdown.js';
import type { Report } from './report.js';
import { toSarif } from './sarif.js';
import { type Colours, toText } from './text.js';

export const reportFormats = ['text', 'json', 'junit', 'sarif', 'github', 'markdown'] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** Returns a report in one form, whose texts may be untrusted. Only `text` has colours. */
export function renderReport(given: Report, format: ReportFormat, colours?: Colours): string {
  const report = cleanReport(given);
  switch (format) {
    case 'text':
      return toText(report, colours);
    case 'json':
      return toJsonReport(report);
    case 'junit':
      return toJunit(report);
    case 'sarif':
      return toSarif(report);
    case 'github':
      return toAnnotations(report);
    case 'markdown':
      return toMarkdown(report);
  }
}

const endings: Readonly<Record<string, ReportFormat>> = {
  txt: 'text',
  json: 'json',
  xml: 'junit',
  sarif: 'sarif',
  md: 'markdown',
};

/** Returns the form that a file's name ends in; undefined for another ending. */
export function formatOfFile(path: string): ReportFormat | undefined {
  if (/\.sarif\.json$/i.test(path)) return 'sarif';
  return endings[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''];
}
