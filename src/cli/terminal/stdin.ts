/** Standard input serves one reader in a run: a second one would find it empty, and might wait for ever. */
import { usage } from './errors.js';
import type { Io } from './io.js';

/** What reads the standard input of each run, in words. */
const readers = new WeakMap<Io, string>();

/** Whether a path names standard input: `-`, or the names that a system has for it. */
export function isStdin(path: string): boolean {
  return path === '-' || /^\/(?:dev\/(?:stdin|fd\/0)|proc\/self\/fd\/0)$/.test(path);
}

/** What messages call the input at a path. */
export function inputName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/**
 * Returns standard input, for one reader such as `--key -` or `the token`. The same reader may take it again.
 * @throws {JwtkitError} USAGE_INVALID if another reader took it before.
 */
export function takeStdin(io: Io, reader: string): Io['stdin'] {
  const first = readers.get(io) ?? reader;
  if (first !== reader) {
    throw usage(
      `${first} and ${reader} cannot both read standard input`,
      'name a file or a variable for one of them, such as --token-file or --key-env',
    );
  }
  readers.set(io, reader);
  return io.stdin;
}
