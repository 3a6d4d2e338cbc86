/** Cuts bytes into blocks of whole lines, and a block into its lines, with memory for one block and one line. */
import { isAscii, isUtf8 } from 'node:buffer';
import { JwtkitError } from '../errors.js';
import { defaultMaxTokenLength } from '../jose/compact.js';
import { encodingOf, saveAsUtf8, withoutMark } from '../jose/text.js';

/** The most bytes of a line to read. A longer line cannot be a token, and is malformed. */
export const maxLineBytes = defaultMaxTokenLength + 4096;

/** Whole lines of the input, in memory of their own that another thread can be given. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of the first line; the input begins with line 1. */
  readonly firstLine: number;
  /** Bytes of input up to the end of this block, for the progress. */
  readonly end: number;
}

const newline = 0x0a;

/**
 * Cuts input into blocks of at most about `blockBytes`. A piece that ends with a line is passed on at once, so that a slow
 * writer sees each answer without waiting; of a line beyond {@link maxLineBytes} only the beginning is kept.
 * @throws {JwtkitError} FILE_NOT_READABLE for UTF-16 and UTF-32.
 */
export async function* cutBlocks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Block> {
  // The pieces of a line whose end is not read yet. They are joined only once.
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let firstLine = 1;
  let end = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += blockBytes) {
      const piece = chunk.subarray(start, start + blockBytes);
      end += piece.length;
      const cut = piece.lastIndexOf(newline) + 1;
      if (cut > 0) {
        const bytes = join([...rest, piece.subarray(0, cut)]);
        const count = countLines(bytes);
        rest = [new Uint8Array(piece.subarray(cut))];
        restBytes = piece.length - cut;
        yield { bytes: firstLine === 1 ? beginning(bytes) : bytes, firstLine, end };
        firstLine += count;
      } else if (restBytes <= maxLineBytes) {
        const kept = new Uint8Array(piece.subarray(0, maxLineBytes + 1 - restBytes));
        rest.push(kept);
        restBytes += kept.length;
      }
    }
  }
  if (restBytes === 0) return;
  const bytes = join(rest);
  yield { bytes: firstLine === 1 ? beginning(bytes) : bytes, firstLine, end };
}

/** The first block without the byte order mark of the input. */
function beginning(bytes: Block['bytes']): Block['bytes'] {
  const encoding = encodingOf(bytes);
  if (encoding !== undefined) {
    throw new JwtkitError('FILE_NOT_READABLE', `the input is ${encoding}, not UTF-8`, { hint: saveAsUtf8 });
  }
  return withoutMark(bytes);
}

/** Joins pieces in memory of their own, which another thread can be given: small buffers share theirs. */
function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    joined.set(piece, end);
    end += piece.length;
  }
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
  /** Set for a line beyond the limit, of which only the beginning is kept: enough to refuse it. */
  readonly isCut: boolean;
  /** Set for a line whose bytes are not UTF-8, so that the text is not what was written. */
  readonly isGarbled: boolean;
}

/** The lines of a block, in groups of at most `size`. */
export function* groupsOf({ bytes, firstLine }: Block, size: number): Generator<readonly Line[]> {
  let lines: Line[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // If each byte is a character, no line needs a search for longer ones.
  const encoding = isAscii(buffer) ? 'latin1' : 'utf8';
  const isSound = encoding === 'latin1' || isUtf8(buffer);
  let number = firstLine;
  for (let start = 0; start < buffer.length; number++) {
    const found = buffer.indexOf(newline, start);
    const end = found < 0 ? buffer.length : found;
    const isCut = end - start > maxLineBytes;
    const text = buffer.toString(encoding, start, isCut ? start + maxLineBytes + 1 : end);
    lines.push({ number, text, isCut, isGarbled: !isSound && !isUtf8(buffer.subarray(start, end)) });
    start = end + 1;
    if (lines.length < size && start < buffer.length) continue;
    yield lines;
    lines = [];
  }
}
