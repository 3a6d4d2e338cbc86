/** Asks for a hidden line. A file of its own, since node:readline loads slowly. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks a question on stderr and shows nothing of the answer. Resolves to an empty answer on Ctrl-D. Ctrl-C restores the
 * terminal and ends the process by SIGINT.
 */
export function askHidden(question: string): Promise<string> {
  return new Promise((resolve) => {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    // With this output the line editor uses raw mode, and its echo is discarded.
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
    // A suspended process would leave the terminal with its echo on.
    editor.on('SIGTSTP', () => {});
    process.stderr.write(question);
  });
}
