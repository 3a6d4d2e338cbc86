import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBcryptThread } from '../../../src/store/accounts/bcrypt-thread.js';
import { temporaryFolder } from '../../cli/fake-io.js';

/** A thread that answers after a moment, and ends at a question that says so. */
function threadFile(): string {
  const path = join(temporaryFolder(), 'thread.cjs');
  const code = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ password, hash }) => {
  if (password === 'throw') throw new Error('out of memory');
  setTimeout(() => parentPort.postMessage(password === hash), 5);
});
`;
  writeFileSync(path, code);
  return path;
}

test('each question gets its own answer, in a thread', async () => {
  const compare = openBcryptThread(threadFile());
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((password) => compare(password, 'b')));
  expect(answers).toEqual([false, true, false, false]);
});

test('after a thread ends, the next one answers each new question with the answer to that question', {
  tags: 'slow',
}, async () => {
  const compare = openBcryptThread(threadFile());
  for (let round = 0; round < 5; round++) {
    const asked: Promise<boolean>[] = [];
    // Asked as soon as the error is known, which is before the old thread says that it has ended.
    const ending = compare('throw', 'x').catch((error) => {
      expect(error.message).toBe('out of memory');
      asked.push(compare('right', 'right'), compare('wrong', 'right'));
    });
    await ending;
    await new Promise((resolve) => setTimeout(resolve, 20));
    asked.push(compare('wrong', 'right'));
    expect(await Promise.all(asked)).toEqual([true, false, false]);
  }
});
