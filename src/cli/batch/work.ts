/** What is done with each line of a batch. The same code answers in this thread and in a worker's. */
import { JwtkitError } from '../../errors.js';
import { isJsonObject, JsonError, type JsonObject, own, parseJsonObject } from '../../jose/json.js';
import type { Key } from '../../jose/key.js';
import type { Claims, TokenType } from '../../token/claims.js';
import type { IssuePairPolicy, IssuePolicy } from '../../token/issue.js';
import type { VerifyPolicy } from '../../token/policy.js';
import type { Verdict } from '../../token/verify.js';
import { type ClaimDefault, define, fillDefaults } from '../claim-defaults.js';
import { trimToken } from '../input.js';
import { renderMessage, toJson } from '../output.js';
import { findStore, type StoreOptions } from '../stores.js';
import { type Block, type Line, linesOf, maxLineBytes } from './lines.js';

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

/** What one line came to. */
export interface Answer {
  /** What goes to stdout, with its line end; empty for nothing. */
  readonly output: string;
  /** What is counted: a word for success, or an error's code; undefined for a line that says nothing. */
  readonly outcome: string | undefined;
  readonly talk?: string | undefined;
}

/** Answers lines in their order, some together: at once, or later where a store has to be asked. */
export type AnswerLines = (lines: Iterable<Line>) => Iterable<readonly (Answer | Promise<Answer>)[]>;

/** Answers one line. */
type AnswerLine = (line: Line) => Answer;

function oneByOne(answer: AnswerLine): AnswerLines {
  return function* (lines) {
    for (const line of lines) yield [answer(line)];
  };
}

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

/** Tokens that are gone through together: enough to be fast, few enough to stay in a processor's cache. */
const tokensAtOnce = 64;

const nothing: Answer = { output: '', outcome: undefined };

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
      return { answer: oneByOne(await prepareIssue(job, newId)), close };
    case 'decode': {
      const { decodeToken } = await import('../../token/decode.js');
      const read = (token: string) => ({ members: decodeToken(token), problem: undefined });
      return { answer: oneByOne(withToken('decoded', read)), close };
    }
    case 'inspect': {
      const { inspectToken, lifeProblem } = await import('../../token/inspect.js');
      const { toLifeReport } = await import('../commands/inspect.js');
      const { now, minTtl } = job;
      const read = (token: string) => {
        const life = inspectToken(token, { now });
        return { members: toLifeReport(life), problem: lifeProblem(life, now, minTtl) };
      };
      return { answer: oneByOne(withToken('active', read)), close };
    }
  }
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
  const answerGroup = (numbers: readonly number[], tokens: readonly string[]) =>
    judgeTokens(tokens, policy, { keys, now, denylist }).map((verdict, at) => {
      const number = numbers[at] as number;
      return verdict instanceof Promise ? verdict.then((late) => write(number, late)) : write(number, verdict);
    });
  const answer: AnswerLines = function* (lines) {
    let numbers: number[] = [];
    let tokens: string[] = [];
    for (const { number, text, isCut } of lines) {
      const token = isCut ? text : trimToken(text);
      if (token === '') continue;
      numbers.push(number);
      if (tokens.push(token) < tokensAtOnce) continue;
      yield answerGroup(numbers, tokens);
      numbers = [];
      tokens = [];
    }
    yield answerGroup(numbers, tokens);
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

function toPlain({ code, message, hint }: JwtkitError) {
  return { code, message, hint };
}

async function prepareIssue(
  { policies, type, key, now, claims: fixed, defaults, isRedated, asJson }: Extract<Job, { kind: 'issue' }>,
  newId: (() => string) | undefined,
): Promise<AnswerLine> {
  const { prepareIssuer, preparePairIssuer } = await import('../../token/issue.js');
  const deps = { key, now, newId };
  const issue = { access: prepareIssuer(policies.access, deps), refresh: prepareIssuer(policies.refresh, deps) };
  const issuePair = policies.pair === undefined ? undefined : preparePairIssuer(policies.pair, deps);
  const sign = (given: Claims): { text: string; members: object } => {
    const claims = withMembers(given, fixed);
    fillDefaults(claims, defaults);
    if (isRedated) delete claims.exp;
    if (issuePair !== undefined) {
      const members = issuePair(claims);
      return { text: JSON.stringify(members), members };
    }
    const members = issue[type ?? (claims.type === 'refresh' ? 'refresh' : 'access')](claims);
    return { text: members.token, members };
  };
  return ({ number, text, isCut }) => {
    // Line n of the output belongs to line n of the input, so that an empty or a bad one leaves an empty one.
    if (!isCut && text.trim() === '') return asJson ? nothing : { output: '\n', outcome: undefined };
    try {
      if (isCut) throw new JwtkitError('USAGE_INVALID', `the line is longer than ${maxLineBytes} bytes`);
      const issued = sign(readClaims(text));
      return { output: `${asJson ? toJson({ line: number, ...issued.members }) : issued.text}\n`, outcome: 'issued' };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      if (asJson) return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: error.code };
      return { output: '\n', outcome: error.code, talk: `error: line ${number}: ${renderMessage(error)}\n` };
    }
  };
}

/** A claims object, or a line of `decode --batch` or `decode --json`, of which the claims are taken. */
function readClaims(text: string): Claims {
  let json: JsonObject;
  try {
    json = parseJsonObject(Buffer.from(text, 'utf8'));
  } catch (error) {
    throw error instanceof JsonError ? new JwtkitError('USAGE_INVALID', `the line ${error.message}`) : error;
  }
  const claims = own(json, 'claims');
  const isDecoded =
    isJsonObject(own(json, 'header')) &&
    isJsonObject(claims) &&
    Object.keys(json).every((name) => ['line', 'header', 'claims'].includes(name));
  return isDecoded ? (claims as Claims) : json;
}

/** Claims with others in their place. */
function withMembers(claims: Claims, others: Claims): Claims {
  for (const name of Object.keys(others)) define(claims, name, others[name]);
  return claims;
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
    for (const group of answer(linesOf(block))) {
      for (const ready of group) {
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
