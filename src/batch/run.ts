/**
 * Runs a batch: reads lines, and writes answers in the same order, on all cores. Reading waits for the slowest reader of
 * the output, so memory holds a few blocks whatever the size of the input.
 */
import { availableParallelism } from 'node:os';
import type { ByteSource } from '../files/byte-source.js';
import type { Key } from '../jose/key.js';
import type { EncryptionKey } from '../jwe/key.js';
import { areSameKeys, type KeySource } from '../token/key-source.js';
import type { Terms } from './answer.js';
import type { Job } from './job.js';
import { type Block, cutBlocks } from './lines.js';
import { type BlockResult, openWork, type Work } from './work.js';

/** Bytes of a block. Signing or decrypting a line takes ten times as long as verifying one, so its blocks are smaller. */
const blockBytes: Readonly<Record<Job['kind'], number>> = {
  verify: 262_144,
  decode: 262_144,
  inspect: 262_144,
  issue: 16_384,
  encrypt: 16_384,
  decrypt: 16_384,
};

/** Milliseconds of work after which a batch starts threads. Their start takes about as long. */
const worthThreads = 60;

/** What a batch needs beside its job. */
export interface BatchOptions {
  /** How many threads; undefined leaves it to the machine and to the size of the input. */
  readonly workers: number | undefined;
  /** Returns the time at which lines are judged or signed, a NumericDate. Called before each block. */
  readonly now: () => number;
  /** The keys to verify with; asked before each block. */
  readonly source?: KeySource | undefined;
  /** The key that signs at a moment; asked before each block. */
  readonly signer?: ((now: number) => Promise<{ readonly key: Key; readonly alg: Terms['alg'] }>) | undefined;
  /** The keys to decrypt with, or the one to encrypt to, at a moment; asked before each block. */
  readonly encryption?: ((now: number) => Promise<readonly EncryptionKey[]>) | undefined;
  /** The file that threads run; without one everything runs in this thread. */
  readonly workerFile?: (() => string) | undefined;
  /** Makes a `jti`; only in this thread. */
  readonly newId?: (() => string) | undefined;
}

/**
 * Gets ready for a batch, so that a mistake shows before the input is opened.
 * @throws {JwtkitError} as {@link openWork}; what the signer throws.
 */
export async function openBatch(job: Job, options: BatchOptions) {
  const { workers, now, source, signer, encryption, workerFile, newId } = options;
  const hasOwnKeys = signer !== undefined || encryption !== undefined;
  /** The keys that sign, encrypt or decrypt at a moment. */
  const ownTerms = async (at: number): Promise<Terms> => {
    const signing = await signer?.(at);
    const keys = signing === undefined ? [] : [signing.key];
    return { now: at, keys, alg: signing?.alg, encryption: await encryption?.(at) };
  };
  const local = await openWork(job, { newId, terms: hasOwnKeys ? await ownTerms(now()) : undefined });
  const size = workers ?? availableParallelism();
  let pool: Work | undefined;
  // A requested number of threads starts with the first line.
  let spent = workers === undefined ? 0 : worthThreads;

  /** Starts the threads once there is enough to do. */
  const grow = async () => {
    if (pool !== undefined || size < 2 || spent < worthThreads || workerFile === undefined) return;
    const { openPool } = await import('./pool.js');
    pool = openPool(workerFile(), job, size);
  };

  const answerIn = async (block: Block, terms: Terms) => {
    if (pool !== undefined) return pool.run(block, terms);
    const started = performance.now();
    const result = await local.run(block, terms);
    spent += performance.now() - started;
    return result;
  };

  const answer = async (block: Block): Promise<BlockResult> => {
    const at = now();
    if (hasOwnKeys) return answerIn(block, await ownTerms(at));
    // Nothing is awaited before the source is asked: until then the next block may be read.
    const keys = source === undefined ? [] : await source.keys(at);
    const terms = () => ({ now: at, keys, skipped: source?.skipped?.(at) });
    if (source?.refresh === undefined) return answerIn(block, terms());
    // A thread keeps the memory that it is given, and the block may have to be answered once more.
    const result = await answerIn({ ...block, bytes: block.bytes.slice() }, terms());
    if (!result.counts.has('KEY_NOT_FOUND')) return result;
    // Another block may have fetched newer keys just now, so that it is too soon to ask again.
    const newer = (await source.refresh(at)) ?? (await source.keys(at));
    return areSameKeys(newer, keys) ? result : answerIn(block, { ...terms(), keys: newer });
  };

  type Take = (result: BlockResult, block: Block) => Promise<void>;
  return {
    /**
     * Answers an input and calls `take` with the result of each block, in order. The end of `signal` closes the input and
     * ends the batch; blocks that are under way then have no result.
     * @throws what `take` throws, what keeps a line from its answer, what reading the input throws.
     */
    async run(input: ByteSource, take: Take, signal: AbortSignal): Promise<void> {
      const failed = new AbortController();
      const ended = AbortSignal.any([signal, failed.signal]);
      ended.addEventListener('abort', () => {
        input.close();
        void pool?.close();
      });
      /** A promise for each block under way. It resolves once the block's result is taken. */
      const turns: Promise<void>[] = [];
      let last = Promise.resolve();
      const takeInTurn = async (before: Promise<void>, block: Block, coming: Promise<BlockResult>) => {
        await before;
        const result = await coming.catch((error: unknown) => {
          // The pool was closed with the block in it.
          if (ended.aborted) return undefined;
          throw error;
        });
        if (result === undefined || ended.aborted) return;
        await take(result, block);
        if (result.failure !== undefined) throw result.failure;
      };
      try {
        for await (const block of cutBlocks(input.chunks, blockBytes[job.kind])) {
          if (ended.aborted) break;
          await grow();
          const coming = answer(block);
          coming.catch(() => {});
          last = takeInTurn(last, block, coming);
          last.catch(() => failed.abort());
          turns.push(last);
          // Each thread answers one block and has the next one ready.
          if (turns.length > (pool === undefined ? 0 : size * 2)) await turns.shift();
        }
      } catch (error) {
        // The closed input of a batch that ended is no failure of its own.
        if (!ended.aborted) {
          await last;
          throw error;
        }
      }
      await last;
    },
    async close(): Promise<void> {
      await pool?.close();
      await local.close();
    },
  };
}
