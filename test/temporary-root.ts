import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder in which tests make theirs. */
    temporaryRoot: string;
  }
}

/** Makes the folder in which tests make theirs, and removes it after the last one. */
export default function setup(project: TestProject): () => void {
  const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
  project.provide('temporaryRoot', root);
  return () => rmSync(root, { recursive: true, force: true });
}
