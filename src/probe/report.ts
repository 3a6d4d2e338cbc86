/** The outcomes of a probe as a report. */
import type { Case, Finding, Report } from '../report/report.js';
import type { Outcome } from './run.js';

/** Whether an outcome fails the probe. */
export function fails({ isWrong, counts }: Outcome): boolean {
  return isWrong && counts;
}

/** Whether outcomes whose level does not count get a note each, or only their number. */
export interface ReportScope {
  readonly hasNotes: boolean;
  /** The version of jwtkit. */
  readonly version: string;
}

/** Returns the report of a probe. Its cases have every outcome. */
export function probeReport(target: string, outcomes: readonly Outcome[], { hasNotes, version }: ReportScope): Report {
  const wrong = outcomes.filter(({ isWrong, counts }) => isWrong && (counts || hasNotes));
  const unclear = outcomes.filter(({ isWrong, counts, answer }) => !isWrong && counts && answer.verdict === 'unclear');
  return {
    command: 'probe',
    version,
    summary: summarize(outcomes),
    findings: [...wrong.map((one) => toFinding(one, target)), ...unclear.map((one) => toUnclear(one, target))],
    cases: outcomes.map(toCase),
    rules: [...wrong, ...unclear].map(({ fixture: { id, why, rfc }, ...outcome }) => {
      const level = outcome.isWrong && outcome.counts ? 'error' : outcome.isWrong ? 'note' : 'warning';
      return { id, level, means: why, help: helpOf(outcome) ?? `see ${rfc}`, source: rfc };
    }),
  };
}

function toFinding(outcome: Outcome, target: string): Finding {
  const { fixture, answer, counts } = outcome;
  const { id, expect, why, rfc, level } = fixture;
  const did = expect === 'refuse' ? `accepted: ${why}` : `not accepted (${answer.detail}): ${why}`;
  const source = counts ? rfc : `${level}; ${rfc}`;
  return {
    id,
    level: counts ? 'error' : 'note',
    message: `${did} (${source})`,
    where: { name: target },
    help: helpOf(outcome),
  };
}

function helpOf({ remedy }: Pick<Outcome, 'remedy'>): string | undefined {
  if (remedy === undefined) return undefined;
  return remedy === null ? 'no option of the library refuses it' : `the option ${remedy} refuses it`;
}

function toUnclear({ fixture, answer }: Outcome, target: string): Finding {
  const message = `unclear, ${answer.detail}: ${fixture.why}`;
  return { id: fixture.id, level: 'warning', message, where: { name: target } };
}

function toCase(outcome: Outcome): Case {
  const { fixture, answer, isWrong, counts } = outcome;
  const isOpen = answer.verdict === 'unclear' || answer.verdict === 'unsent' || !counts;
  const status = fails(outcome) ? 'failed' : isOpen && (isWrong || counts) ? 'skipped' : 'passed';
  const message = `${answer.verdict}: ${answer.detail}`;
  return { suite: `probe ${fixture.category}`, name: fixture.id, status, message, type: fixture.level };
}

/** Counts the outcomes in one line. */
function summarize(outcomes: readonly Outcome[]): string {
  const count = (keep: (outcome: Outcome) => boolean) => outcomes.filter(keep).length;
  const isHostile = ({ fixture }: Outcome) => fixture.expect === 'refuse';
  const [hostile, good] = [count(isHostile), count((one) => !isHostile(one))];
  const taken = count((one) => isHostile(one) && fails(one));
  const lost = count((one) => !isHostile(one) && fails(one));
  const uncounted = (isShould: boolean) =>
    count(({ fixture, isWrong, counts }) => isWrong && !counts && (fixture.level === 'should') === isShould);
  const [should, hardening] = [uncounted(true), uncounted(false)];
  const unclear = count(({ answer }) => answer.verdict === 'unclear');
  const unsent = count(({ answer }) => answer.verdict === 'unsent');
  const parts = [`${taken} of ${hostile} hostile tokens accepted`, `${good - lost} of ${good} good tokens accepted`];
  if (unclear > 0) parts.push(`${unclear} answers unclear`);
  if (unsent > 0) parts.push(`${unsent} not sent`);
  if (should > 0) parts.push(`${should} more wrong with --level should`);
  if (hardening > 0) parts.push(`${hardening} more wrong with --level all`);
  return parts.join(', ');
}
