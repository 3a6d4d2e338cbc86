import { destination } from 'pino';
import type { LogOutput } from '../io.js';

/** Log lines through a buffer to a descriptor: a request does not wait until its line is written. */
export function openLogOutput(descriptor: number): LogOutput {
  const stream = destination({ dest: descriptor, sync: false });
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
