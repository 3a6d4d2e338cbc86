/** Asks at a terminal for what must not be seen. In a file of its own, since node:readline is slow to load. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks on stderr for a line of which nothing is shown; resolves to an empty one at the end of input (Ctrl-D). Ctrl-C
 * restores the terminal and ends the process by SIGINT, as it would anywhere else.
 */
export function askHidden(question: string): Promise<string> {
  return new Promise((resolve) => {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    // With an output of its own the line editor puts the terminal into raw mode, and its echo goes nowhere.
    const editor = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
    editor.once('line', (line) => {
      resolve(line);
      editor.close();
    });
    editor.once('close', () => {
      process.stderr.write('\n');
      resolve('');
    });
    editor.once('SIGINT', () => {
      editor.removeAllListeners('close');
      editor.close();
      process.stderr.write('\n', () => process.kill(process.pid, 'SIGINT'));
    });
    // Suspended, the terminal would echo again, and go on doing so where nobody can resume.
    editor.on('SIGTSTP', () => {});
    process.stderr.write(question);
  });
}
