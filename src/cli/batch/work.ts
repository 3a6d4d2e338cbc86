/** What is done with each line of a batch. The same code answers in this thread and in a worker's. */
import { JwtkitError } from '../../errors.js';
import type { Key } from '../../jose/key.js';
import type { Claims, TokenType } from '../../token/claims.js';
import type { IssuePairPolicy, IssuePolicy } from '../../token/issue.js';
import type { VerifyPolicy } from '../../token/policy.js';
import type { Verdict } from '../../token/verify.js';
import type { ClaimDefault } from '../claim-defaults.js';
import { trimToken } from '../input.js';
import { toJson } from '../output.js';
import { findStore, type StoreOptions } from '../stores.js';
import { type Answer, type AnswerLine, type AnswerLines, nothing, toPlain } from './answer.js';
import { prepareIssue } from './issue-lines.js';
import { type Block, type Line, linesOf } from './lines.js';

/**
 * A batch as plain values and keys, which can be sent to a worker. The keys that verify come with the blocks, since they may
 * change while it runs.
 */
export type Job =
  | {
      readonly kind: 'verify';
      readonly policy: VerifyPolicy;
      readonly now: number;
      /** Where the denylist is, or may be made while the batch runs. */
      readonly store: StoreOptions;
      readonly showClaims: boolean;
      readonly onlyInvalid: boolean;
    }
  | {
      readonly kind: 'issue';
      /** By the type of token; `pair` is set for two tokens a line. */
      readonly policies: Readonly<Record<TokenType, IssuePolicy>> & { readonly pair: IssuePairPolicy | undefined };
      /** Undefined leaves the type to each line's claims. */
      readonly type: TokenType | undefined;
      readonly key: Key;
      readonly now: number;
      /** Claims of the options, which win over those of a line. */
      readonly claims: Claims;
      /** Claims of the policy file, for lines without them. */
      readonly defaults: readonly ClaimDefault[];
      /** Whether the `exp` of a line gives way to the lifetime asked for. */
      readonly isRedated: boolean;
      readonly asJson: boolean;
    }
  | { readonly kind: 'decode' }
  | { readonly kind: 'inspect'; readonly now: number; readonly minTtl: number | undefined };

/** What a block of lines came to. */
export interface BlockResult {
  readonly output: Uint8Array<ArrayBuffer>;
  readonly talk: string;
  readonly counts: ReadonlyMap<string, number>;
  /** Why the lines from here on have no answer: a store that fails, or a bug. */
  readonly failure?: unknown;
}

/** Answers blocks until it is closed. */
export interface Work {
  /** `keys` are those to verify with. */
  run(block: Block, keys: readonly Key[]): Promise<BlockResult>;
  close(): Promise<void>;
}

/**
 * Gets ready for a job.
 * @throws {JwtkitError} STORE_UNAVAILABLE; USAGE_INVALID for a policy under which nothing can be issued.
 */
export async function openWork(job: Job, newId?: () => string): Promise<Work> {
  const { answer, prepare, close } = await openAnswers(job, newId);
  const run = async (block: Block, keys: readonly Key[]) => {
    await prepare?.(keys);
    return answerBlock(block, answer);
  };
  return { run, close };
}

interface Answers {
  /** What is looked at anew before each block. */
  readonly prepare?: (keys: readonly Key[]) => Promise<void>;
  readonly answer: AnswerLines;
  readonly close: () => Promise<void>;
}

async function openAnswers(job: Job, newId: (() => string) | undefined): Promise<Answers> {
  const close = async () => {};
  switch (job.kind) {
    case 'verify':
      return openVerify(job);
    case 'issue':
      return { answer: inTurns(await prepareIssue(job, newId)), close };
    case 'decode': {
      const { decodeToken } = await import('../../token/decode.js');
      const read = (token: string) => ({ members: decodeToken(token), problem: undefined });
      return { answer: inTurns(withToken('decoded', read)), close };
    }
    case 'inspect': {
      const { inspectToken, lifeProblem } = await import('../../token/inspect.js');
      const { toLifeReport } = await import('../commands/inspect.js');
      const { now, minTtl } = job;
      const read = (token: string) => {
        const life = inspectToken(token, { now });
        return { members: toLifeReport(life), problem: lifeProblem(life, now, minTtl) };
      };
      return { answer: inTurns(withToken('active', read)), close };
    }
  }
}

/** One after the other, so that those before one that fails have their answers. */
function inTurns(answer: AnswerLine): AnswerLines {
  return (lines) => {
    const answers: (Answer | Promise<Answer>)[] = [];
    for (const line of lines) {
      try {
        answers.push(answer(line));
      } catch (error) {
        return [...answers, Promise.reject(error)];
      }
    }
    return answers;
  };
}

async function openVerify(job: Extract<Job, { kind: 'verify' }>): Promise<Answers> {
  const { now, store, showClaims, onlyInvalid } = job;
  // A policy is checked with each token: what is not asked for would take longer than what is.
  const policy = Object.fromEntries(Object.entries(job.policy).filter(([, value]) => value !== undefined));
  const { judgeTokens } = await import('../../token/verify.js');
  let denylist = await findStore(store, now);
  let keys: readonly Key[] = [];
  const write = (line: number, { code, verified }: Verdict): Answer => {
    const outcome = code ?? 'valid';
    if (code === null && onlyInvalid) return { output: '', outcome };
    // Joined by hand: one JSON.stringify of an object for each token is as long as half the parsing.
    let output = `{"line":${line},"valid":${code === null}`;
    if (code !== null) output += `,"code":"${code}"`;
    if (verified !== undefined) {
      const { claims, key } = verified;
      if (claims.sub !== undefined) output += `,"sub":${toJson(claims.sub)}`;
      if (claims.exp !== undefined) output += `,"exp":${toJson(claims.exp)}`;
      if (key.kid !== null) output += `,"kid":${toJson(key.kid)}`;
      if (showClaims) output += `,"claims":${toJson(claims)}`;
    }
    return { output: `${output}}\n`, outcome };
  };
  const answer: AnswerLines = (lines) => {
    const numbers: number[] = [];
    const tokens: string[] = [];
    for (const { number, text, isCut } of lines) {
      const token = isCut ? text : trimToken(text);
      if (token === '') continue;
      numbers.push(number);
      tokens.push(token);
    }
    const answers: (Answer | Promise<Answer>)[] = [];
    for (const [at, verdict] of judgeTokens(tokens, policy, { keys, now, denylist }).entries()) {
      const number = numbers[at] as number;
      answers.push(verdict instanceof Promise ? verdict.then((late) => write(number, late)) : write(number, verdict));
    }
    return answers;
  };
  const prepare = async (current: readonly Key[]) => {
    keys = current;
    denylist ??= await findStore(store, now);
  };
  return { answer, prepare, close: async () => denylist?.close() };
}

/** A line of JSON for each token: what was read, or the error, or both for a token that was read and does not pass. */
function withToken(
  success: string,
  read: (token: string) => { members: object; problem: JwtkitError | undefined },
): AnswerLine {
  return ({ number, text, isCut }) => {
    const token = isCut ? text : trimToken(text);
    if (token === '') return nothing;
    try {
      const { members, problem } = read(token);
      const output = `${toJson({ line: number, ...members, error: problem && toPlain(problem) })}\n`;
      return { output, outcome: problem?.code ?? success };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: error.code };
    }
  };
}

/** Lines that are gone through together: enough to be fast, few enough to stay in a processor's cache. */
const linesAtOnce = 64;

function* groupsOf(lines: Iterable<Line>): Generator<readonly Line[]> {
  let group: Line[] = [];
  for (const line of lines) {
    if (group.push(line) < linesAtOnce) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Questions to a store that are on their way together. */
const questionsAtOnce = 256;

const encoder = new TextEncoder();

async function answerBlock(block: Block, answer: AnswerLines): Promise<BlockResult> {
  const counts = new Map<string, number>();
  let output = '';
  let talk = '';
  let failure: { cause: unknown } | undefined;
  const take = (ready: Answer) => {
    output += ready.output;
    if (ready.talk !== undefined) talk += ready.talk;
    if (ready.outcome !== undefined) counts.set(ready.outcome, (counts.get(ready.outcome) ?? 0) + 1);
  };
  let waiting: (Answer | Promise<Answer>)[] = [];
  /** In order, up to the first that failed: what comes after it is not told, whatever it is. */
  const drain = async () => {
    for (const settled of await Promise.allSettled(waiting)) {
      if (settled.status === 'fulfilled') take(settled.value);
      else {
        failure = { cause: settled.reason };
        break;
      }
    }
    waiting = [];
  };
  try {
    for (const lines of groupsOf(linesOf(block))) {
      for (const ready of answer(lines)) {
        if (waiting.length === 0 && !(ready instanceof Promise)) take(ready);
        else waiting.push(ready);
      }
      if (waiting.length >= questionsAtOnce) await drain();
      if (failure !== undefined) break;
    }
  } catch (cause) {
    failure = { cause };
  }
  if (waiting.length > 0 && failure === undefined) await drain();
  const result = { output: encoder.encode(output), talk, counts };
  return failure === undefined ? result : { ...result, failure: failure.cause };
}
