import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** A file's name says which project it belongs to; test/faults is a project of its own. */
const processes = 'test/**/*.process.test.ts';
const faults = 'test/faults/**';
const temporaryRoot = 'test/temporary-root.ts';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // More than cores: many tests wait for a server, a time limit or another process.
    maxWorkers: availableParallelism() * 2,
    provide: { isThorough: false },
    // Modules that did not change are not compiled again: a third of the time of a short run. `npx vitest --clearCache` removes them.
    experimental: { fsModuleCache: true },
    setupFiles: ['test/setup.ts'],
    // Node loads the built library, as it does for users.
    server: { deps: { external: [/[\\/]dist[\\/]/] } },
    tags: [
      {
        name: 'slow',
        description: 'takes many seconds; not in `npm test`, but in `npm run test:slow` and `npm run test:all`',
      },
    ],
    projects: [
      {
        extends: true,
        // Passphrases and passwords at their full cost, and fresh RSA keys, are for the processes.
        resolve: {
          alias: [
            { find: /^.*\/((?:derivation-cost|password-cost|rsa-pair)\.js)$/, replacement: resolve('test/costs/$1') },
          ],
        },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [processes, faults],
          isolate: false,
          globalSetup: [temporaryRoot],
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: [processes],
          exclude: [faults],
          isolate: false,
          globalSetup: [temporaryRoot, 'test/build.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          provide: { isThorough: true },
          globalSetup: [temporaryRoot, 'test/build.ts'],
          testTimeout: 900_000,
          hookTimeout: 60_000,
          // One file at a time, since times are compared; garbage is collected between two measurements, and not meanwhile.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          execArgv: ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=256'],
        },
      },
    ],
  },
});
