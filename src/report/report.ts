/** What a command found: the value that every form of a report is made from. `cleanReport` bounds and escapes its texts. */

/** From the worst to the least. */
export const levels = ['error', 'warning', 'note'] as const;
export type Level = (typeof levels)[number];

/** Where a finding is. */
export interface Place {
  /** A path, a URL, or another name such as `argument 1`. */
  readonly name: string;
  /** Whether the name is the path of a file. */
  readonly isFile?: boolean | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
  /** A part of it, such as `keys[0]` or `claims.exp`. */
  readonly part?: string | undefined;
}

/** One thing that is wrong. */
export interface Finding {
  /** The id of its rule, such as `token/no-expiry`. */
  readonly id: string;
  readonly level: Level;
  readonly message: string;
  readonly where: Place;
  /** What to do about it. */
  readonly help?: string | undefined;
}

/** One thing that was checked: a test case in JUnit's words. */
export interface Case {
  /** What it belongs to, such as a target, a token or a category. */
  readonly suite: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly message?: string | undefined;
  /** The kind of failure: an error code or the id of a rule. */
  readonly type?: string | undefined;
}

/** A rule as reports describe it. */
interface RuleText {
  readonly id: string;
  readonly level: Level;
  /** What it means when it is broken. */
  readonly means: string;
  readonly help: string;
  /** The standard or text that it comes from. */
  readonly source: string;
}

export interface Report {
  /** The command, such as `lint`. */
  readonly command: string;
  /** The version of jwtkit. */
  readonly version: string;
  /** One line that says how it went, such as `2 errors in 3 targets`. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly cases: readonly Case[];
  /** The rules of the findings; others are allowed. */
  readonly rules: readonly RuleText[];
}

/** Returns failed cases as findings, for the forms that show findings alone. */
export function failuresOf(cases: readonly Case[]): Finding[] {
  const failed = cases.filter(({ status }) => status === 'failed');
  return failed.map(({ suite, name, message, type }) => ({
    id: type ?? name,
    level: 'error',
    message: message === undefined ? name : `${name}: ${message}`,
    where: { name: suite },
  }));
}

/** Returns a place in words: `.env:3 SECRET_KEY`. */
export function describePlace({ name, line, part }: Place): string {
  const place = line === undefined ? name : `${name}:${line}`;
  return part === undefined ? place : `${place} ${part}`;
}

/** Counts findings in words: `2 errors, 1 note`. */
export function countFindings(findings: readonly Finding[]): string {
  const counts = levels.map((level) => [level, findings.filter((one) => one.level === level).length] as const);
  const shown = counts
    .filter(([, count]) => count > 0)
    .map(([level, count]) => `${count} ${level}${count === 1 ? '' : 's'}`);
  return shown.length === 0 ? 'no findings' : shown.join(', ');
}
