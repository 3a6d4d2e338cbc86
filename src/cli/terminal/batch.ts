/** Runs a batch from a file or stdin to stdout, with progress and a summary on stderr. */
import { statSync } from 'node:fs';
import type { Verdict } from '../../batch/answer.js';
import type { Job } from '../../batch/job.js';
import { type BatchOptions, openBatch } from '../../batch/run.js';
import { errorCodes, JwtkitError } from '../../errors.js';
import { type ByteSource, openFileSource } from '../../files/byte-source.js';
import type { Context, Io } from './io.js';
import { type MaskOptions, openMask } from './mask.js';
import { openProgress } from './progress.js';
import { isStdin, takeStdin } from './stdin.js';

/** The exit code of a program that was interrupted, as shells count it. */
const interruptedExit = 130;

/** Reports that are written while a batch runs, and placed at its end. A batch that stops early leaves none. */
export interface BatchReports {
  /** Takes the answers to a block. Returns what goes to stdout. */
  add(output: Uint8Array, verdicts: readonly Verdict[]): Uint8Array;
  /** Ends all reports. Returns what else goes to stdout. */
  finish(outcome: { readonly lines: number; readonly refused: number; readonly summary: string }): Iterable<Uint8Array>;
  /** Removes what was not placed. */
  discard(): void;
}

/**
 * Runs a job over a file, or over stdin if `path` is `-`. Prints one line for each line of input, then a summary on stderr.
 * @throws {JwtkitError} BATCH_REJECTED if a line was refused; the error that stopped the batch.
 */
export async function runBatch(
  job: Job,
  { path, mask, ...options }: BatchOptions & MaskOptions & { readonly path: string },
  context: Context,
  openReports?: () => BatchReports,
): Promise<void> {
  const { io } = context;
  const batch = await openBatch(job, { ...options, workerFile: io.workerFile, newId: io.newId });
  let reports: BatchReports | undefined;
  try {
    reports = openReports?.();
    const hide = makesSecrets.includes(job.kind) ? await hideLines(job, { mask }, context.io) : undefined;
    await answerAll(batch, job, path, context, { reports, hide });
  } finally {
    reports?.discard();
    await batch.close();
  }
}

/** Batches whose output is secret, and what masks it in the log of GitHub Actions before it is printed. */
const makesSecrets: readonly Job['kind'][] = ['issue', 'encrypt', 'decrypt'];
type Hide = (output: Uint8Array) => void;

async function hideLines(job: Job, options: MaskOptions, io: Io): Promise<Hide | undefined> {
  const mask = await openMask(options, io);
  if (mask === undefined) return undefined;
  const { secretsOfLines } = await import('./masking.js');
  return (output) => mask(secretsOfLines(job, output));
}

/** Opens the file of a batch. A folder would open, and fail where it is read. */
function openFile(path: string, { path: command = [] }: Context): ByteSource {
  const source = openFileSource(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return source;
  source.close();
  throw new JwtkitError('FILE_NOT_READABLE', `cannot read ${path}: it is a folder`, {
    hint: `a batch reads the lines of its files from a pipe: grep -rh . FOLDER | jwtkit ${command.join(' ')} --batch`,
  });
}

type Batch = Awaited<ReturnType<typeof openBatch>>;

async function answerAll(
  batch: Batch,
  job: Job,
  path: string,
  context: Context,
  { reports, hide }: { readonly reports: BatchReports | undefined; readonly hide: Hide | undefined },
): Promise<void> {
  const { io } = context;
  const source = isStdin(path) ? takeStdin(io, '--batch').open() : openFile(path, context);
  const progress = openProgress(io.stdout, io.stderr, source.size);
  const stop = new AbortController();
  let isInterrupted = false;
  const forget = io.onInterrupt?.(() => {
    isInterrupted = true;
    stop.abort();
  });
  const counts = new Map<string, number>();
  let lines = 0;
  try {
    await batch.run(
      source,
      async ({ output, talk, counts: found, verdicts }, { end }) => {
        hide?.(output);
        await io.stdout.writeLines(reports?.add(output, verdicts) ?? output, stop.signal);
        if (talk !== '') progress.clear();
        io.stderr.write(talk);
        for (const [outcome, count] of found) {
          counts.set(outcome, (counts.get(outcome) ?? 0) + count);
          lines += count;
        }
        progress.update(lines, end);
        if (io.stdout.isClosed === true) stop.abort();
      },
      stop.signal,
    );
  } catch (error) {
    progress.clear();
    if (lines > 0) io.say(`stopped after ${lines} ${lines === 1 ? 'line' : 'lines'}: ${summarize(counts)}`);
    throw error;
  } finally {
    forget?.();
    source.close();
    progress.clear();
  }
  if (isInterrupted) {
    context.exitCode = interruptedExit;
    io.say(`interrupted after ${summarize(counts)}`);
    return;
  }
  if (io.stdout.isClosed === true) return;
  const refused = errorCodes.reduce((sum, code) => sum + (counts.get(code) ?? 0), 0);
  const summary = summarize(counts);
  for (const piece of reports?.finish({ lines, refused, summary }) ?? []) {
    await io.stdout.writeLines(piece, stop.signal);
  }
  io.say(summary);
  if (refused === 0) return;
  const noun = job.kind === 'issue' || job.kind === 'encrypt' ? 'lines' : 'tokens';
  throw new JwtkitError('BATCH_REJECTED', `${refused} of ${lines} ${noun} refused`, { hint: hintOf(job, counts) });
}

/** A line shows only a code; the hint names the reason that surprises most people. */
function hintOf(job: Job, counts: ReadonlyMap<string, number>): string | undefined {
  if (job.kind !== 'verify' || !counts.has('CLAIM_MISMATCH')) return undefined;
  const { audience, anyAudience } = job.policy;
  if (audience !== undefined || anyAudience === true) return undefined;
  return 'a token with aud needs --aud, or --any-aud; jwtkit verify shows every check of one token';
}

function summarize(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? 'no tokens' : [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}
