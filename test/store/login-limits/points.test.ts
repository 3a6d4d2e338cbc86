/** Points of log-ins over time, by a clock of the test's own. */
import { expect, test } from 'vitest';
import { memoryPoints, pendingLimit, pointLife, pointsWithFallback } from '../../../src/store/login-limits/points.js';

function pointsAt(start = 0) {
  const clock = { now: start };
  return { clock, points: memoryPoints(() => clock.now) };
}

test('spends no more points in a quarter of an hour than allowed, and waits for the first to return', async () => {
  const { clock, points } = pointsAt();
  const spent: number[] = [];
  let seed = 7;
  for (let at = 0; at < 2000; at++) {
    seed = (seed * 16_807) % 2_147_483_647;
    clock.now += seed % 40_000;
    const answer = await points.take('k', 10, `${at}`);
    if (answer === 'taken') {
      spent.push(clock.now);
      await points.settle('k', `${at}`, 'spent');
    } else {
      expect(answer).toBe((spent.at(-10) as number) + pointLife - clock.now);
    }
  }
  expect(spent.length).toBeGreaterThan(100);
  for (const [at, moment] of spent.entries()) {
    const tenthBefore = spent[at - 10];
    if (tenthBefore !== undefined) expect(moment - tenthBefore).toBeGreaterThanOrEqual(pointLife);
  }
});

test('waits for a pending point, and counts it as spent after too long', async () => {
  const { clock, points } = pointsAt();
  expect(await points.take('k', 1, 'a')).toBe('taken');
  clock.now += pendingLimit - 1;
  expect(await points.take('k', 1, 'b')).toBe('busy');
  clock.now += 1;
  expect(await points.take('k', 1, 'b')).toBe(pointLife - pendingLimit);
  await points.settle('k', 'a', 'returned');
  expect(await points.take('k', 1, 'b')).toBe('taken');
});

test('a right password returns spent points, not pending ones', async () => {
  const { points } = pointsAt();
  for (const id of ['a', 'b', 'c']) expect(await points.take('k', 3, id)).toBe('taken');
  await points.settle('k', 'a', 'spent');
  await points.settle('k', 'b', 'forgiven');
  expect(await points.take('k', 2, 'd')).toBe('taken');
  expect(await points.take('k', 2, 'e')).toBe('busy');
});

test('a point returned after its time frees no place', async () => {
  const { clock, points } = pointsAt();
  await points.take('k', 1, 'a');
  clock.now += pointLife;
  expect(await points.take('k', 1, 'b')).toBe('taken');
  await points.settle('k', 'a', 'returned');
  await points.settle('k', 'a', 'returned');
  expect(await points.take('k', 1, 'c')).toBe('busy');
});

test('returns a point to the store that it came from', async () => {
  const [shared, own] = [pointsAt().points, pointsAt().points];
  let isDown = true;
  const both = pointsWithFallback(
    {
      take: async (...question) => {
        if (isDown) throw new Error('down');
        return shared.take(...question);
      },
      settle: shared.settle,
    },
    own,
  );
  expect(await both.take('k', 1, 'a')).toBe('taken');
  isDown = false;
  expect(await both.take('k', 1, 'b')).toBe('taken');
  await both.settle('k', 'a', 'returned');
  expect(await own.take('k', 1, 'c')).toBe('taken');
  expect(await shared.take('k', 1, 'c')).toBe('busy');
});
