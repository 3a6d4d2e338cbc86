import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/faults/**'],
    globalSetup: ['test/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // More than cores: many tests wait for a server, a time limit or another process.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
});
