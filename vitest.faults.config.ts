import { defineConfig } from 'vitest/config';

/** Kills, races and broken servers: minutes long, and one file at a time, since they measure times. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
