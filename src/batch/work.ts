/** Answers the lines of a block. The same code runs in this thread and in a worker's. */
import type { Answer, AnswerLines, LineAnswerer, Terms, Verdict } from './answer.js';
import type { Job } from './job.js';
import { type Block, groupsOf } from './lines.js';

/** The answers to a block of lines. */
export interface BlockResult {
  readonly output: Uint8Array<ArrayBuffer>;
  readonly talk: string;
  /** The number of lines by outcome. */
  readonly counts: ReadonlyMap<string, number>;
  /** For reports, if the job asks for them. */
  readonly verdicts: readonly Verdict[];
  /** Why the lines from here on have no answer: a store that fails, or a bug. */
  readonly failure?: unknown;
}

/** Answers blocks until it is closed. */
export interface Work {
  run(block: Block, terms: Terms): Promise<BlockResult>;
  close(): Promise<void>;
}

/**
 * Gets ready for a job. With `terms` a mistake in them shows here, before the input is read.
 * @throws {JwtkitError} STORE_UNAVAILABLE, FILE_NOT_TRUSTED; USAGE_INVALID for a policy under which nothing can be issued.
 */
export async function openWork(
  job: Job,
  options: { readonly newId?: (() => string) | undefined; readonly terms?: Terms | undefined } = {},
): Promise<Work> {
  const answerer = await openAnswerer(job, options.newId);
  if (options.terms !== undefined) await answerer.prepare(options.terms);
  return {
    run: async (block, terms) => answerBlock(block, await answerer.prepare(terms)),
    close: async () => answerer.close?.(),
  };
}

async function openAnswerer(job: Job, newId: (() => string) | undefined): Promise<LineAnswerer> {
  switch (job.kind) {
    case 'verify':
      return (await import('./verify-lines.js')).verifyLines(job);
    case 'issue':
      return (await import('./issue-lines.js')).issueLines(job, newId);
    case 'encrypt':
      return (await import('./encrypt-lines.js')).encryptLines(job, newId);
    case 'decrypt':
      return (await import('./decrypt-lines.js')).decryptLines(job);
    case 'decode':
      return (await import('./read-lines.js')).decodeLines;
    case 'inspect':
      return (await import('./read-lines.js')).inspectLines(job.minTtl);
  }
}

/** The number of lines answered at once: enough to share a round trip to a store, few enough for the processor's cache. */
const linesAtOnce = 128;

/** Answers lines in their order, up to the first whose answer fails. */
async function answerBlock(block: Block, answer: AnswerLines): Promise<BlockResult> {
  const counts = new Map<string, number>();
  const verdicts: Verdict[] = [];
  let output = '';
  let talk = '';
  const take = (ready: Answer) => {
    output += ready.output;
    talk += ready.talk ?? '';
    if (ready.verdict !== undefined) verdicts.push(ready.verdict);
    if (ready.outcome !== undefined) counts.set(ready.outcome, (counts.get(ready.outcome) ?? 0) + 1);
  };
  const result = () => ({ output: new TextEncoder().encode(output), talk, counts, verdicts });
  for (const lines of groupsOf(block, linesAtOnce)) {
    let group: ReturnType<AnswerLines>;
    try {
      group = answer(lines);
    } catch (failure) {
      return { ...result(), failure };
    }
    // Answers that no store delays are not awaited: a promise for each line is a tenth of a verification.
    if (group.every((each) => !(each instanceof Promise))) {
      for (const each of group) take(each as Answer);
      continue;
    }
    for (const settled of await Promise.allSettled(group)) {
      if (settled.status === 'rejected') return { ...result(), failure: settled.reason };
      take(settled.value);
    }
  }
  return result();
}
