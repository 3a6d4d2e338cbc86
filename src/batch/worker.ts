/**
 * A worker thread of a batch. It gets its job when it starts, then blocks and the keys for them; it answers with results. The
 * memory of blocks and results changes hands and is not copied.
 */
import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { JwtkitError } from '../errors.js';
import type { Key } from '../jose/key.js';
import type { Terms } from './answer.js';
import type { Job } from './job.js';
import type { Block } from './lines.js';
import { type BlockResult, openWork } from './work.js';

/** A block to answer; without `keys`, with those of the block before. */
export interface Request extends Omit<Terms, 'keys'> {
  readonly block: Block;
  readonly keys?: readonly Key[] | undefined;
}

/** The result of a block. An error crosses as plain values, since a class does not. */
export interface Reply extends Omit<BlockResult, 'failure'> {
  readonly error?: ReturnType<typeof toPosted> | undefined;
}

const port = parentPort as NonNullable<typeof parentPort>;
const opening = openWork(workerData as Job);
// A failure is reported in the answer to the first block.
opening.catch(() => {});

let keys: readonly Key[] = [];
/** Blocks are answered one after the other, in the order of the requests, however long a store takes. */
let turn = Promise.resolve();

port.on('message', (message: Request | 'close') => {
  turn = turn.then(() => (message === 'close' ? close() : answer(message)));
});

/** A public key of this thread's own. Threads that share one wait for each other: two of them verify 6 % slower. */
function ownKey(key: Key): Key {
  if (key.keyObject.type !== 'public') return key;
  const der = key.keyObject.export({ format: 'der', type: 'spki' });
  return { ...key, keyObject: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

async function close(): Promise<void> {
  await opening.then((work) => work.close()).catch(() => {});
  port.close();
}

async function answer({ block, keys: changed, ...terms }: Request): Promise<void> {
  keys = changed?.map(ownKey) ?? keys;
  const { failure, ...result } = await opening
    .then((work) => work.run(block, { ...terms, keys }))
    .catch((failure: unknown) => ({ output: new Uint8Array(), talk: '', counts: new Map(), verdicts: [], failure }));
  const reply: Reply = { ...result, error: failure === undefined ? undefined : toPosted(failure) };
  port.postMessage(reply, [reply.output.buffer]);
}

/** Returns an error as plain values; `code` is undefined for a bug. */
function toPosted(failure: unknown) {
  const { message, stack, cause } = failure instanceof Error ? failure : new Error(String(failure));
  if (!(failure instanceof JwtkitError)) return { code: undefined, message, hint: undefined, stack };
  return { code: failure.code, message, hint: failure.hint, stack: cause instanceof Error ? cause.stack : stack };
}
