/** The world of a command: streams, variables, clock. It is an argument, so that tests run commands in process. */
import type { ByteSource } from '../../files/byte-source.js';
import type { LogOptions, LogOutput } from '../../server/processes/log-output.js';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Input {
  readonly isTerminal: boolean;
  /** Reads to the end, or one byte more than `maxBytes`; the rest of a longer input stays unread. */
  read(maxBytes: number): Uint8Array;
  /** Opens it, to be read piece by piece. */
  open(): ByteSource;
}

export interface Output {
  readonly isTerminal: boolean;
  /** The width of a terminal, in columns. */
  readonly columns?: number | undefined;
  /** Writes at once. A reader that is gone (`| head`) is not an error. */
  write(content: string | Uint8Array): void;
  /**
   * Writes whole lines and waits for a slow reader. A pipe gets each line of up to 4 KiB whole, even if the process is
   * stopped.
   */
  writeLines(lines: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Whether the reader is gone. */
  readonly isClosed?: boolean;
  /** The stream itself, for a spinner. */
  stream?(): NodeJS.WriteStream;
}

/** What the command line is given: all that commands use, except the files that options name. */
export interface World {
  readonly env: Environment;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The folder of the policy file; the process's working folder unless a test names another. */
  readonly workingFolder?: string;
  /** Returns the time, a NumericDate. */
  now(): number;
  /** Resolves once the clock shows a later second than now. */
  nextSecond(): Promise<void>;
  /** Asks a question on stderr, and hides the answer while a person types it. */
  askHidden?(question: string): Promise<string>;
  /** Calls back on Ctrl-C, instead of ending at once. Returns a function that removes the callback. */
  onInterrupt?(action: () => void): () => void;
  /** Calls back on the first SIGTERM, SIGQUIT, SIGHUP or Ctrl-C. A later one other than SIGHUP ends the process. */
  onStop?(action: () => void): void;
  /** Opens standard output for log lines, through a buffer. */
  openLog?(options: LogOptions): Promise<LogOutput>;
  /** Returns the file that the threads of a batch run; without it a batch uses this thread alone. */
  workerFile?(): string;
  /** Returns the file that checks bcrypt hashes in a thread; without it they are checked in this thread. */
  bcryptWorkerFile?(): string;
  /** Makes an identifier; set only by tests, which must know it. */
  newId?(): string;
}

/** The world as commands see it. They write to stderr by `note` and `say` alone; a run with `--quiet` writes nothing there. */
export interface Io extends World {
  /** Notes a fact that a person should know beside the result. With `--json` a note is a JSON line. */
  readonly note: (text: string) => void;
  /** Says what was done, in one line or several. With `--json` it is one JSON line, as a note is. */
  readonly say: (text: string | readonly string[]) => void;
}

/** One run of the command line: its world, and the exit code of a command that prints no error. */
export interface Context {
  readonly io: Io;
  /** The arguments as they were given. */
  readonly argv: readonly string[];
  /** The names of the command and subcommand that run. */
  path?: readonly string[];
  exitCode: number;
  /** Whether nothing is written, by `--quiet`. */
  isQuiet?: boolean;
  /** Whether stderr has JSON lines, by `--json`; undefined while no command has begun. */
  asJson?: boolean;
  /** By `--color`; undefined while no command has begun. */
  color?: 'auto' | 'always' | 'never';
  /** What to do about a text that holds no token, if the command refuses it as malformed. */
  tokenHint?: string | undefined;
}
