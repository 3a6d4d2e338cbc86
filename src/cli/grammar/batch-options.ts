/** The options of a command that takes many lines at once. */
import type { Command } from 'commander';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import { option } from './option.js';
import { readInteger } from './values.js';

export interface BatchFlags {
  batch?: string | true;
  threads?: string;
}

export function addBatchOptions(command: Command, description: string): Command {
  const threads = option('--threads <count>', 'threads (default: one per core for a long batch)');
  threads.formerly('--workers');
  return command
    .addOption(option('--batch [file]', `${description} (default: stdin); exit 10 if any fails`).once().readsStdin())
    .addOption(threads);
}

const maxThreads = 256;

/** Returns the input of a batch and how many threads are wanted; undefined without `--batch`. Refuses a token beside it. */
export function readBatch({ batch, threads }: BatchFlags, token?: string) {
  if (batch === undefined) {
    if (threads !== undefined) throw usage('--threads is for --batch');
    return undefined;
  }
  const input = { path: batch === true ? '-' : batch, workers: readInteger('--threads', threads, 1, maxThreads) };
  refuseToken(token);
  return input;
}

/** How a batch does what these options do. */
const otherWays: Readonly<Record<string, string>> = {
  '--decrypt-key': 'decrypt first: jwtkit decrypt --batch | jwtkit verify --batch',
  '--encrypt-to': 'jwtkit encrypt --batch --sign does both',
};

/** Refuses options that a batch does not use. */
export function excludeFromBatch(excluded: Readonly<Record<string, unknown>>): void {
  for (const [flag, value] of Object.entries(excluded)) {
    if (value !== undefined && value !== false) throw usage(`--batch and ${flag} exclude each other`, otherWays[flag]);
  }
}

export function refuseToken(argument: string | undefined): void {
  if (argument !== undefined) {
    throw usage('a token and --batch exclude each other', 'write --batch FILE, or pipe the tokens in');
  }
}

/** Returns the clock of a batch: the fixed moment of `--at`, or the real time. */
export function batchClock(at: string | undefined, start: number, { now }: Io): () => number {
  return at === undefined ? now : () => start;
}
