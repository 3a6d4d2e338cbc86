import { describePlace, failuresOf, type Report } from './report.js';

/** Returns a report as GitHub's Markdown: a heading, the summary, and a table of the findings. */
export function toMarkdown(report: Report): string {
  const findings = report.findings.length > 0 ? report.findings : failuresOf(report.cases);
  const lines = [`### jwtkit ${text(report.command)}`, '', text(report.summary), ''];
  if (findings.length > 0) {
    lines.push('| level | rule | where | what |', '|---|---|---|---|');
    for (const { id, level, message, where, help } of findings) {
      const way = help === undefined ? '' : ` <br>${text(help)}`;
      lines.push(`| ${level} | ${text(id)} | ${text(describePlace(where))} | ${text(message)}${way} |`);
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

/** Escapes each character that Markdown, HTML, tables or links could give a meaning; `@` and `#` would name people and issues. */
function text(untrusted: string): string {
  return untrusted.replace(/[\\`*_{}[\]<>()#|~&@:!$^=+]/g, (char) => `&#${char.charCodeAt(0)};`);
}
