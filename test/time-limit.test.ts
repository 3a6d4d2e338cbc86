import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { answersWithin } from './time-limit.js';

test('an answer that comes too late is a failure', async () => {
  await expect(answersWithin(100, () => wait(300))).rejects.toThrow(/to be less than 100/);
});

test('what keeps the process busy meanwhile makes no answer late', async () => {
  await answersWithin(200, async () => {
    await wait(20);
    const began = Date.now();
    while (Date.now() - began < 400);
    await wait(20);
  });
});
