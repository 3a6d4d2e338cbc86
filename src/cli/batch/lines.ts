/** Bytes into blocks of whole lines, and a block into its lines: with memory for one block and one line. */
import { isAscii } from 'node:buffer';
import { defaultMaxTokenLength } from '../../jose/compact.js';

/** Bytes of a line that are looked at; what is longer than a token can be is malformed whatever it holds. */
export const maxLineBytes = defaultMaxTokenLength + 4096;

/** Whole lines of the input, in memory of their own that another thread can be given. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of the first line; that of the input's first is 1. */
  readonly firstLine: number;
  /** Bytes of input up to the end of this block, for who tells how far it has come. */
  readonly end: number;
}

const newline = 0x0a;

/**
 * Cuts input into blocks of at most about `blockBytes`. A piece that ends with a line is passed on at once, so that a slow
 * writer sees each answer without waiting; of a line beyond {@link maxLineBytes} only the beginning is kept.
 */
export async function* cutBlocks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Block> {
  let rest: Uint8Array = new Uint8Array();
  let firstLine = 1;
  let end = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += blockBytes) {
      const piece = chunk.subarray(start, start + blockBytes);
      end += piece.length;
      const cut = piece.lastIndexOf(newline) + 1;
      if (cut > 0) {
        const bytes = join(rest, piece.subarray(0, cut));
        const count = countLines(bytes);
        rest = new Uint8Array(piece.subarray(cut));
        yield { bytes, firstLine, end };
        firstLine += count;
      } else {
        rest = join(rest, piece.subarray(0, Math.max(0, maxLineBytes + 1 - rest.length)));
      }
    }
  }
  if (rest.length > 0) yield { bytes: join(rest, new Uint8Array()), firstLine, end };
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  // Memory of its own, as another thread is to have it, and not cleared, as all of it is written.
  const joined = new Uint8Array(Buffer.allocUnsafeSlow(one.length + other.length).buffer);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}

function countLines(bytes: Uint8Array<ArrayBuffer>): number {
  // A Buffer looks for a byte several times faster than a Uint8Array.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  for (let at = buffer.indexOf(newline); at >= 0; at = buffer.indexOf(newline, at + 1)) count++;
  return count;
}

/** A line without its end. */
export interface Line {
  readonly number: number;
  readonly text: string;
  /** Set for a line beyond the limit, of which only the beginning is there: enough to be refused, whatever follows. */
  readonly isCut: boolean;
}

/** The lines of a block. */
export function* linesOf({ bytes, firstLine }: Block): Generator<Line> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // Where a byte is a character, a line need not be searched for longer ones.
  const encoding = isAscii(buffer) ? 'latin1' : 'utf8';
  let number = firstLine;
  for (let start = 0; start < buffer.length; number++) {
    const found = buffer.indexOf(newline, start);
    const end = found < 0 ? buffer.length : found;
    const isCut = end - start > maxLineBytes;
    yield { number, text: buffer.toString(encoding, start, isCut ? start + maxLineBytes + 1 : end), isCut };
    start = end + 1;
  }
}
