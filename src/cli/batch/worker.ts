/**
 * A worker thread of a batch: a job when it starts, then blocks and the keys for them in and results out, in memory that
 * changes hands.
 */
import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { JwtkitError } from '../../errors.js';
import { type Key, publicHalfOf } from '../../jose/key.js';
import type { Block } from './lines.js';
import { type BlockResult, type Job, openWork } from './work.js';

/** What a worker is asked: its keys are those of the block before, where none come along. */
export interface Request {
  readonly block: Block;
  readonly keys?: readonly Key[] | undefined;
}

/** What a worker answers: an error crosses as plain values, since a class does not. */
export interface Reply extends Omit<BlockResult, 'failure'> {
  readonly error?: PlainError | undefined;
}

/** An error as plain values; `code` is absent for a bug. */
export interface PlainError {
  readonly code: JwtkitError['code'] | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

// What is decoded of tokens is cut from pools: larger ones than those of Node 20 are fewer to sweep (1 to 2 % of a batch).
Buffer.poolSize = Math.max(Buffer.poolSize, 32_768);

const port = parentPort as NonNullable<typeof parentPort>;
const empty = { output: new Uint8Array(), talk: '', counts: new Map<string, number>() };
const opening = openWork(workerData as Job);
// Told by the answer to the first block.
opening.catch(() => {});

let keys: readonly Key[] = [];

/** One block after the other, so that answers leave in the order in which they were asked for, whatever a store takes. */
let turn = Promise.resolve();
port.on('message', (message: Request | 'close') => {
  turn = turn.then(() => handle(message));
});

async function handle(message: Request | 'close'): Promise<void> {
  if (message === 'close') {
    await opening.then((work) => work.close()).catch(() => {});
    port.close();
    return;
  }
  keys = message.keys?.map(copyKey) ?? keys;
  const reply = await answer(message.block);
  port.postMessage(reply, [reply.output.buffer]);
}

/** A key that no other thread has: those that share one wait for each other at its counters and locks (RSA: 3 % of the time). */
function copyKey(key: Key): Key {
  if (key.keyObject.type === 'secret') return key;
  const der = publicHalfOf(key.keyObject).export({ format: 'der', type: 'spki' });
  return { ...key, keyObject: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

async function answer(block: Block): Promise<Reply & { output: Uint8Array<ArrayBuffer> }> {
  try {
    const { failure, ...result } = await (await opening).run(block, keys);
    return { ...result, error: failure === undefined ? undefined : toPlain(failure) };
  } catch (error) {
    return { ...empty, output: new Uint8Array(), error: toPlain(error) };
  }
}

function toPlain(error: unknown): PlainError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof JwtkitError)) return { code: undefined, message, hint: undefined, stack };
  return {
    code: error.code,
    message,
    hint: error.hint,
    stack: error.cause instanceof Error ? error.cause.stack : stack,
  };
}
