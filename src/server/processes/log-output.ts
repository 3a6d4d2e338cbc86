/** A buffer for log lines, so that a request does not wait until its line is written. */
import { reportLosses } from './log-losses.js';
import { openFile, openPipe } from './log-sinks.js';

/** Bytes of a piece. A pipe takes this many whole or not at all (PIPE_BUF on Linux), so that processes share it without split lines. */
const pieceBytes = 4096;
/** Milliseconds that a line waits for others. */
const longestDelay = 100;
/** Milliseconds for the reader to take the last lines. */
const longestEnd = 2000;

/** Takes log lines. `end` resolves once all of them are written, or given up after two seconds. */
export interface LogOutput {
  write(line: string): void;
  end(): Promise<void>;
}

/** How a log is written. */
export interface LogOptions {
  /** Takes a note for stderr, once for each time that the log cannot be written (log-losses.ts). */
  readonly note: (text: string) => void;
  /** Returns a line of JSON as it is written; without it, as it is. */
  readonly show?: ((line: string) => string) | undefined;
}

/** Opens a buffered log on a file descriptor. If the process ends by an error, the buffer is still written. */
export function openLogOutput(descriptor: number, { note, show = (line) => line }: LogOptions): LogOutput {
  const write = (line: string) => sink.write(line, line.length);
  const events = reportLosses({ note, write, show, now: () => performance.now() });
  const sink = openPipe(descriptor, events) ?? openFile(descriptor, events);
  let piece = '';
  let bytesOfPiece = 0;
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (piece !== '') sink.write(piece, bytesOfPiece);
    piece = '';
    bytesOfPiece = 0;
  };
  const rescue = () => sink.rescue(piece);
  process.once('exit', rescue);
  return {
    write: (json) => {
      if (isEnded) return;
      const line = show(json);
      const bytes = Buffer.byteLength(line);
      if (bytesOfPiece + bytes > pieceBytes) flush();
      piece += line;
      bytesOfPiece += bytes;
      timer ??= setTimeout(flush, longestDelay);
    },
    end: () =>
      new Promise((resolve) => {
        flush();
        isEnded = true;
        process.off('exit', rescue);
        const late = setTimeout(() => {
          sink.giveUp();
          resolve();
        }, longestEnd);
        sink.end(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}
