/** Runs the rules over what sources hold. */
import type { Finding, Level } from '../report/report.js';
import { secretFinder } from './find-secret.js';
import { keyOpener } from './open-key.js';
import { readKeyrings } from './read/keyring.js';
import { readSource } from './read/read.js';
import type { Found } from './read/subjects.js';
import type { LintContext, Remark, Rule, Source, Spot, Subject } from './rule.js';
import { rules } from './rules.js';

/** A rule's level in a run; `off` turns it off. */
export type RuleLevel = Level | 'off';

/** How {@link lint} works. */
export interface LintOptions {
  /** NumericDate. */
  readonly now: number;
  /** Words to try as secrets beside the bundled list. */
  readonly words?: readonly string[];
  /** Levels that differ from the rules' own. */
  readonly levels?: ReadonlyMap<string, RuleLevel>;
}

/** What a run found. */
export interface LintResult {
  readonly findings: readonly Finding[];
  /** How many subjects each source holds, in the order of the sources; 0 for one that is not recognized. */
  readonly subjects: readonly number[];
}

/** The most findings of one rule in one source: a file of thousands of bad tokens needs no more. */
const mostOfOneRule = 20;

/** Lints sources. What is found is ordered by source, then by level. */
export async function lint(sources: readonly Source[], options: LintOptions): Promise<LintResult> {
  const context: LintContext = { now: options.now, ...secretFinder(options.words ?? []), opensKey: keyOpener() };
  const read: Found[] = [];
  for (const source of sources) read.push(await readSource(source));
  const all: Subject[] = [...read.flatMap(({ subjects }) => subjects), ...readKeyrings(read)];
  const findings = new Findings(options.levels ?? new Map());
  for (const subject of all) {
    for (const rule of rules)
      if (rule.about === subject.kind)
        findings.add(rule, rule.check(subject.value, context, subject.spot), subject.spot);
  }
  const [first] = all;
  for (const rule of rules) {
    if (rule.about === 'everything' && first !== undefined)
      findings.add(rule, rule.check(all, context, first.spot), first.spot);
  }
  return { findings: findings.inOrder(sources), subjects: read.map(({ subjects }) => subjects.length) };
}

class Findings {
  readonly #found: { finding: Finding; source: Source }[] = [];
  readonly #counts = new Map<string, number>();
  readonly #levels: ReadonlyMap<string, RuleLevel>;

  constructor(levels: ReadonlyMap<string, RuleLevel>) {
    this.#levels = levels;
  }

  add({ id, level: usual, help }: Rule, said: ReturnType<Rule['check']>, around: Spot): void {
    const level = this.#levels.get(id) ?? usual;
    if (level === 'off' || said === undefined || said === false || said === '') return;
    for (const remark of (Array.isArray(said) ? said : [said]) as readonly Remark[]) {
      const { message, part = undefined, spot = around } = typeof remark === 'string' ? { message: remark } : remark;
      const name = `${id} ${spot.source.name}`;
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      if (count > mostOfOneRule) continue;
      const where = {
        name: spot.source.name,
        isFile: spot.source.isFile,
        line: spot.line,
        part: [spot.part, part].filter((one) => one !== undefined).join('.') || undefined,
      };
      this.#found.push({ finding: { id, level, message, where, help }, source: spot.source });
    }
  }

  inOrder(sources: readonly Source[]): Finding[] {
    const places = new Map(sources.map((source, at) => [source, at]));
    const rank = { error: 0, warning: 1, note: 2 };
    const placeOf = (source: Source) => places.get(source) ?? 0;
    return this.#found
      .toSorted(
        (one, other) =>
          placeOf(one.source) - placeOf(other.source) || rank[one.finding.level] - rank[other.finding.level],
      )
      .map(({ finding }) => finding);
  }
}
