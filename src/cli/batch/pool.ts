/**
 * Worker threads for blocks, each with its own keys and stores. No library between: per block of 64 KiB, tinypool and
 * piscina cost three times what a message costs, and 30 ms more to start.
 */
import { Worker } from 'node:worker_threads';
import { JwtkitError } from '../../errors.js';
import type { Key } from '../../jose/key.js';
import type { Block } from './lines.js';
import type { BlockResult, Job, Work } from './work.js';
import type { PlainError, Reply, Request } from './worker.js';

interface Thread {
  /** Those that it has, so that they are sent again only when they change. */
  keys: readonly Key[] | undefined;
  readonly worker: Worker;
  hasAnswered: boolean;
  /** Who waits for an answer, in the order in which they asked. */
  readonly waiting: { resolve: (result: BlockResult) => void; reject: (error: unknown) => void }[];
}

/** Work on other threads. */
export interface Pool extends Work {
  /** Whether each thread has enough to do and none has answered yet: what comes now is done sooner by whoever asks. */
  readonly isStarting: boolean;
}

/** Starts threads at once and gives each block to the one with the fewest. */
export function openPool(file: string, job: Job, size: number): Pool {
  const threads = Array.from({ length: size }, () => startThread(file, job));
  return {
    get isStarting() {
      return threads.every(({ hasAnswered, waiting }) => !hasAnswered && waiting.length > 1);
    },
    run(block: Block, keys: readonly Key[]): Promise<BlockResult> {
      const thread = threads.reduce((one, other) => (other.waiting.length < one.waiting.length ? other : one));
      const request: Request = { block, keys: thread.keys === keys ? undefined : keys };
      thread.keys = keys;
      return new Promise((resolve, reject) => {
        thread.waiting.push({ resolve, reject });
        thread.worker.postMessage(request, [block.bytes.buffer]);
      });
    },
    async close(): Promise<void> {
      await Promise.all(threads.map(stop));
    },
  };
}

function startThread(file: string, job: Job): Thread {
  const worker = new Worker(file, { workerData: job, resourceLimits: { maxYoungGenerationSizeMb: 12 } });
  const waiting: Thread['waiting'] = [];
  const thread: Thread = { worker, waiting, hasAnswered: false, keys: undefined };
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on('message', ({ error, ...result }: Reply) => {
    thread.hasAnswered = true;
    waiting.shift()?.resolve(error === undefined ? result : { ...result, failure: toError(error) });
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`a worker ended with ${code}`)));
  return thread;
}

/** An idle thread closes its stores and ends by itself; a busy one is not waited for. */
async function stop({ worker, waiting }: Thread): Promise<void> {
  if (waiting.length > 0) {
    await worker.terminate();
    return;
  }
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await ended;
}

function toError({ code, message, hint, stack }: PlainError): Error {
  const cause = Object.assign(new Error(message), { stack });
  return code === undefined ? cause : new JwtkitError(code, message, { hint, cause });
}
