/** Files that are read within bounds. */
import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import { JwtkitError } from '../errors.js';
import { notReadable } from './system-error.js';

const pieceBytes = 65_536;

/** Reads a whole file of at most `maxBytes`. Throws FILE_NOT_READABLE, also for a longer file. */
export function readFileBounded(path: string, maxBytes: number): Buffer {
  const content = tryToRead(path, () => readUpTo(path, maxBytes + 1));
  if (content.length <= maxBytes) return content;
  throw new JwtkitError('FILE_NOT_READABLE', `${path} is larger than ${maxBytes} bytes`);
}

function readUpTo(path: string, limit: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const pieces: Buffer[] = [];
    let room = Buffer.alloc(0);
    for (let left = limit; left > 0; ) {
      // A pipe may give one byte at a time: all of the room is used before more is taken.
      if (room.length === 0) room = Buffer.allocUnsafe(Math.min(left, pieceBytes));
      const count = readSync(descriptor, room);
      if (count === 0) break;
      pieces.push(room.subarray(0, count));
      room = room.subarray(count);
      left -= count;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(descriptor);
  }
}

/** Runs a function that reads a file. Throws FILE_NOT_READABLE with the reason if the function throws. */
export function tryToRead<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw notReadable(path, error);
  }
}

/** Whether a path has an entry, a broken link included. True also where the system refuses to say: opening it gives the reason. */
export function mayExist(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
