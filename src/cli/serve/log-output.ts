import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { destination } from 'pino';
import type { LogOutput } from '../io.js';

/**
 * Bytes of lines that are written together, as long as they are no older than so many milliseconds. A pipe takes so many whole
 * or not at all (PIPE_BUF on Linux), so that several processes that share one leave no line in halves.
 */
const pieceBytes = 4096;
const longestDelay = 100;
/** Bytes that wait for a reader who stands still; lines beyond them are lost, and that they are is said once he goes on. */
const mostBytes = 67_108_864;

/** Milliseconds for the last lines to be read. */
const longestEnd = 2000;

/** Where pieces of whole lines go. */
interface Sink {
  write(lines: string, bytes: number): void;
  /** Calls back once everything is written. */
  end(onEnd: () => void): void;
  /** Lets go of what nobody reads. */
  giveUp(): void;
  /** Writes these lines and those that wait as far as it can without waiting: the process ends. */
  rescue(lines: string): void;
}

/** What a sink tells: that lines are lost, and that it takes lines again. */
interface SinkEvents {
  readonly onLoss: (lines: string) => void;
  readonly onDrain: () => void;
}

/**
 * Log lines through a buffer to a descriptor: a request does not wait until its line is written. What a process has logged when
 * it ends by an error is written still.
 */
export function openLogOutput(descriptor: number): LogOutput {
  let lost = 0;
  const events: SinkEvents = {
    onLoss: (lines) => {
      lost += lines.split('\n').length - 1;
    },
    onDrain: () => {
      if (lost === 0) return;
      const line = `${JSON.stringify({ level: 40, time: new Date().toISOString(), lines: lost, msg: 'log lines lost' })}\n`;
      lost = 0;
      sink.write(line, line.length);
    },
  };
  const sink = openPipe(descriptor, events) ?? openFile(descriptor, events);
  let fresh = '';
  let freshBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (fresh !== '') sink.write(fresh, freshBytes);
    fresh = '';
    freshBytes = 0;
  };
  const rescue = () => sink.rescue(fresh);
  process.once('exit', rescue);
  return {
    write: (line) => {
      if (isEnded) return;
      const bytes = Buffer.byteLength(line);
      if (freshBytes + bytes > pieceBytes) flush();
      fresh += line;
      freshBytes += bytes;
      timer ??= setTimeout(flush, longestDelay);
    },
    end: () =>
      new Promise((resolve) => {
        flush();
        isEnded = true;
        process.off('exit', rescue);
        // A reader who stands still must not keep the service from ending, nor a timer one whose lines are read.
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

/**
 * A pipe or a socket, written to by event: a write that waits in a thread for a reader who stands still would keep the process
 * from ending. Undefined for anything else.
 */
function openPipe(descriptor: number, { onLoss, onDrain }: SinkEvents): Sink | undefined {
  const pipe = socketOf(descriptor);
  if (pipe === undefined) return undefined;
  const { socket, fd } = pipe;
  // A reader that has gone away is no reason to end.
  socket.on('error', () => {});
  const waiting: { readonly lines: string; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let onEmpty: (() => void) | undefined;
  /** One piece at a time: those that wait in the socket would be written together, and not as a whole. */
  const writeFirst = () => {
    const [{ lines, bytes } = { lines: '', bytes: 0 }] = waiting;
    socket.write(lines, () => {
      waiting.shift();
      waitingBytes -= bytes;
      if (waiting.length > 0) return writeFirst();
      onDrain();
      if (waiting.length === 0) onEmpty?.();
    });
  };
  return {
    write: (lines, bytes) => {
      if (waitingBytes + bytes > mostBytes) return onLoss(lines);
      waitingBytes += bytes;
      if (waiting.push({ lines, bytes }) === 1) writeFirst();
    },
    end: (onEnd) => {
      onEmpty = () => {
        socket.destroy();
        onEnd();
      };
      if (waiting.length === 0) onEmpty();
    },
    giveUp: () => void socket.destroy(),
    rescue: (lines) => {
      try {
        // The first of them is in the socket's hands.
        for (const piece of [...waiting.slice(1).map((each) => each.lines), lines]) writeSync(fd, piece);
      } catch {
        // Nobody reads.
      }
    },
  };
}

/**
 * A pipe is opened anew, so that it waits for nobody here and goes on as it was for others who have it. That cannot be done
 * with a socket, nor with a pipe of another user, nor without /proc: there it is the same for all, as with any program of Node.
 */
function socketOf(descriptor: number): { socket: Socket; fd: number } | undefined {
  const stats = fstatSync(descriptor);
  if (!stats.isFIFO() && !stats.isSocket()) return undefined;
  const fd = stats.isFIFO() ? openAnew(descriptor) : descriptor;
  return { socket: new Socket({ fd, readable: false, writable: true }), fd };
}

function openAnew(descriptor: number): number {
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}

/** A file; and a terminal, which keeps everybody waiting who writes to it while it is stopped. */
function openFile(descriptor: number, { onLoss, onDrain }: SinkEvents): Sink {
  const stream = destination({ dest: descriptor, sync: false, maxLength: mostBytes });
  stream.on('error', () => {});
  stream.on('drop', onLoss);
  stream.on('drain', onDrain);
  return {
    write: (lines) => void stream.write(lines),
    end: (onEnd) => {
      stream.once('close', onEnd);
      stream.end();
    },
    giveUp: () => {},
    rescue: (lines) => {
      try {
        stream.write(lines);
        stream.flushSync();
      } catch {
        // It cannot be written to.
      }
    },
  };
}
