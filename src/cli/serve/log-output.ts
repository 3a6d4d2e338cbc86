import { destination } from 'pino';
import type { LogOutput } from '../io.js';

/** Lines are written when they are so many bytes, or so many milliseconds old: a write for each is a hand-over to a thread. */
const bufferBytes = 4096;
const longestDelay = 100;

/** Log lines through a buffer to a descriptor: a request does not wait until its line is written. */
export function openLogOutput(descriptor: number): LogOutput {
  const stream = destination({ dest: descriptor, sync: false, minLength: bufferBytes, periodicFlush: longestDelay });
  // A reader that has gone away is no reason to end.
  stream.on('error', () => {});
  return {
    write: (line) => void stream.write(line),
    end: () =>
      new Promise((resolve) => {
        stream.once('close', () => resolve());
        stream.end();
      }),
  };
}
