/**
 * Worker threads for blocks, each with its own keys and stores. Tinypool and piscina cost three times as much as a message
 * per block, and 30 ms more to start.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import { areSameKeys } from '../token/key-source.js';
import type { Job } from './job.js';
import type { BlockResult, Work } from './work.js';
import type { Reply, Request } from './worker.js';

interface Thread {
  readonly worker: Worker;
  /** Why the thread answers nothing any more. */
  failure?: Error;
  /** The keys that the thread has. New keys are sent only after a change. */
  keys: readonly Key[];
  /** The requests without an answer yet, in their order. */
  readonly waiting: { resolve: (result: BlockResult) => void; reject: (error: unknown) => void }[];
}

/** Starts threads at once, and gives each block to the thread with the fewest blocks. */
export function openPool(file: string, job: Job, size: number): Work {
  // Otherwise V8 collects young objects with helper threads, which compete for the same cores: a batch takes 3 % longer.
  setFlagsFromString('--no-parallel-scavenge');
  const threads = Array.from({ length: size }, () => startThread(file, job));
  let closing: Promise<void> | undefined;
  return {
    async run(block, terms) {
      const thread = threads.reduce((one, other) => (other.waiting.length < one.waiting.length ? other : one));
      if (thread.failure !== undefined) throw thread.failure;
      const request: Request = { ...terms, block, keys: areSameKeys(thread.keys, terms.keys) ? undefined : terms.keys };
      thread.keys = terms.keys;
      return new Promise((resolve, reject) => {
        thread.waiting.push({ resolve, reject });
        thread.worker.postMessage(request, [block.bytes.buffer]);
      });
    },
    close() {
      closing ??= Promise.all(threads.map(stop)).then(() => {});
      return closing;
    },
  };
}

function startThread(file: string, job: Job): Thread {
  const worker = new Worker(file, { workerData: job, resourceLimits: { maxYoungGenerationSizeMb: 12 } });
  const thread: Thread = { worker, keys: [], waiting: [] };
  const fail = (error: Error) => {
    thread.failure ??= error;
    for (const { reject } of thread.waiting.splice(0)) reject(error);
  };
  worker.on('message', ({ error, ...result }: Reply) => {
    thread.waiting.shift()?.resolve(error === undefined ? result : { ...result, failure: toError(error) });
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`a worker ended with ${code}`)));
  return thread;
}

/** Ends a thread: an idle thread closes its stores first, a busy one is stopped. */
async function stop({ worker, failure, waiting }: Thread): Promise<void> {
  if (failure !== undefined) return;
  if (waiting.length > 0) {
    await worker.terminate();
    return;
  }
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await ended;
}

function toError({ code, message, hint, stack }: NonNullable<Reply['error']>): Error {
  const cause = Object.assign(new Error(message), { stack });
  return code === undefined ? cause : new JwtkitError(code, message, { hint, cause });
}
