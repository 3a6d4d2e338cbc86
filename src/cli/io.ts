/**
 * The outside world of a command: streams, environment, clock, randomness. Injected everywhere, so that a test runs a
 * command in process and no module holds on to a global.
 */
import { fstatSync, readSync, statSync, writeSync } from 'node:fs';
import { JwtkitError } from '../errors.js';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Standard input. */
export interface Input {
  readonly isTerminal: boolean;
  /** Reads to the end, or one byte more than `maxBytes` of a longer input, the rest of which is left unread. */
  read(maxBytes: number): Uint8Array;
  /** Reads to the end piece by piece. */
  chunks(): Iterable<Uint8Array>;
}

/** Standard output or standard error. */
export interface Output {
  readonly isTerminal: boolean;
  /** Writes at once; a reader that has gone away (`| head`) is no error. */
  write(content: string | Uint8Array): void;
  /** Whether the reader has gone away, so that there is no more use in writing. */
  readonly isClosed?: boolean;
  /** The stream itself, for what draws on a terminal. */
  stream?(): NodeJS.WriteStream;
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
      chunks: () => readChunks(0, Number.POSITIVE_INFINITY),
    },
    stdout: output(1, () => process.stdout),
    stderr: output(2, () => process.stderr),
    askHidden: async (question) => (await import('./prompt.js')).askHidden(question),
    now: () => Math.floor(Date.now() / 1000),
    nextSecond: () => new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 1)),
  };
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
          const code = codeOf(error);
          if (code === 'EAGAIN') pause();
          else if (code === 'EPIPE' || descriptor === 2) isClosed = true;
          else throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write to standard output: ${code}`, { cause: error });
        }
      }
    },
  };
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
