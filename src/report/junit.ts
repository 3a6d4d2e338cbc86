import type { Case, Report } from './report.js';

/** Returns the cases of a report as JUnit's XML, a suite for each `suite` of the cases. */
export function toJunit({ command, cases }: Report): string {
  const suites = new Map<string, Case[]>();
  for (const one of cases) {
    const suite = suites.get(one.suite);
    if (suite === undefined) suites.set(one.suite, [one]);
    else suite.push(one);
  }
  return [
    openSuites(command, countCases(cases)),
    ...[...suites].flatMap(([name, members]) => [
      openSuite(name, countCases(members)),
      ...members.map((one) => testCase(command, one)),
      closeSuite,
    ]),
    closeSuites,
    '',
  ].join('\n');
}

/** How many cases there are, and how many of them failed or were skipped. */
export interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly skipped: number;
}

/** The begin of a document. The attributes take `width` characters at least: space may stand before the end of a tag. */
export function openSuites(command: string, { tests, failures }: Counts, width = 0): string {
  const attributes = `tests="${tests}" failures="${failures}" errors="0"`.padEnd(width);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="jwtkit ${text(command)}" ${attributes}>`;
}

/** The begin of a suite; see {@link openSuites}. */
export function openSuite(name: string, { tests, failures, skipped }: Counts, width = 0): string {
  const attributes = `tests="${tests}" failures="${failures}" errors="0" skipped="${skipped}"`.padEnd(width);
  return `  <testsuite name="${text(name)}" ${attributes}>`;
}

export const closeSuite = '  </testsuite>';
export const closeSuites = '</testsuites>';

/** A case of a suite. */
export function testCase(command: string, one: Case): string {
  return `    ${element(command, one)}`;
}

function element(command: string, { suite, name, status, message = '', type = '' }: Case): string {
  const open = `<testcase classname="jwtkit.${text(command)}.${text(suite)}" name="${text(name)}"`;
  if (status === 'passed') return `${open}/>`;
  if (status === 'skipped') return `${open}><skipped message="${text(message)}"/></testcase>`;
  return `${open}><failure type="${text(type)}" message="${text(message)}">${text(message)}</failure></testcase>`;
}

function countCases(cases: readonly Case[]): Counts {
  const count = (status: Case['status']) => cases.filter((one) => one.status === status).length;
  return { tests: cases.length, failures: count('failed'), skipped: count('skipped') };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes a text for XML 1.0, which has no U+FFFE and U+FFFF. The other characters that it lacks are escaped already. */
function text(untrusted: string): string {
  return untrusted
    .replace(/[&<>"']/g, (char) => entities[char] ?? '')
    .replace(/[\ufffe\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}
