import { lstatSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hasErrorCode, JwtkitError } from '../errors.js';
import { notWritable } from './system-error.js';

/**
 * Makes a folder that the user named; as {@link makeFolders}, with an error for the user.
 * @throws {JwtkitError} FILE_NOT_WRITABLE, which says what stands in the way.
 */
export function makeTargetFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    const inTheWay = findInTheWay(path);
    if (inTheWay === undefined) throw notWritable(path, error);
    throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: ${inTheWay}`, {
      hint: 'name a folder; it is made if it does not exist',
      cause: error,
    });
  }
}

/**
 * Makes a folder and its parents, closed to other users. Avoids mkdirSync's `recursive`, which never returns below /proc.
 * @throws {Error} of node:fs.
 */
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
    if (look(statSync, folder)?.isDirectory() !== true) throw error;
  }
}

/** Returns what is no folder at a path or above it; undefined if nothing is. */
function findInTheWay(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const found = look(lstatSync, at);
    if (found !== undefined) {
      const target = look(statSync, at);
      if (target?.isDirectory() === true) return undefined;
      const kind = target === undefined ? 'a link that leads nowhere' : target.isFile() ? 'a file' : 'not a folder';
      return `${at === path ? 'it' : at} is ${kind}`;
    }
    if (dirname(at) === at) return undefined;
  }
}

/** What is at a path; undefined if nothing is, and if a file or a circle of links is on the way. */
function look(stat: typeof statSync | typeof lstatSync, path: string): Stats | undefined {
  try {
    return stat(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
