import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { destination } from 'pino';
import type { LogOutput } from '../io.js';

/**
 * Characters of lines that are written together, as long as they are no older than so many milliseconds. A pipe takes so many
 * bytes whole or not at all (PIPE_BUF on Linux), so that several processes that share one leave no line in halves.
 */
const pieceLength = 4096;
const longestDelay = 100;
/** Bytes that wait for a reader who stands still; lines beyond them are lost, and that they are is said once he goes on. */
const mostBytes = 67_108_864;

/** Milliseconds for the last lines to be read. */
const longestEnd = 2000;

/** Where pieces of whole lines go. */
interface Sink {
  write(lines: string): void;
  /** Calls back once everything is written. */
  end(onEnd: () => void): void;
}

/** What a sink tells: that lines are lost, and that it takes lines again. */
interface SinkEvents {
  readonly onLoss: (lines: string) => void;
  readonly onDrain: () => void;
}

/** Log lines through a buffer to a descriptor: a request does not wait until its line is written. */
export function openLogOutput(descriptor: number): LogOutput {
  let lost = 0;
  const events: SinkEvents = {
    onLoss: (lines) => {
      lost += lines.split('\n').length - 1;
    },
    onDrain: () => {
      if (lost === 0) return;
      const lines = lost;
      lost = 0;
      sink.write(`${JSON.stringify({ level: 40, time: new Date().toISOString(), lines, msg: 'log lines lost' })}\n`);
    },
  };
  const sink = openPipe(descriptor, events) ?? openFile(descriptor, events);
  let fresh = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (fresh !== '') sink.write(fresh);
    fresh = '';
  };
  return {
    write: (line) => {
      if (fresh.length + line.length > pieceLength) flush();
      fresh += line;
      timer ??= setTimeout(flush, longestDelay);
    },
    end: () =>
      new Promise((resolve) => {
        flush();
        sink.end(resolve);
        // A reader who stands still must not keep the service from ending.
        setTimeout(resolve, longestEnd);
      }),
  };
}

/**
 * A pipe or a socket, written to by event: a write that waits in a thread for a reader who stands still would keep the process
 * from ending. A pipe is opened anew, so that nothing changes for others who have it. Undefined for anything else.
 */
function openPipe(descriptor: number, { onLoss, onDrain }: SinkEvents): Sink | undefined {
  const socket = socketOf(descriptor);
  if (socket === undefined) return undefined;
  // A reader that has gone away is no reason to end.
  socket.on('error', () => {});
  const waiting: string[] = [];
  let waitingLength = 0;
  let onEmpty: (() => void) | undefined;
  /** One piece at a time: those that wait in the socket would be written together, and not as a whole. */
  const writeFirst = () => {
    const [piece = ''] = waiting;
    socket.write(piece, () => {
      waiting.shift();
      waitingLength -= piece.length;
      if (waiting.length > 0) return writeFirst();
      onDrain();
      if (waiting.length === 0) onEmpty?.();
    });
  };
  return {
    write: (lines) => {
      if (waitingLength + lines.length > mostBytes) return onLoss(lines);
      waitingLength += lines.length;
      if (waiting.push(lines) === 1) writeFirst();
    },
    end: (onEnd) => {
      onEmpty = () => {
        socket.destroy();
        onEnd();
      };
      if (waiting.length === 0) onEmpty();
      setTimeout(() => socket.destroy(), longestEnd);
    },
  };
}

function socketOf(descriptor: number): Socket | undefined {
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFIFO() && !stats.isSocket()) return undefined;
    const { O_WRONLY, O_NONBLOCK } = constants;
    const fd = stats.isFIFO() ? openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK) : descriptor;
    return new Socket({ fd, readable: false, writable: true });
  } catch {
    // Not on this system.
    return undefined;
  }
}

/** A file or a terminal, which makes nobody wait for long. */
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
  };
}
