/** Folders that are made with those above them. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hasErrorCode } from './files.js';

/**
 * Makes a folder and those above it, closed to others; one that is there stays as it is. `recursive` of mkdirSync never
 * returns where a system has no such folder although the one above is there, as below /proc.
 * @throws what mkdirSync throws.
 */
export function makeFolders(path: string): void {
  const folder = resolve(path);
  const above = dirname(folder);
  try {
    makeFolder(folder);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT') || above === folder) throw error;
    makeFolders(above);
    makeFolder(folder);
  }
}

/** What systems answer for a folder that is there differs: a root may be read-only, or nobody's to write. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
