import type { Case, Report } from './report.js';

/** Returns the cases of a report as JUnit's XML, a suite for each `suite` of the cases. */
export function toJunit({ command, cases }: Report): string {
  const suites = new Map<string, Case[]>();
  for (const one of cases) {
    const suite = suites.get(one.suite);
    if (suite === undefined) suites.set(one.suite, [one]);
    else suite.push(one);
  }
  const counts = `tests="${cases.length}" failures="${count(cases, 'failed')}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="jwtkit ${text(command)}" ${counts}>`,
    ...[...suites].flatMap(([name, members]) => suiteLines(command, name, members)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteLines(command: string, name: string, cases: readonly Case[]): string[] {
  const counts = `tests="${cases.length}" failures="${count(cases, 'failed')}" errors="0" skipped="${count(cases, 'skipped')}"`;
  return [
    `  <testsuite name="${text(name)}" ${counts}>`,
    ...cases.map((one) => `    ${testCase(command, one)}`),
    '  </testsuite>',
  ];
}

function testCase(command: string, { suite, name, status, message = '', type = '' }: Case): string {
  const open = `<testcase classname="jwtkit.${text(command)}.${text(suite)}" name="${text(name)}"`;
  if (status === 'passed') return `${open}/>`;
  if (status === 'skipped') return `${open}><skipped message="${text(message)}"/></testcase>`;
  return `${open}><failure type="${text(type)}" message="${text(message)}">${text(message)}</failure></testcase>`;
}

function count(cases: readonly Case[], status: Case['status']): number {
  return cases.filter((one) => one.status === status).length;
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
