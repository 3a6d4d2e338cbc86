import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/faults/**'],
    globalSetup: ['test/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // By default one core is left alone, which of two is half.
    maxWorkers: '100%',
  },
});
