import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';

/**
 * What is begun comes to, whichever way, within `limit` milliseconds: by the clock, less what this thread had to wait for a core,
 * where the system tells it. Files that run beside each other on a full machine would miss limits of a few seconds otherwise.
 */
export async function within<T>(limit: number, begin: () => Promise<T>, what?: string): Promise<T> {
  const started = performance.now();
  const hadWaited = waitedForCore();
  try {
    return await begin();
  } finally {
    expect(performance.now() - started - (waitedForCore() - hadWaited), what).toBeLessThan(limit);
  }
}

/**
 * What is begun, and waits for another program, comes to within `limit` milliseconds. They are counted by turns of this process,
 * since its other tests may keep it busy meanwhile: a turn that they make longer counts as one.
 */
export async function answersWithin<T>(limit: number, begin: () => Promise<T>): Promise<T> {
  let turns = 0;
  const timer = setInterval(() => turns++, turn);
  try {
    return await begin();
  } finally {
    clearInterval(timer);
    expect(turns * turn).toBeLessThan(limit);
  }
}

/** Milliseconds. */
const turn = 20;

const statistics = '/proc/self/schedstat';

/** Milliseconds since the main thread began in which it could have run and had no core; 0 if the system does not count them. */
function waitedForCore(): number {
  return existsSync(statistics) ? Number(readFileSync(statistics, 'utf8').split(' ')[1]) / 1e6 : 0;
}
