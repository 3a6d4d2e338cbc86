/** Reads LMDB files without LMDB, which ends the process if a file is damaged. */
import { closeSync, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Identifies the file of an environment; undefined if there is none. A process keeps the file that it opened, even if another replaces it. */
export function fileOf(folder: string): string | undefined {
  const found = statSync(join(folder, 'data.mdb'), { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/**
 * Whether a folder holds an environment. An incomplete file does not count.
 * @throws {Error} for another file, or a damaged one.
 */
export function isEnvironment(folder: string): boolean {
  const path = join(folder, 'data.mdb');
  // existsSync would be false for a file that this user may not see.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  // To open a pipe waits for its writer.
  if (!statSync(path).isFile()) throw new Error('data.mdb is not a regular file');
  const descriptor = openSync(path, 'r');
  try {
    return readExtent(descriptor) !== undefined;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads how many bytes an LMDB file has, and how many up to the last page in use; undefined for an incomplete file.
 * @throws {Error} for another file, or a damaged one.
 */
export function readExtent(descriptor: number): { readonly used: number; readonly size: number } | undefined {
  const start = Buffer.alloc(65_536 + metaEnd);
  const count = readSync(descriptor, start, 0, start.length, 0);
  if (start.subarray(0, count).every((byte) => byte === 0)) return undefined;
  // The size is read after the meta pages: a writer makes the file longer first.
  const { size } = fstatSync(descriptor);
  const pageSize = start.readUInt32LE(pageSizeAt);
  const lastPages = [0, pageSize].map((meta) => {
    const isMeta = meta + metaEnd <= count && start.readUInt32LE(meta + magicAt) === magic;
    const lastPage = isMeta ? Number(start.readBigUInt64LE(meta + lastPageAt)) : Number.POSITIVE_INFINITY;
    if (lastPage >= size / pageSize) throw new Error('it is damaged');
    return lastPage;
  });
  return { used: (Math.max(...lastPages) + 1) * pageSize, size };
}

/** Offsets in a meta page (MDB_meta of lmdb.h after the page's header), and its first number. */
const magicAt = 24;
const pageSizeAt = 48;
const lastPageAt = 144;
const metaEnd = 160;
const magic = 0xbeefc0de;
