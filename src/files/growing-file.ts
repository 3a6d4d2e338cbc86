/** A file that is written piece by piece, and appears under its name only once it is whole. */
import { closeSync, fchownSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { notWritable } from './system-error.js';
import { refuseLink, requireFile } from './target.js';
import { ownerFor, uniqueSuffix } from './write-files.js';

/** Bytes that are read at once. */
const pieceBytes = 65_536;

/** Call `place` or `discard` at the end; what is not placed leaves nothing behind. Each method throws FILE_NOT_WRITABLE. */
export interface GrowingFile {
  append(content: string | Uint8Array): void;
  /** Writes over the beginning. */
  replaceStart(text: string): void;
  /** Returns all that was written, in pieces that are good until the next one is read. */
  read(): Generator<Uint8Array>;
  /** Puts the file in the place of its path, whatever is there. */
  place(): void;
  discard(): void;
}

/** Opens a temporary file beside a path. Throws FILE_NOT_WRITABLE, also for a link: it would choose what is replaced. */
export function growFile(path: string, mode: number): GrowingFile {
  refuseLink(path);
  requireFile(path);
  const temporary = join(dirname(path), `.${basename(path)}.${uniqueSuffix()}.tmp`);
  const attempt = <Result>(action: () => Result): Result => {
    try {
      return action();
    } catch (error) {
      throw notWritable(path, error);
    }
  };
  const descriptor = attempt(() => openSync(temporary, 'wx+', mode));
  let length = 0;
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  const write = (content: string | Uint8Array, position: number) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
    return bytes.length;
  };
  return {
    append: (content) =>
      attempt(() => {
        length += write(content, length);
      }),
    replaceStart: (text) => attempt(() => void write(text, 0)),
    *read() {
      const piece = Buffer.alloc(pieceBytes);
      for (let at = 0; at < length; ) {
        const count = attempt(() => readSync(descriptor, piece, 0, piece.length, at));
        if (count === 0) return;
        at += count;
        yield piece.subarray(0, count);
      }
    },
    place: () =>
      attempt(() => {
        const owner = ownerFor({ path });
        if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
        fsyncSync(descriptor);
        close();
        renameSync(temporary, path);
      }),
    discard: () => {
      close();
      rmSync(temporary, { force: true });
    },
  };
}
