/**
 * What is to happen after a test file. A module that unit tests share is loaded once for many files, so that an `afterAll` at its
 * top would run after the first of them only.
 */
import { afterAll } from 'vitest';

const tasks = new Set<() => unknown>();

/** Does this after each test file, also where nothing is left to do. */
export function afterEachFile(task: () => unknown): void {
  tasks.add(task);
}

/** Called by the setup, which Vitest runs anew for each file. */
export function register(): void {
  afterAll(async () => {
    await Promise.all([...tasks].map((task) => task()));
  });
}
