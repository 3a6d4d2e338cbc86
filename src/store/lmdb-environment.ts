/**
 * LMDB environments: folders that several processes use at once and that a kill at any moment leaves as they were after
 * the last commit.
 */
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { hasErrorCode } from './files.js';

/** How {@link openEnvironment} opens one. */
export interface EnvironmentOptions {
  /** Named databases, made together with the environment. */
  readonly databases: readonly string[];
  readonly readOnly?: boolean;
}

/** Opens the environment in a folder, which is made if need be unless `readOnly`. Throws what LMDB throws. */
export async function openEnvironment(folder: string, options: EnvironmentOptions): Promise<RootDatabase> {
  if (options.readOnly !== true && !isEnvironment(folder)) await make(folder, options);
  return open(folder, options);
}

/**
 * Whether a folder holds an environment. LMDB ends the process when it is to read a file that its maker was killed over,
 * so that one is told apart first.
 */
export function isEnvironment(folder: string): boolean {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) return false;
  const descriptor = openSync(path, 'r');
  try {
    const page = Buffer.alloc(4096);
    const count = readSync(descriptor, page, 0, page.length, 0);
    return page.subarray(0, count).some((byte) => byte !== 0);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes an environment beside its place and moves it there whole; whoever comes second finds the first one's. */
async function make(folder: string, options: EnvironmentOptions): Promise<void> {
  mkdirSync(dirname(resolve(folder)), { recursive: true, mode: 0o700 });
  const temporary = `${resolve(folder)}.${process.pid}-${Date.now().toString(36)}.tmp`;
  mkdirSync(temporary, { mode: 0o700 });
  try {
    const root = open(temporary, { ...options, readOnly: false });
    root.transactionSync(() => {
      for (const name of options.databases) root.openDB({ name, encoding: 'json' });
    });
    // Nobody else has it open, so that what is on the disk is whole before it gets its name.
    await root.close();
    renameSync(temporary, folder);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM') || !existsSync(folder)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function open(folder: string, { databases, readOnly = false }: EnvironmentOptions): RootDatabase {
  // Through require: dynamic import would set up the ES module loader, which a one-shot command has no other use for.
  const lmdb = createRequire(import.meta.url)('lmdb') as typeof import('lmdb');
  return lmdb.open({
    path: folder,
    encoding: 'json',
    maxDbs: Math.max(1, databases.length),
    readOnly,
    noSubdir: false,
    // Else a commit is visible before it is on the disk, and the next writer after one that was killed takes it back.
    overlappingSync: false,
  });
}
