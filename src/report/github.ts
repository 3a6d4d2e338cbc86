import { describePlace, type Finding, failuresOf, type Report } from './report.js';

/** Returns findings as workflow commands of GitHub Actions, which show them beside the lines of a file. */
export function toAnnotations({ findings, cases }: Report): string {
  const all = findings.length > 0 ? findings : failuresOf(cases);
  return all.map((one) => `${annotation(one)}\n`).join('');
}

/** One finding as a command, without the line end. */
export function annotation({ id, level, message, where, help }: Finding): string {
  const properties = [
    ...(where.isFile === true
      ? [`file=${property(where.name)}`, ...(where.line === undefined ? [] : [`line=${where.line}`])]
      : []),
    `title=${property(id)}`,
  ];
  const place = where.isFile === true ? (where.part ?? '') : describePlace(where);
  const words = [place, place === '' ? '' : ': ', message, help === undefined ? '' : ` (${help})`].join('');
  return `::${level === 'note' ? 'notice' : level} ${properties.join(',')}::${content(words)}`;
}

/** Text after the command. `##[`, a command anywhere in a line, is escaped already; `::` is one only at the start of a line. */
function content(text: string): string {
  return text.replaceAll('%', '%25');
}

function property(text: string): string {
  return content(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
