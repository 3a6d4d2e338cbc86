/** Input that is read while it is worked on: a file, a pipe, a terminal. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { notReadable, tryToRead } from './files.js';

/** Bytes that are read while they are asked for. */
export interface ByteSource {
  /** Each in memory that the next may use again. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Where it is known beforehand. */
  readonly size: number | undefined;
  /** Stops reading, also in the middle of waiting for a writer. */
  close(): void;
}

/** Bytes that are read of a file at once. */
const pieceBytes = 131_072;

/**
 * Opens a file to read it while it is worked on. A named pipe is read as one: a read that waits in a thread could not be ended.
 * @throws {JwtkitError} FILE_NOT_READABLE, also while it is read.
 */
export function openFileSource(path: string): ByteSource {
  const descriptor = tryToRead(path, () => openSync(path, 'r'));
  return descriptorSource(descriptor, path, () => {
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd: descriptor, readable: true, writable: false });
  });
}

/** A descriptor as a {@link ByteSource}; `openPipe` makes a stream of one that is a pipe or a socket. */
export function descriptorSource(descriptor: number, name: string, openPipe: () => Readable): ByteSource {
  const stats = tryToRead(name, () => fstatSync(descriptor));
  if (stats.isFile()) return regularFileSource(descriptor, name, stats.size);
  const isPipe = stats.isFIFO() || stats.isSocket() || (stats.isCharacterDevice() && descriptor === 0);
  const stream = tryToRead(name, () =>
    isPipe ? openPipe() : createReadStream(name, { fd: descriptor, highWaterMark: pieceBytes }),
  );
  return { chunks: readStream(stream, name), size: undefined, close: () => void stream.destroy() };
}

/**
 * A file that nobody has to be waited for: read at once, each piece over the one before, which spares a thread, a copy and new
 * memory for each. Others have their turn before each, so that a signal is heard.
 */
function regularFileSource(descriptor: number, name: string, size: number): ByteSource {
  let isClosed = false;
  async function* read(): AsyncGenerator<Uint8Array> {
    const room = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      // The number of a descriptor that was closed may be another file's by now.
      const length = isClosed ? 0 : tryToRead(name, () => readSync(descriptor, room));
      if (length === 0) return;
      yield room.subarray(0, length);
    }
  }
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    closeSync(descriptor);
  };
  return { chunks: read(), size, close };
}

async function* readStream(stream: Readable, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw notReadable(name, error);
  }
}
