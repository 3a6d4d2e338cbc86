/** Files that are read within bounds and appear whole or not at all. Errors name the path and what to do. */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { JwtkitError } from '../errors.js';

/**
 * Reads a file of at most `maxBytes`, without reading more than that of a longer one.
 * @throws {JwtkitError} FILE_NOT_READABLE.
 */
export function readFileBounded(path: string, maxBytes: number): Buffer {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (const chunk of readFileChunks(path)) {
    chunks.push(chunk);
    total += chunk.length;
    if (total > maxBytes) throw new JwtkitError('FILE_NOT_READABLE', `${path} is larger than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads a file piece by piece; the file is closed when the reader stops.
 * @throws {JwtkitError} FILE_NOT_READABLE.
 */
function* readFileChunks(path: string): Generator<Uint8Array> {
  const descriptor = tryToRead(path, () => openSync(path, 'r'));
  try {
    // Room for a small file and the look behind its end: clearing more takes longer than reading it.
    const { size } = tryToRead(path, () => fstatSync(descriptor));
    const room = size > 0 && size < 65_536 ? size + 1 : 65_536;
    let free = Buffer.alloc(room);
    for (;;) {
      if (free.length === 0) free = Buffer.alloc(room);
      const count = tryToRead(path, () => readSync(descriptor, free));
      if (count === 0) return;
      yield free.subarray(0, count);
      free = free.subarray(count);
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Does what reads a file.
 * @throws {JwtkitError} FILE_NOT_READABLE, saying why, where that fails.
 */
export function tryToRead<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw notReadable(path, error);
  }
}

/** The error for a file that cannot be read. */
export function notReadable(path: string, cause: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_READABLE', `cannot read ${path}: ${reasonOf(cause)}`, { cause });
}

/** Whether an error of node:fs has one of these codes. */
export function hasErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'too many symbolic links',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (code === '' ? 'unknown reason' : code);
}

/** The error for a path that cannot be written. */
export function notWritable(path: string, cause: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: ${reasonOf(cause)}`, { cause });
}

/** A name that no other process and no other call uses at the same time. */
export function uniqueSuffix(): string {
  return `${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

/** A file to be written whole. */
export interface WholeFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Permission bits: 0o600 for anything private. */
  readonly mode: number;
  /** Written by root, the file goes to the owner of its folder rather than to root: whoever uses the folder is to read it. */
  readonly isOfFolder?: boolean;
}

/** Files that are in place, and what they replaced. One of the two is called, once. */
export interface PlacedFiles {
  /** Lets go of what was overwritten. */
  keep(): void;
  /** Puts everything back as it was. */
  undo(): void;
}

/**
 * Writes files so that all of them appear, whole, or none does: each goes to a temporary file beside its target, is
 * flushed, then linked (which never overwrites) or, with `overwrite`, renamed into place. What was overwritten comes back if
 * a later file fails.
 * @throws {JwtkitError} FILE_EXISTS, FILE_NOT_WRITABLE; nothing is left behind.
 */
export function writeFilesWhole(files: readonly WholeFile[], options: { overwrite: boolean }): void {
  placeFiles(files, options).keep();
}

/**
 * As {@link writeFilesWhole}, for a caller with more to do before the files may stay.
 * @throws {JwtkitError} FILE_EXISTS, FILE_NOT_WRITABLE; nothing is left behind.
 */
export function placeFiles(files: readonly WholeFile[], options: { overwrite: boolean }): PlacedFiles {
  if (!options.overwrite) refuseExisting(files);
  const targets = files.map(({ path }) => (options.overwrite ? followToFile(path) : path));
  const temporaries: string[] = [];
  const undo: (() => void)[] = [];
  const tidy = () => {
    for (const temporary of temporaries) rmSync(temporary, { force: true });
  };
  const restore = () => {
    try {
      for (const step of undo.reverse()) step();
    } finally {
      tidy();
    }
  };
  try {
    for (const [index, file] of files.entries()) {
      temporaries.push(writeTemporary({ ...file, path: targets[index] as string }));
    }
    for (const [index, path] of targets.entries()) {
      const temporary = temporaries[index] as string;
      const saved = options.overwrite ? saveOld(path, `${temporary}.old`) : undefined;
      if (saved !== undefined) temporaries.push(saved);
      place(temporary, path, options.overwrite);
      undo.push(() => (saved === undefined ? rmSync(path, { force: true }) : renameSync(saved, path)));
    }
  } catch (error) {
    restore();
    throw error;
  }
  return {
    keep: () => {
      tidy();
      for (const folder of new Set(targets.map((path) => dirname(path)))) flushFolder(folder);
    },
    undo: restore,
  };
}

/** Writes one file whole; see {@link writeFilesWhole}. */
export function writeFileWhole(file: WholeFile, options: { overwrite: boolean }): void {
  writeFilesWhole([file], options);
}

/**
 * Refuses what is there already, before anything else is done.
 * @throws {JwtkitError} FILE_EXISTS.
 */
export function refuseExisting(files: readonly WholeFile[]): void {
  const taken = files.find(({ path }) => existsSync(path));
  if (taken !== undefined) throw alreadyExists(taken.path);
}

/** The file that a path leads to, links followed; a pipe, a device or a folder is nothing to overwrite. */
function followToFile(path: string): string {
  const stat = lookAt(path);
  if (stat === undefined) return path;
  const kind = stat.isDirectory() ? 'a folder' : 'not a regular file';
  if (!stat.isFile()) throw new JwtkitError('FILE_NOT_WRITABLE', `cannot write ${path}: it is ${kind}`);
  return realpathSync(path);
}

function lookAt(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A folder on the way that is none, or that nobody may look into.
    throw notWritable(path, error);
  }
}

/** Keeps hold of the file that is about to be overwritten; undefined where there is none. */
function saveOld(path: string, saved: string): string | undefined {
  try {
    copyFileSync(path, saved, constants.COPYFILE_EXCL);
    return saved;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw notWritable(path, error);
  }
}

/** Root looks after other people's files: what it writes anew stays theirs. Undefined where nothing is to be changed. */
function ownerFor({ path, isOfFolder }: WholeFile): { uid: number; gid: number } | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  return lookAt(path) ?? (isOfFolder === true ? lookAt(dirname(path)) : undefined);
}

function writeTemporary(file: WholeFile): string {
  const { path, content, mode } = file;
  const temporary = join(dirname(path), `.${basename(path)}.${uniqueSuffix()}.tmp`);
  try {
    const descriptor = openSync(temporary, 'wx', mode);
    try {
      const owner = ownerFor(file);
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Where nothing could be made there is nothing to remove, and some releases of Node fail over it.
    if (!hasErrorCode(error, 'ENAMETOOLONG', 'ENOTDIR', 'ENOENT')) rmSync(temporary, { force: true });
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
    if (overwrite || !hasErrorCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS')) {
      throw notWritable(path, error);
    }
    placeWithoutLinks(temporary, path);
  }
}

/** For file systems without hard links: claim the name first, so that nothing there is overwritten, then rename over it. */
function placeWithoutLinks(temporary: string, path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    renameSync(temporary, path);
  } catch (error) {
    throw hasErrorCode(error, 'EEXIST') ? alreadyExists(path) : notWritable(path, error);
  }
}

function alreadyExists(path: string): JwtkitError {
  return new JwtkitError('FILE_EXISTS', `${path} already exists`, { hint: 'pass --force to overwrite it' });
}

/** Makes a rename last through a power cut; Windows cannot open a folder and needs no such flush. */
export function flushFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The files are in place; some file systems refuse to flush a folder.
  }
}
