/**
 * A batch: lines in, answers out in the same order, on as many cores as there are. Whoever reads slowly slows everything
 * down to the reading of the input, so that memory is for a few blocks whatever the size.
 */
import { availableParallelism } from 'node:os';
import { JwtkitError } from '../../errors.js';
import type { Key } from '../../jose/key.js';
import { openFileSource } from '../../store/byte-source.js';
import type { KeySource } from '../../token/key-source.js';
import type { ByteSource, Context, Io } from '../io.js';
import { type Block, cutBlocks } from './lines.js';
import type { Pool } from './pool.js';
import { openProgress } from './progress.js';
import { type BlockResult, type Job, openWork, type Work } from './work.js';

/** What is read at once: an answer to a line of claims takes ten times longer than one to a token. */
const blockBytes = { verify: 131_072, decode: 131_072, inspect: 131_072, issue: 16_384 } as const;

/** Milliseconds of work after which threads are worth their start, which takes about as long. */
const worthThreads = 60;

/** The exit code of a program that was interrupted, as shells count it. */
const interruptedExit = 130;

/** How a batch is run beside what is done. */
export interface BatchOptions {
  /** A file, or `-` for stdin. */
  readonly path: string;
  /** How many threads; undefined leaves it to the machine and to the size of the input. */
  readonly workers: number | undefined;
  /** Where the keys that verify come from. */
  readonly source?: KeySource | undefined;
}

/**
 * Runs a job over a file and prints a line of output for each of input, then on stderr how many came to what.
 * @throws {JwtkitError} BATCH_REJECTED after the last line, when some did not pass; FILE_NOT_READABLE, STORE_UNAVAILABLE.
 */
export async function runBatch(job: Job, options: BatchOptions, context: Context): Promise<void> {
  const { path } = options;
  const { io } = context;
  const counts = new Map<string, number>();
  const stop = new AbortController();
  const local = await openWork(job, io.newId);
  const source = path === '-' ? io.stdin.open() : openFileSource(path);
  const progress = openProgress(io.stdout, io.stderr, source.size);
  let isInterrupted = false;
  const forget = io.onInterrupt?.(() => {
    isInterrupted = true;
    stop.abort();
  });
  let lines = 0;
  const take = async ({ output, talk, counts: found, failure }: BlockResult, { end }: Block) => {
    await io.stdout.writeLines(output, stop.signal);
    if (talk !== '') progress.clear();
    io.stderr.write(talk);
    for (const [outcome, count] of found) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + count);
      lines += count;
    }
    progress.update(lines, end);
    if (failure !== undefined) throw failure;
    if (io.stdout.isClosed === true) stop.abort();
  };
  try {
    await runOrdered(source, job, new Threads(local, job, options, io), take, stop);
  } finally {
    forget?.();
    source.close();
    progress.clear();
    await local.close();
  }
  if (isInterrupted) {
    context.exitCode = interruptedExit;
    io.stderr.write(`interrupted after ${summarize(counts)}\n`);
    return;
  }
  if (io.stdout.isClosed === true) return;
  io.stderr.write(`${summarize(counts)}\n`);
  const refused = [...counts].reduce((sum, [outcome, count]) => (isCode(outcome) ? sum + count : sum), 0);
  if (refused > 0) throw new JwtkitError('BATCH_REJECTED', `${refused} of ${lines} ${nounOf(job)} refused`);
}

function isCode(outcome: string): boolean {
  return outcome === outcome.toUpperCase();
}

function nounOf(job: Job): string {
  return job.kind === 'issue' ? 'lines' : 'tokens';
}

function summarize(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? 'no tokens' : [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}

/** Where the next block is answered: here, until there is enough work for threads and they have started. */
class Threads {
  readonly #local: Work;
  readonly #job: Job;
  readonly #source: KeySource | undefined;
  readonly #size: number;
  readonly #file: (() => string) | undefined;
  #pool: Pool | undefined;
  #isBusy = false;
  #spent: number;

  constructor(local: Work, job: Job, { workers, source }: BatchOptions, { workerFile }: Io) {
    this.#local = local;
    this.#job = job;
    this.#source = source;
    this.#size = workers ?? availableParallelism();
    this.#file = workerFile;
    // Whoever names a number gets it from the first line on.
    this.#spent = workers === undefined ? 0 : worthThreads;
  }

  /** Blocks on their way at once: one in each thread's hands and one before it. */
  get capacity(): number {
    return this.#pool === undefined ? 1 : this.#size * 2 + 1;
  }

  async answer(block: Block): Promise<BlockResult> {
    if (this.#job.kind !== 'verify' || this.#source === undefined) return this.#run(block, []);
    const { now } = this.#job;
    const keys = await this.#source.keys(now);
    if (this.#source.refresh === undefined) return this.#run(block, keys);
    // A thread keeps the memory that it is given, and the block may have to be answered once more.
    const result = await this.#run({ ...block, bytes: block.bytes.slice() }, keys);
    if (!result.counts.has('KEY_NOT_FOUND')) return result;
    // Where it is too soon to ask, another block may have just done so.
    const newer = (await this.#source.refresh(now)) ?? (await this.#source.keys(now));
    return newer === keys ? result : this.#run(block, newer);
  }

  async #run(block: Block, keys: readonly Key[]): Promise<BlockResult> {
    if (this.#pool !== undefined && !this.#isSpare(this.#pool)) return this.#pool.run(block, keys);
    this.#isBusy = true;
    const started = performance.now();
    try {
      return await this.#local.run(block, keys);
    } finally {
      this.#spent += performance.now() - started;
      this.#isBusy = false;
    }
  }

  /** Whether this thread can help out while the others start; not with signatures, which would keep it from hearing a Ctrl-C. */
  #isSpare(pool: Pool): boolean {
    return this.#job.kind !== 'issue' && !this.#isBusy && pool.isStarting;
  }

  /** Starts the threads where there is enough to do. */
  async grow(): Promise<void> {
    if (this.#pool !== undefined || this.#size < 2 || this.#spent < worthThreads || this.#file === undefined) return;
    const { openPool } = await import('./pool.js');
    this.#pool = openPool(this.#file(), this.#job, this.#size);
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

/** Hands out blocks as they come and takes the results in their order; ends at the input's end, or when it is stopped. */
async function runOrdered(
  source: ByteSource,
  job: Job,
  threads: Threads,
  take: (result: BlockResult, block: Block) => Promise<void>,
  stop: AbortController,
): Promise<void> {
  const { signal } = stop;
  const blocks = cutBlocks(source.chunks, blockBytes[job.kind]);
  let onWay = 0;
  let failure: { cause: unknown } | undefined;
  let taken = Promise.resolve();
  let wake = () => {};
  signal.addEventListener('abort', () => wake());
  const settle = async (answer: Promise<BlockResult>, block: Block) => {
    try {
      const result = await answer;
      if (!signal.aborted) await take(result, block);
    } catch (cause) {
      failure ??= { cause };
      stop.abort();
    }
    onWay--;
    wake();
  };
  /** What a promise comes to, or undefined as soon as the batch is stopped. */
  const unlessStopped = <T>(promise: Promise<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      wake = () => signal.aborted && resolve(undefined);
      promise.then(resolve, reject);
    });
  try {
    while (!signal.aborted) {
      await threads.grow();
      const next = await unlessStopped(blocks.next());
      if (next === undefined || next.done === true) break;
      const answer = threads.answer(next.value);
      answer.catch(() => {});
      onWay++;
      taken = taken.then(() => settle(answer, next.value));
      while (onWay >= threads.capacity && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
    await taken;
  } finally {
    await threads.close();
  }
  if (failure !== undefined) throw failure.cause;
}
