import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder in which tests make theirs. */
    temporaryRoot: string;
  }
}

const inMemory = '/dev/shm';
/** Four times what the tests write. */
const roomBytes = 2 ** 30;

/**
 * Makes the folder in which tests make theirs, and removes it after the last one. On Linux it is in memory, since tests write, flush and
 * remove thousands of files, unless TMPDIR names a place. Faults are injected on a disk.
 */
export default function setup(project: TestProject): () => void {
  const isDisk = project.name === 'faults' || process.env.TMPDIR !== undefined;
  const root = (isDisk ? undefined : makeInMemory()) ?? mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
  project.provide('temporaryRoot', root);
  return () => rmSync(root, { recursive: true, force: true });
}

/** Returns a new folder in memory; undefined where there is little of it, or no program may run from it, as in a container. */
function makeInMemory(): string | undefined {
  if (process.platform !== 'linux' || !existsSync(inMemory)) return undefined;
  const { bavail, bsize } = statfsSync(inMemory);
  if (bavail * bsize < roomBytes) return undefined;
  const root = mkdtempSync(join(inMemory, 'jwtkit-test-'));
  const program = join(root, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  const isAllowed = spawnSync(program).status === 0;
  rmSync(isAllowed ? program : root, { recursive: true });
  return isAllowed ? root : undefined;
}
