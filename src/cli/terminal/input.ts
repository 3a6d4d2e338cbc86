/** The content of a file that a command reads; the file may be standard input. */
import { readFileBounded } from '../../files/read-file.js';
import { usage } from './errors.js';
import type { Io } from './io.js';
import { isStdin, takeStdin } from './stdin.js';

/** Reads at most `maxBytes` of a file, or of standard input if the path names that; `reader` is what messages call it then. */
export function readContent(path: string, io: Io, maxBytes: number, reader = 'the file -'): Uint8Array {
  if (!isStdin(path)) return readFileBounded(path, maxBytes);
  const bytes = takeStdin(io, reader).read(maxBytes);
  if (bytes.length > maxBytes) throw usage(`standard input is larger than ${maxBytes} bytes`);
  return bytes;
}
