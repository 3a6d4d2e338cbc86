import { describePlace, type Finding, failuresOf, type Report } from './report.js';

/** The most characters of rows, each of at most three bytes: GitHub shows no summary of a step that is larger than 1 MiB. */
const mostRows = 262_144;

/** Returns a report as GitHub's Markdown: a heading, the summary, and a table of the findings. */
export function toMarkdown(report: Report): string {
  const findings = report.findings.length > 0 ? report.findings : failuresOf(report.cases);
  if (findings.length === 0) return heading(report);
  let rows = '';
  let shown = 0;
  for (const found of findings) {
    const row = tableRow(found);
    if (rows.length + row.length > mostRows) break;
    rows += row;
    shown++;
  }
  const left = findings.length - shown;
  return `${heading(report)}${tableHead}${rows}\n${left === 0 ? '' : `… and ${left} more\n\n`}`;
}

/** The heading of a report, and its summary. */
export function heading({ command, summary }: Pick<Report, 'command' | 'summary'>): string {
  return `### jwtkit ${text(command)}\n\n${text(summary)}\n\n`;
}

export const tableHead = '| level | rule | where | what |\n|---|---|---|---|\n';

/** A finding as a row of the table. */
export function tableRow({ id, level, message, where, help }: Finding): string {
  const way = help === undefined ? '' : ` <br>${text(help)}`;
  return `| ${level} | ${text(id)} | ${text(describePlace(where))} | ${text(message)}${way} |\n`;
}

/** Escapes each character that Markdown, HTML, tables or links could give a meaning; `@` and `#` would name people and issues. */
function text(untrusted: string): string {
  return untrusted.replace(/[\\`*_{}[\]<>()#|~&@:!$^=+]/g, (char) => `&#${char.charCodeAt(0)};`);
}
