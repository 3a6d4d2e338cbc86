/** What the log writes to: a pipe, a socket, a file or a terminal. */
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Bytes that may wait for a slow reader. Further lines are lost. */
const mostWaitingBytes = 67_108_864;

/** Takes pieces of whole lines. */
export interface LogSink {
  write(lines: string, bytes: number): void;
  /** Calls back once everything is written. */
  end(onEnd: () => void): void;
  /** Drops the lines that wait. A write that has begun may finish. */
  giveUp(): void;
  /** Writes all waiting lines and these at once, as far as the descriptor takes them: the process ends. */
  rescue(lines: string): void;
}

/** What a sink reports. */
export interface LogSinkEvents {
  /** These lines are lost. */
  readonly onLoss: (lines: string, error?: Error) => void;
  /** Lines were written; called at the latest when none waits. */
  readonly onWritten: () => void;
}

/**
 * Opens a pipe or a socket; undefined for anything else. It writes without blocking. `fs.write` would block a thread on a slow
 * reader, and the process could not end.
 */
export function openPipe(descriptor: number, { onLoss, onWritten }: LogSinkEvents): LogSink | undefined {
  const stats = fstatSync(descriptor);
  if (!stats.isFIFO() && !stats.isSocket()) return undefined;
  const fd = stats.isFIFO() ? openAgain(descriptor) : descriptor;
  const socket = new Socket({ fd, readable: false, writable: true });
  // The service goes on if the reader of its log ends.
  socket.on('error', (error) => onLoss('', error));
  const waiting: { readonly lines: string; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let onEmpty: (() => void) | undefined;
  /** One piece at a time: a socket would join waiting pieces, and a pipe may split the result. */
  const writeFirst = () => {
    const [{ lines, bytes } = { lines: '', bytes: 0 }] = waiting;
    socket.write(lines, () => {
      waiting.shift();
      waitingBytes -= bytes;
      if (waiting.length > 0) return writeFirst();
      onWritten();
      // onWritten may have added a line.
      if (waiting.length === 0) onEmpty?.();
    });
  };
  return {
    write: (lines, bytes) => {
      if (waitingBytes + bytes > mostWaitingBytes) return onLoss(lines);
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
        // The socket has the first piece already.
        for (const piece of [...waiting.slice(1).map((each) => each.lines), lines]) writeSync(fd, piece);
      } catch {
        // The pipe has no reader.
      }
    },
  };
}

/**
 * Opens a pipe a second time. The new descriptor does not block, and the mode of other processes stays. Without /proc, and for a pipe
 * of another account, it returns the old descriptor: then all processes share one mode, as with any program of Node.
 */
function openAgain(descriptor: number): number {
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}

const lineEnd = 0x0a;

/** Opens a file or a terminal. Lines that cannot be written are lost: a disk may stay full, and requests must not wait for it. */
export function openFile(descriptor: number, { onLoss, onWritten }: LogSinkEvents): LogSink {
  let waiting = '';
  let waitingBytes = 0;
  let isWriting = false;
  let isGivenUp = false;
  /** Whether the last line was written only in part. */
  let isMidLine = false;
  let onEmpty: (() => void) | undefined;
  /** Takes the lines that wait. After half a line, they begin on a new one. */
  const takeWaiting = () => {
    const lines = `${isMidLine ? '\n' : ''}${waiting}`;
    waiting = '';
    waitingBytes = 0;
    return Buffer.from(lines);
  };
  const writeNext = () => {
    isWriting = waiting !== '' && !isGivenUp;
    if (isWriting) writeFrom(takeWaiting(), 0);
    else onEmpty?.();
  };
  const writeFrom = (bytes: Buffer, at: number): void =>
    write(descriptor, bytes, at, bytes.length - at, null, (error, count) => {
      if (error !== null && error.code === 'EAGAIN' && !isGivenUp) return void setTimeout(writeFrom, 5, bytes, at);
      if (error !== null) onLoss(bytes.toString('utf8', at), error);
      else {
        if (count > 0) isMidLine = bytes[at + count - 1] !== lineEnd;
        if (at + count < bytes.length) return writeFrom(bytes, at + count);
        onWritten();
      }
      writeNext();
    });
  return {
    write: (lines, bytes) => {
      if (waitingBytes + bytes > mostWaitingBytes) return onLoss(lines);
      waiting += lines;
      waitingBytes += bytes;
      if (!isWriting) writeNext();
    },
    end: (onEnd) => {
      onEmpty = onEnd;
      if (!isWriting) onEnd();
    },
    giveUp: () => {
      isGivenUp = true;
    },
    rescue: (lines) => {
      waiting += lines;
      if (waiting === '') return;
      const bytes = takeWaiting();
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      } catch {
        // It cannot be written to.
      }
    },
  };
}
