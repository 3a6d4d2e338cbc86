/** Reports whose cases are written one after the other, for runs with more of them than memory should hold. */
import { clean } from './clean.js';
import { annotation } from './github.js';
import { type Counts, closeSuite, closeSuites, openSuite, openSuites, testCase } from './junit.js';
import { heading, tableHead, tableRow } from './markdown.js';
import type { ReportFormat } from './names.js';
import { type Case, describePlace, type Finding, type Place } from './report.js';

/** A case, and where what it checks stands. */
export type PlacedCase = Omit<Case, 'suite'> & { readonly where: Place };

/** How a run went. */
export interface Outcome extends Counts {
  /** One line, such as `2 valid, 1 TOKEN_EXPIRED`. */
  readonly summary: string;
}

/** Writes one form of a report, piece by piece. */
export interface CaseWriter {
  /** What stands before the cases. Its length is the same for every outcome, so that it can be replaced at the end. */
  head(outcome: Outcome): string;
  /** Returns a case as it is written; empty if the form does not show it. */
  add(one: PlacedCase): string;
  tail(outcome: Outcome): string;
}

/** The forms that can be written in pieces. JSON is one of each command. */
export type StreamedFormat = Exclude<ReportFormat, 'json' | 'sarif'>;

/** The most characters of Markdown's rows: GitHub shows no summary of a step that is larger than 1 MiB, once 128 KiB. */
const mostRows = 65_536;

/** Enough for attributes with numbers of 16 digits. */
const width = 96;

/** Opens a report of a command about one source, such as a file with a token a line. */
export function openCases(format: StreamedFormat, command: string, source: string): CaseWriter {
  const { name: suite } = clean({ name: source });
  switch (format) {
    case 'junit':
      return {
        head: (outcome) => `${openSuites(command, outcome, width)}\n${openSuite(suite, outcome, width)}\n`,
        add: (one) => `${testCase(command, { ...clean(one), suite })}\n`,
        tail: () => `${closeSuite}\n${closeSuites}\n`,
      };
    case 'github':
      return failuresAlone((found) => `${annotation(found)}\n`, { head: () => '', tail: () => '' });
    case 'text':
      return failuresAlone(({ where, message, id }) => `${describePlace(where)}: ${message}  ${id}\n`, {
        head: () => '',
        tail: ({ summary }) => `${clean({ summary }).summary}\n`,
      });
    case 'markdown':
      return markdownCases(command);
  }
}

/** Rows are kept up to a bound. The summary stands above them, so all is written at the end. */
function markdownCases(command: string): CaseWriter {
  let rows = '';
  let more = 0;
  const keep = (found: Finding) => {
    const row = tableRow(found);
    if (rows.length + row.length > mostRows) more++;
    else rows += row;
    return '';
  };
  return failuresAlone(keep, {
    head: () => '',
    tail: ({ summary }) => {
      const rest = more === 0 ? '' : `… and ${more} more\n\n`;
      return `${heading(clean({ command, summary }))}${rows === '' ? '' : `${tableHead}${rows}\n`}${rest}`;
    },
  });
}

function failuresAlone(write: (found: Finding) => string, ends: Pick<CaseWriter, 'head' | 'tail'>): CaseWriter {
  return {
    ...ends,
    add: ({ name, status, message, type, where }) =>
      status === 'failed' ? write(clean({ id: type ?? name, level: 'error', message: message ?? name, where })) : '',
  };
}
