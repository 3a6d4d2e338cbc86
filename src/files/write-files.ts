/** Files that appear whole or not at all. */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../errors.js';
import { notWritable } from './system-error.js';
import { refuseLink, requireFile, statOf } from './target.js';

/** A file to write. */
export interface WholeFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Permission bits: 0o600 for anything private. */
  readonly mode: number;
  /** If root writes the file, it belongs to the owner of its folder, so that the folder's user can read it. */
  readonly isOfFolder?: boolean;
}

/** How files are written. */
export interface WriteOptions {
  readonly overwrite: boolean;
  /** Whether to write through a link; by default yes. Otherwise a link is refused. */
  readonly followsLinks?: boolean;
}

/** Files in place, with copies of those that they replaced. The caller calls one of the two functions, once. */
export interface PlacedFiles {
  /** Drops the copies. */
  keep(): void;
  /** Puts everything back. */
  undo(): void;
}

/**
 * Writes several files, all or none. Each goes to a temporary file beside its target and is flushed. Then it is linked into
 * place, which never overwrites, or renamed with `overwrite`. If a later file fails, the earlier ones are put back.
 * @throws {JwtkitError} FILE_EXISTS, FILE_NOT_WRITABLE; leaves nothing behind.
 */
export function writeFilesWhole(files: readonly WholeFile[], options: WriteOptions): void {
  placeFiles(files, options).keep();
}

/** Writes one file; see {@link writeFilesWhole}. */
export function writeFileWhole(file: WholeFile, options: WriteOptions): void {
  writeFilesWhole([file], options);
}

/** Does what {@link writeFilesWhole} does, for a caller that may still undo it. */
export function placeFiles(files: readonly WholeFile[], { overwrite, followsLinks = true }: WriteOptions): PlacedFiles {
  if (!overwrite) refuseExisting(files);
  if (!followsLinks) for (const { path } of files) refuseLink(path);
  const follow = ({ path }: WholeFile) => (requireFile(path) && followsLinks ? realpathSync(path) : path);
  const targets = files.map((file) => (overwrite ? { ...file, path: follow(file) } : file));
  const temporaries: string[] = [];
  const undoSteps: (() => void)[] = [];
  const removeTemporaries = () => {
    for (const temporary of temporaries) rmSync(temporary, { force: true });
  };
  const undo = () => {
    try {
      for (const step of undoSteps.reverse()) step();
    } finally {
      removeTemporaries();
    }
  };
  try {
    for (const target of targets) temporaries.push(writeTemporary(target));
    for (const [at, { path }] of targets.entries()) {
      const temporary = temporaries[at] as string;
      const saved = overwrite ? copyOld(path, `${temporary}.old`) : undefined;
      if (saved !== undefined) temporaries.push(saved);
      place(temporary, path, overwrite);
      undoSteps.push(() => (saved === undefined ? rmSync(path, { force: true }) : renameSync(saved, path)));
    }
  } catch (error) {
    undo();
    throw error;
  }
  return {
    keep: () => {
      removeTemporaries();
      for (const folder of new Set(targets.map(({ path }) => dirname(path)))) flushFolder(folder);
    },
    undo,
  };
}

/** Refuses files that already exist, as FILE_EXISTS. */
export function refuseExisting(files: readonly WholeFile[]): void {
  const taken = files.find(({ path }) => existsSync(path));
  if (taken !== undefined) throw alreadyExists(taken.path);
}

/** A name ending that no other process and no other call uses at the same time. */
export function uniqueSuffix(): string {
  return `${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Copies the file that is about to be overwritten; undefined if there is none. */
function copyOld(path: string, copy: string): string | undefined {
  try {
    copyFileSync(path, copy, constants.COPYFILE_EXCL);
    return copy;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw notWritable(path, error);
  }
}

/** The owner to give a file to. Root writes files of other users, which must stay theirs. */
export function ownerFor({
  path,
  isOfFolder,
}: Pick<WholeFile, 'path' | 'isOfFolder'>): { uid: number; gid: number } | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  return statOf(path) ?? (isOfFolder === true ? statOf(dirname(path)) : undefined);
}

function writeTemporary(file: WholeFile): string {
  const { path, content, mode } = file;
  const temporary = join(dirname(path), `.${basename(path)}.${uniqueSuffix()}.tmp`);
  try {
    const owner = ownerFor(file);
    const descriptor = openSync(temporary, 'wx', mode);
    try {
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof JwtkitError) throw error;
    // After these errors there is no file, and rmSync throws for a path that the system cannot follow.
    if (!hasErrorCode(error, 'ENAMETOOLONG', 'ENOTDIR', 'ENOENT', 'ELOOP')) rmSync(temporary, { force: true });
    throw notWritable(path, error);
  }
  return temporary;
}

function place(temporary: string, path: string, overwrite: boolean): void {
  try {
    if (overwrite) renameSync(temporary, path);
    else linkSync(temporary, path);
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) throw alreadyExists(path);
    const lacksLinks = hasErrorCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS');
    if (overwrite || !lacksLinks) throw notWritable(path, error);
    placeWithoutLinks(temporary, path);
  }
}

/** For file systems without hard links: claims the name with an empty file, which never overwrites, then renames over it. */
function placeWithoutLinks(temporary: string, path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    renameSync(temporary, path);
  } catch (error) {
    throw hasErrorCode(error, 'EEXIST') ? alreadyExists(path) : notWritable(path, error);
  }
}

function alreadyExists(path: string): JwtkitError {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    return new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: it is a folder`);
  return new JwtkitError('FILE_EXISTS', `${path} already exists`, { hint: 'pass --force to overwrite it' });
}

/** Makes renames in a folder survive a power cut. Does nothing where the system cannot flush a folder, such as Windows. */
export function flushFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // A failure is ignored: the files are in place.
  }
}
