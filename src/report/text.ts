import { type Finding, failuresOf, type Level, type Place, type Report } from './report.js';

type Style = (text: string) => string;

/** The colours of a terminal. */
interface Colours {
  readonly red: Style;
  readonly yellow: Style;
  readonly green: Style;
  readonly dim: Style;
  readonly bold: Style;
}

const plain: Colours = { red: String, yellow: String, green: String, dim: String, bold: String };

/** How a terminal shows a report. */
export interface Screen {
  readonly colours?: Colours | undefined;
  /** Breaks a line at spaces where it is too long, and indents what follows. */
  readonly wrap?: ((line: string, indent: number) => readonly string[]) | undefined;
}

/** Where messages begin. */
const messageColumn = 11;

/** A command and what follows it, up to a comma or a semicolon, stands on one line: people copy it. */
const command = /\b(?:jwtkit|openssl|chmod|git) [^,;]+/g;

/** Returns a report for a person: the findings of each place together, then the summary. */
export function toText(report: Report, { colours = plain, wrap = (line) => [line] }: Screen = {}): string {
  const findings = report.findings.length > 0 ? report.findings : failuresOf(report.cases);
  const places = new Map<string, Finding[]>();
  for (const one of findings) {
    const members = places.get(one.where.name);
    if (members === undefined) places.set(one.where.name, [one]);
    else members.push(one);
  }
  const styles: Readonly<Record<Level, Style>> = { error: colours.red, warning: colours.yellow, note: colours.dim };
  const indent = ' '.repeat(messageColumn);
  const lines = [...places].flatMap(([name, members]) => [
    colours.bold(name),
    ...members.flatMap(({ id, level, message, where, help }) => {
      const place = placeInside(where);
      const head = `  ${level.padEnd(7)}  `;
      const [first = '', ...rest] = wrap(`${head}${place === '' ? '' : `${place}: `}${message}`, messageColumn);
      const shown = [`  ${styles[level](level.padEnd(7))}${first.slice(messageColumn - 2)}`, ...rest];
      const isBeside = wrap(`${rest.at(-1) ?? first}  ${id}`, messageColumn).length === 1;
      const last = isBeside ? `${shown.pop()}  ` : indent;
      return [...shown, `${last}${colours.dim(id)}`, ...(help === undefined ? [] : wrapHelp(`${indent}${help}`, wrap))];
    }),
    '',
  ]);
  const isGood = findings.every(({ level }) => level === 'note');
  const summary = wrap(report.summary, 2).join('\n');
  return `${[...lines, isGood ? colours.green(summary) : summary].join('\n')}\n`;
}

function wrapHelp(line: string, wrap: NonNullable<Screen['wrap']>): string[] {
  const kept = line.replaceAll(command, (found) => found.replaceAll(' ', '\0'));
  return wrap(kept, messageColumn).map((each) => each.replaceAll('\0', ' '));
}

function placeInside({ line, part }: Place): string {
  return [...(line === undefined ? [] : [`line ${line}`]), ...(part === undefined ? [] : [part])].join(' ');
}
