import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hasErrorCode } from '../errors.js';

/** Makes a folder and its parents, closed to other users. Avoids mkdirSync's `recursive`, which never returns below /proc. */
export function makeFolders(path: string): void {
  const folder = resolve(path);
  const parent = dirname(folder);
  try {
    makeFolder(folder);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT') || parent === folder) throw error;
    makeFolders(parent);
    makeFolder(folder);
  }
}

/** For an existing folder mkdirSync fails with EEXIST, EROFS or EACCES, by the system. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
