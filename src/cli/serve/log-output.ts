import { destination } from 'pino';
import type { LogOutput } from '../io.js';

/** Lines are written when they are so many bytes, or so many milliseconds old: a write for each is a hand-over to a thread. */
const bufferBytes = 16_000;
const longestDelay = 100;
/** Bytes that wait for a reader who stands still; lines beyond them are lost, and that they are is said once he goes on. */
const mostBytes = 67_108_864;

/** Milliseconds for the last lines to be read. */
const longestEnd = 2000;

/** Log lines through a buffer to a descriptor: a request does not wait until its line is written. */
export function openLogOutput(descriptor: number): LogOutput {
  const stream = destination({
    dest: descriptor,
    sync: false,
    minLength: bufferBytes,
    periodicFlush: longestDelay,
    maxLength: mostBytes,
  });
  // A reader that has gone away is no reason to end.
  stream.on('error', () => {});
  let lost = 0;
  stream.on('drop', (lines: string) => {
    lost += countLines(lines);
  });
  stream.on('drain', () => {
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    stream.write(`${JSON.stringify({ level: 40, time: new Date().toISOString(), lines, msg: 'log lines lost' })}\n`);
  });
  // Handed over once a turn of the event loop: what the buffer does with each piece takes longer than making it.
  let fresh = '';
  const handOver = () => {
    if (fresh !== '') stream.write(fresh);
    fresh = '';
  };
  return {
    write: (line) => {
      if (fresh === '') setImmediate(handOver);
      fresh += line;
      if (fresh.length >= bufferBytes / 4) handOver();
    },
    end: () =>
      new Promise((resolve) => {
        handOver();
        stream.once('close', () => resolve());
        stream.end();
        // A reader who stands still must not keep the service from ending.
        setTimeout(resolve, longestEnd);
      }),
  };
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
