import { type Finding, failuresOf, type Level, type Place, type Report } from './report.js';

type Style = (text: string) => string;

/** The colours of a terminal. */
export interface Colours {
  readonly red: Style;
  readonly yellow: Style;
  readonly green: Style;
  readonly dim: Style;
}

const plain: Colours = { red: String, yellow: String, green: String, dim: String };

/** Returns a report for a person: the findings of each place together, then the summary. */
export function toText(report: Report, colours: Colours = plain): string {
  const findings = report.findings.length > 0 ? report.findings : failuresOf(report.cases);
  const places = new Map<string, Finding[]>();
  for (const one of findings) {
    const members = places.get(one.where.name);
    if (members === undefined) places.set(one.where.name, [one]);
    else members.push(one);
  }
  const styles: Readonly<Record<Level, Style>> = { error: colours.red, warning: colours.yellow, note: colours.dim };
  const lines = [...places].flatMap(([name, members]) => [
    name,
    ...members.flatMap(({ id, level, message, where, help }) => {
      const place = placeInside(where);
      return [
        `  ${styles[level](level.padEnd(7))}  ${place === '' ? '' : `${place}: `}${message}  ${colours.dim(id)}`,
        ...(help === undefined ? [] : [`           ${help}`]),
      ];
    }),
    '',
  ]);
  const isGood = findings.every(({ level }) => level === 'note');
  return `${[...lines, isGood ? colours.green(report.summary) : report.summary].join('\n')}\n`;
}

function placeInside({ line, part }: Place): string {
  return [...(line === undefined ? [] : [`line ${line}`]), ...(part === undefined ? [] : [part])].join(' ');
}
