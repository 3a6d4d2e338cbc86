/**
 * LMDB environments: folders that several processes use at once and that a kill at any moment leaves as they were after
 * the last commit.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { hasErrorCode, uniqueSuffix } from './files.js';
import { makeFolders } from './folders.js';

/** How {@link openEnvironment} opens one. */
export interface EnvironmentOptions {
  /** Named databases, made together with the environment. */
  readonly databases: readonly string[];
  readonly readOnly?: boolean;
  /** Refuses where there is none, instead of making it. */
  readonly mustExist?: boolean;
}

/** Opens the environment in a folder, which is made if need be. Throws what LMDB throws. */
export async function openEnvironment(folder: string, options: EnvironmentOptions): Promise<RootDatabase> {
  if (options.mustExist !== true && !isEnvironment(folder)) await make(folder, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return open(folder, options);
    } catch (error) {
      if (!isMomentary(error) || attempt === openAttempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * 20));
    }
  }
}

/** How often an environment is opened before its state is believed. */
const openAttempts = 5;

/**
 * Whether opening failed for what passes by itself: where the last holder of the lock was killed a moment ago, the first
 * transaction may not begin, which lmdb reports as having none (EINVAL). Seen once in thousands of kills, never twice in a row.
 */
function isMomentary(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 22;
}

/** Which file an environment is in at this moment: a process keeps the one it opened, even if another takes its place. */
export function fileOf(folder: string): string | undefined {
  const found = statSync(join(folder, 'data.mdb'), { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/**
 * Whether a folder holds an environment; one whose file was only begun is none yet. LMDB maps the file into memory and ends
 * the process over one that is damaged, so that one is refused first.
 * @throws {Error} for a file that is no environment, or not all of one.
 */
export function isEnvironment(folder: string): boolean {
  const path = join(folder, 'data.mdb');
  // Not existsSync: what must not be looked at does not exist for it.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  const descriptor = openSync(path, 'r');
  try {
    const start = Buffer.alloc(65_536 + metaEnd);
    const count = readSync(descriptor, start, 0, start.length, 0);
    if (start.subarray(0, count).every((byte) => byte === 0)) return false;
    // After the meta pages: a writer makes the file longer before it counts on what it wrote.
    const { size } = fstatSync(descriptor);
    const pageSize = start.readUInt32LE(pageSizeAt);
    for (const meta of [0, pageSize]) {
      const isMeta =
        meta + metaEnd <= Math.min(count, 65_536 + metaEnd) && start.readUInt32LE(meta + magicAt) === magic;
      // The last page that the meta page counts on; the file may be longer.
      if (!isMeta || Number(start.readBigUInt64LE(meta + lastPageAt)) >= size / pageSize)
        throw new Error('it is damaged');
    }
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Places in a meta page (MDB_meta of lmdb.h behind the page's header), and the number that it begins with. */
const magicAt = 24;
const pageSizeAt = 48;
const lastPageAt = 144;
const metaEnd = 160;
const magic = 0xbeefc0de;

/** Makes an environment beside its place and moves it there whole; whoever comes second finds the first one's. */
async function make(folder: string, options: EnvironmentOptions): Promise<void> {
  makeFolders(dirname(resolve(folder)));
  const temporary = `${resolve(folder)}.${uniqueSuffix()}.tmp`;
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

function open(folder: string, { databases, readOnly = false, mustExist }: EnvironmentOptions): RootDatabase {
  // Through require: dynamic import would set up the ES module loader, which a one-shot command has no other use for.
  const lmdb = createRequire(import.meta.url)('lmdb') as typeof import('lmdb');
  // Looked at again now that LMDB is loaded: it makes a folder that is gone, even to read.
  if (mustExist === true && fileOf(folder) === undefined) throw new Error('it was removed while it was opened');
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
