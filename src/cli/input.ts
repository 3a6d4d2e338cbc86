import { JwtkitError } from '../errors.js';
import { defaultMaxTokenLength } from '../jose/compact.js';
import { readFileBounded } from '../store/files.js';
import type { Io } from './io.js';
import { usage } from './options.js';

/** Room around a token for `Bearer` and white space, in bytes. */
const slack = 4096;

/**
 * A token from the argument, from `-` or from a pipe; a leading `Bearer ` and white space around it are dropped.
 * @throws {JwtkitError} USAGE_INVALID where nobody gave one.
 */
export function readToken(argument: string | undefined, io: Io): string {
  if (argument !== undefined && argument !== '-') return trimToken(argument);
  if (argument === undefined && io.stdin.isTerminal) {
    throw usage('no token given', 'pass it as the argument, or pipe it in');
  }
  return trimToken(Buffer.from(io.stdin.read(defaultMaxTokenLength + slack)).toString('utf8'));
}

/** A token without the white space and the `Bearer` around it. */
export function trimToken(text: string): string {
  const token = text.trim();
  // Most begin with an e, and a batch asks a million times.
  return token.startsWith('b') || token.startsWith('B') ? token.replace(/^bearer\s+/i, '') : token;
}

/** The bytes of a file of at most `maxBytes`, or of standard input where the path is `-`. */
export function readContent(path: string, io: Io, maxBytes: number): Uint8Array {
  if (path !== '-') return readFileBounded(path, maxBytes);
  const bytes = io.stdin.read(maxBytes);
  if (bytes.length > maxBytes) throw usage(`standard input is larger than ${maxBytes} bytes`);
  return bytes;
}

/** A secret without the one line end that an editor or `echo` left behind it. */
export function trimLineEnd(secret: Uint8Array): Uint8Array {
  const last = secret.length - 1;
  if (secret[last] !== 0x0a) return secret;
  return secret.subarray(0, secret[last - 1] === 0x0d ? last - 1 : last);
}

/**
 * Reads a file that an option names. Whoever puts a key, a secret or a passphrase in the place of a file name must not find
 * it in an error; `showsPath` is for an option that names no secret.
 */
export function readNamed(path: string, flag: string, options: { maxBytes: number; showsPath?: boolean }): Buffer {
  try {
    return readFileBounded(path, options.maxBytes);
  } catch (error) {
    const isRepeatable = options.showsPath === true && !/[\n{]|-----/.test(path) && path.length < 256;
    if (!(error instanceof JwtkitError) || isRepeatable) throw error;
    throw new JwtkitError(error.code, `cannot read the file that ${flag} names`, {
      hint: `${flag} takes the name of a file, not what is in it`,
    });
  }
}
