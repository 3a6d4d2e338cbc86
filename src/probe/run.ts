/** Gives fixtures to a target, one after the other, and says which of its answers are wrong. */
import { JwtkitError } from '../errors.js';
import type { Fixture, Level } from '../fixtures/fixture.js';
import type { Answer, Target } from './target.js';

/** Which levels of fixtures count. */
export const countedLevels = {
  must: ['must'],
  should: ['must', 'should'],
  all: ['must', 'should', 'hardening'],
} as const satisfies Record<string, readonly Level[]>;

export type CountedLevel = keyof typeof countedLevels;

/** The most tokens that one run gives to a target. */
const maxTokens = 500;

/** After so many tokens in a row without any answer the target counts as gone. */
const maxSilences = 3;

export interface ProbeOptions {
  readonly level: CountedLevel;
  /** The shortest time from one token to the next, in milliseconds. */
  readonly pause: number;
  /** Waits for so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  /** Is called after each answer. */
  onAnswer?(done: number, total: number): void;
}

/** A fixture and what the target did with it. */
export interface Outcome {
  readonly fixture: Fixture;
  readonly answer: Answer;
  /** Whether it accepted a hostile token, or did not accept a good one. */
  readonly isWrong: boolean;
  /** Whether the level of the fixture counts. */
  readonly counts: boolean;
  /** The option of a library that would have refused the token, as JSON; null if there is none. */
  readonly remedy?: string | null;
}

/**
 * Runs fixtures against a target. The first fixture is a good token, which has to pass: without it, refusals say nothing.
 * @throws {JwtkitError} PROBE_FAILED if it does not pass; FILE_NOT_READABLE if there is no such target; ADDRESS_UNAVAILABLE if it
 * stops answering.
 */
export async function runProbe(
  fixtures: readonly Fixture[],
  target: Target,
  options: ProbeOptions,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const sent = fixtures.slice(0, maxTokens);
  const good = sent[0]?.token ?? '';
  let silences = 0;
  for (const fixture of sent) {
    if (outcomes.length > 0 && options.pause > 0) await options.wait(options.pause);
    const answer = await target.ask(fixture.token);
    if (outcomes.length === 0) refuseUnlessAccepted(answer, target);
    silences = /^no (?:answer|connection)/.test(answer.detail) ? silences + 1 : 0;
    if (silences === maxSilences) {
      throw new JwtkitError(
        'ADDRESS_UNAVAILABLE',
        `${target.name} stopped answering at ${fixture.id}: ${answer.detail}`,
        {
          hint: 'one of the last tokens may have stopped it; its log says more',
        },
      );
    }
    outcomes.push(await judge(fixture, answer, target, good, options.level));
    options.onAnswer?.(outcomes.length, sent.length);
  }
  return outcomes;
}

function refuseUnlessAccepted({ verdict, detail, isAbsent }: Answer, { name }: Target): void {
  if (verdict === 'accepted') return;
  if (isAbsent === true) {
    const hint = "name a program that is there, such as exec:'python3 check.py'";
    throw new JwtkitError('FILE_NOT_READABLE', `cannot run ${name}: ${detail}`, { hint });
  }
  const did = verdict === 'refused' ? 'refused the good token' : 'did not accept the good token';
  throw new JwtkitError('PROBE_FAILED', `${name} ${did}: ${detail}`, {
    hint: 'it has to trust the key, and --iss, --aud, --sub, --typ and --claim have to fit it; --send says where the token goes',
  });
}

async function judge(
  fixture: Fixture,
  answer: Answer,
  target: Target,
  good: string,
  level: CountedLevel,
): Promise<Outcome> {
  const isHostile = fixture.expect === 'refuse';
  const isAccepted = answer.verdict === 'accepted';
  const isWrong = isHostile ? isAccepted : !isAccepted && answer.verdict !== 'unsent';
  const counted: readonly Level[] = countedLevels[level];
  const outcome = { fixture, answer, isWrong, counts: counted.includes(fixture.level) };
  if (!isHostile || !isAccepted || target.findRemedy === undefined) return outcome;
  return { ...outcome, remedy: (await target.findRemedy(fixture.token, good)) ?? null };
}
