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

/** After so many tokens the good one is given again: many services lock out a client that fails often. */
const betweenChecks = 20;

/** How often a token is asked about again that the service had no time for. */
const mostPatience = 40;

/** A text that nobody takes for a token. */
const noToken = 'jwtkit-probe';

export interface ProbeOptions {
  readonly level: CountedLevel;
  /** The shortest time from one token to the next, in milliseconds. */
  readonly pause: number;
  /** Waits for so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  /** Is called if the target accepts a text that is no token. */
  onCareless?(): void;
  /** Is called if its answer to such a text neither accepts nor refuses. */
  onUnclear?(detail: string): void;
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
 * Runs fixtures against a target. The first fixture is a good token, which has to pass: without it, refusals say nothing. It has to
 * pass again and again, unless the target takes a token only once.
 * @throws {JwtkitError} PROBE_FAILED if it does not pass; FILE_NOT_READABLE if there is no such target; ADDRESS_UNAVAILABLE if it
 * stops answering, or takes good tokens no longer.
 */
export async function runProbe(
  fixtures: readonly Fixture[],
  target: Target,
  options: ProbeOptions,
): Promise<readonly Outcome[]> {
  let asked = 0;
  const ask = async (token: string) => {
    if (asked++ > 0 && options.pause > 0) await options.wait(options.pause);
    return target.ask(token);
  };
  const good = fixtures[0]?.token ?? '';
  const first = await ask(good);
  refuseUnlessAccepted(first, target);
  const ofNoToken = await ask(noToken);
  if (ofNoToken.verdict === 'accepted') options.onCareless?.();
  if (ofNoToken.verdict === 'unclear') options.onUnclear?.(ofNoToken.detail);
  const isReusable = (await ask(good)).verdict === 'accepted';
  const outcomes: Outcome[] = [];
  let silences = 0;
  let lastChecked = 'the start';
  /** Refuses to go on with a target that no longer takes the good token: its refusals would say nothing. */
  const check = async (at: string) => {
    let answer = isReusable ? await ask(good) : first;
    // A server may have closed the connection after the last token.
    if (answer.verdict !== 'accepted') answer = await ask(good);
    if (answer.verdict !== 'accepted') throw lockedOut(target, answer, lastChecked, at);
    lastChecked = at;
  };
  let patience = mostPatience;
  /** Asks again if the service has not looked at the token, because there were too many. */
  const askPatiently = async ({ token, id }: Fixture) => {
    let answer = await ask(token);
    while (isTooMany(answer)) {
      await check(id);
      if (patience-- === 0) throw lockedOut(target, answer, lastChecked, id);
      answer = await ask(token);
    }
    return answer;
  };
  const kept = 2 * Math.ceil(maxTokens / betweenChecks) + 3 * mostPatience;
  const sent = fixtures.slice(0, maxTokens - kept - asked);
  for (const [at, fixture] of sent.entries()) {
    const answer = at === 0 ? first : await askPatiently(fixture);
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
    if (at % betweenChecks === betweenChecks - 1 || at === sent.length - 1) await check(fixture.id);
  }
  return outcomes;
}

function isTooMany({ verdict, detail }: Answer): boolean {
  return verdict === 'unclear' && detail === 'status 429';
}

function lockedOut({ name }: Target, { detail }: Answer, from: string, to: string): JwtkitError {
  const message = `between ${from} and ${to}, ${name} stopped taking the good token: ${detail}`;
  const hint =
    'it may lock out clients that fail often: let this one through while it is probed, or slow down with --rate';
  return new JwtkitError('ADDRESS_UNAVAILABLE', message, { hint });
}

function refuseUnlessAccepted({ verdict, detail, isAbsent }: Answer, { name }: Target): void {
  if (verdict === 'accepted') return;
  if (isAbsent === true) {
    const hint = "name a program that is there, such as exec:'python3 check.py'";
    throw new JwtkitError('FILE_NOT_READABLE', `cannot run ${name}: ${detail}`, { hint });
  }
  const did = verdict === 'refused' ? 'refused the good token' : 'did not accept the good token';
  const isStatus = verdict === 'unclear' && detail.startsWith('status ');
  const check =
    'check that the target trusts this key and expects these claims (--iss, --aud, --sub, --typ, --claim, --send)';
  const hint = isStatus ? `if that accepts a token, say so with --accepted; else ${check}` : check;
  throw new JwtkitError('PROBE_FAILED', `${name} ${did}: ${detail}`, { hint });
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
