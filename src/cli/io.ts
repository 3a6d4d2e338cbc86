/**
 * The outside world of a command: streams, environment, clock, randomness. Injected everywhere, so that a test runs a
 * command in process and no module holds on to a global.
 */
import { fstatSync, readSync, statSync, write, writeSync } from 'node:fs';
import { JwtkitError } from '../errors.js';
import { type ByteSource, descriptorSource } from '../store/byte-source.js';

export type { ByteSource } from '../store/byte-source.js';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Standard input. */
export interface Input {
  readonly isTerminal: boolean;
  /** Reads to the end, or one byte more than `maxBytes` of a longer input, the rest of which is left unread. */
  read(maxBytes: number): Uint8Array;
  /** To the end piece by piece, as fast as somebody asks for it. */
  open(): ByteSource;
}

/** Standard output or standard error. */
export interface Output {
  readonly isTerminal: boolean;
  /** Writes at once; a reader that has gone away (`| head`) is no error. */
  write(content: string | Uint8Array): void;
  /**
   * Writes whole lines and resolves once they are on their way to the reader, so that a slow one is waited for. No line is
   * ever written in halves to a pipe, be the process stopped in the middle (lines up to 4 KiB).
   */
  writeLines(lines: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Whether the reader has gone away, so that there is no more use in writing. */
  readonly isClosed?: boolean;
  /** The stream itself, for what draws on a terminal. */
  stream?(): NodeJS.WriteStream;
}

/** Where log lines go; `end` resolves once all of them are written. */
export interface LogOutput {
  write(line: string): void;
  end(): Promise<void>;
}

/** All that a command may touch beside the files it is told to. */
export interface Io {
  readonly env: Environment;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Where a policy file is looked for: the process's working folder, unless a test wants another. */
  readonly workingFolder?: string;
  /** The time as a NumericDate. */
  now(): number;
  /** Resolves once the clock shows a later second than now. */
  nextSecond(): Promise<void>;
  /** Asks at the terminal, on stderr, for a line that is not shown while it is typed; absent where nobody can answer. */
  askHidden?(question: string): Promise<string>;
  /** Calls back when somebody presses Ctrl-C, instead of ending at once; returns what takes that back. */
  onInterrupt?(action: () => void): () => void;
  /** Calls back once when the process is told to end, by SIGTERM or Ctrl-C; a second time it ends as it always does. */
  onStop?(action: () => void): void;
  /** Where log lines go that are many: standard output through a buffer. */
  openLog?(): Promise<LogOutput>;
  /** The file that a batch's threads run; without one everything is done in this thread. */
  workerFile?(): string;
  /** Makes identifiers where a test wants known ones; random ones are made where this is absent. */
  newId?(): string;
}

/** One run of the command line: its world, and the exit code of a command that ended without an error to print. */
export interface Context {
  readonly io: Io;
  exitCode: number;
}

/**
 * The world of this process. Streams are read and written through their descriptors: setting up `process.stdout` alone
 * costs a one-shot command a tenth of Node's own start.
 */
export function processIo(): Io {
  return {
    env: process.env,
    stdin: {
      get isTerminal() {
        return isTerminal(0);
      },
      read: (maxBytes) => Buffer.concat([...readChunks(0, maxBytes + 1)]),
      open: () => descriptorSource(0, 'standard input', () => process.stdin),
    },
    stdout: output(1, () => process.stdout),
    stderr: output(2, () => process.stderr),
    askHidden: async (question) => (await import('./prompt.js')).askHidden(question),
    now: () => Math.floor(Date.now() / 1000),
    workerFile: () =>
      process
        .getBuiltinModule('node:module')
        .createRequire(import.meta.url)
        .resolve('./batch-worker.cjs'),
    onInterrupt,
    onStop: (action) => {
      const stop = () => {
        process.off('SIGTERM', stop).off('SIGINT', stop);
        action();
      };
      process.on('SIGTERM', stop).on('SIGINT', stop);
    },
    openLog: async () => (await import('./serve/log-output.js')).openLogOutput(1),
    nextSecond: () => new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 1)),
  };
}

/** A second to end well, then the signal does what it always does: a write may wait for a reader that never comes. */
function onInterrupt(action: () => void): () => void {
  const listener = () => {
    action();
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 1000).unref();
  };
  process.once('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}

/**
 * Loading node:tty costs more than asking the descriptor first: only a character device can be a terminal, and the one that
 * output is thrown away to is none.
 */
function isTerminal(descriptor: number): boolean {
  try {
    if (process.platform !== 'win32') {
      const stat = fstatSync(descriptor);
      if (!stat.isCharacterDevice() || stat.rdev === statSync('/dev/null').rdev) return false;
    }
    return process.getBuiltinModule('node:tty').isatty(descriptor);
  } catch {
    return false;
  }
}

/** Talk that cannot be written is lost; data that cannot be written is an error. */
function output(descriptor: 1 | 2, stream: () => NodeJS.WriteStream): Output {
  let isClosed = false;
  const fail = (error: unknown) => {
    const code = codeOf(error);
    if (code === 'EPIPE' || descriptor === 2) isClosed = true;
    else throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write to standard output: ${code}`, { cause: error });
  };
  return {
    get isTerminal() {
      return isTerminal(descriptor);
    },
    stream,
    get isClosed() {
      return isClosed;
    },
    write(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let at = 0; at < bytes.length && !isClosed; ) {
        try {
          at += writeSync(descriptor, bytes, at);
        } catch (error) {
          if (codeOf(error) === 'EAGAIN') pause();
          else fail(error);
        }
      }
    },
    async writeLines(lines, signal) {
      const stats = fstatSync(descriptor);
      const pieceBytes = stats.isFIFO() || stats.isSocket() ? atomicBytes : lines.length;
      for (let at = 0; at < lines.length && !isClosed && !signal.aborted; ) {
        const end = endOfLines(lines, at, pieceBytes);
        while (at < end && !isClosed) at += await writeSome(descriptor, lines.subarray(at, end)).catch(retry);
      }
      async function retry(error: unknown): Promise<number> {
        if (codeOf(error) === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, 5));
        else fail(error);
        return 0;
      }
    },
  };
}

/** What POSIX writes to a pipe whole or not at all (PIPE_BUF on Linux; others have less room, and rarely a line in halves). */
const atomicBytes = 4096;

/** Where a piece of whole lines ends that begins at `start`: within `size` bytes, or after one line that is longer. */
function endOfLines(lines: Uint8Array, start: number, size: number): number {
  if (lines.length - start <= size) return lines.length;
  const last = lines.lastIndexOf(0x0a, start + size - 1);
  const end = last >= start ? last : lines.indexOf(0x0a, start);
  return end < 0 ? lines.length : end + 1;
}

function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

/** Reads to the end, or until `maxBytes` have been read. */
function* readChunks(descriptor: number, maxBytes: number): Generator<Uint8Array> {
  let free = Buffer.alloc(0);
  for (let left = maxBytes; left > 0; ) {
    if (free.length === 0) free = Buffer.alloc(Math.min(65_536, left));
    try {
      const count = readSync(descriptor, free);
      if (count === 0) return;
      left -= count;
      yield free.subarray(0, count);
      free = free.subarray(count);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EOF') return;
      if (code !== 'EAGAIN') {
        throw new JwtkitError('FILE_NOT_READABLE', `cannot read standard input: ${code}`, { cause: error });
      }
      pause();
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** Waits a few milliseconds for a descriptor that another program made non-blocking. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
