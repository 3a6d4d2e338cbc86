/** What stands where a file is about to be written. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { JwtkitError } from '../errors.js';
import { notWritable } from './system-error.js';

/**
 * Refuses to overwrite a pipe, a device or a folder. Returns whether there is a file.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function requireFile(path: string): boolean {
  const stat = statOf(path);
  if (stat === undefined) return false;
  const kind = stat.isDirectory() ? 'a folder' : 'not a regular file';
  if (!stat.isFile()) throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: it is ${kind}`);
  return true;
}

/**
 * Refuses a symbolic link, also one that leads nowhere: in a folder of strangers it would choose the file that is replaced.
 * @throws {JwtkitError} FILE_NOT_WRITABLE.
 */
export function refuseLink(path: string): void {
  let isLink: boolean | undefined;
  try {
    isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  } catch (error) {
    throw notWritable(path, error);
  }
  if (isLink !== true) return;
  throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: it is a symbolic link`, {
    hint: 'remove the link, or name the file that it leads to',
  });
}

/** What is at a path, behind its links; undefined if nothing is. @throws {JwtkitError} FILE_NOT_WRITABLE. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw notWritable(path, error);
  }
}
