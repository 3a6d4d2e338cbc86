/** Input that is read piece by piece: a file, a pipe, a terminal. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { tryToRead } from './read-file.js';
import { notReadable } from './system-error.js';

/** Bytes that are read on demand. */
export interface ByteSource {
  /** The pieces. The next piece may overwrite the memory of the one before. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** The size in bytes, if known. */
  readonly size: number | undefined;
  /** Stops reading, even while it waits for a writer. */
  close(): void;
}

const pieceBytes = 262_144;

/** Opens a file, or a named pipe, for reading in pieces. Throws FILE_NOT_READABLE, also while it is read. */
export function openFileSource(path: string): ByteSource {
  const descriptor = tryToRead(path, () => openSync(path, 'r'));
  return descriptorSource(descriptor, path, () => {
    // Opened as a socket: a pending read of a file stream cannot be ended.
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd: descriptor, readable: true, writable: false });
  });
}

/** Makes a {@link ByteSource} of an open file. `openPipe` returns the stream to read from a pipe or a socket. */
export function descriptorSource(descriptor: number, name: string, openPipe: () => Readable): ByteSource {
  const stats = tryToRead(name, () => fstatSync(descriptor));
  if (stats.isFile()) return regularFileSource(descriptor, name, stats.size);
  const isPipe = stats.isFIFO() || stats.isSocket() || (stats.isCharacterDevice() && descriptor === 0);
  const stream = tryToRead(name, () =>
    isPipe ? openPipe() : createReadStream(name, { fd: descriptor, highWaterMark: pieceBytes }),
  );
  return { chunks: readStream(stream, name), size: undefined, close: () => void stream.destroy() };
}

/** Reads a regular file synchronously, always into the same memory. Yields to the event loop before each piece, so that signals are handled. */
function regularFileSource(descriptor: number, name: string, size: number): ByteSource {
  let isClosed = false;
  async function* read(): AsyncGenerator<Uint8Array> {
    const room = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      // The system may have given the closed descriptor's number to another file.
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
