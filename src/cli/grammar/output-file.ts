/** `--out` and `--force`: what a command makes goes into a file that its owner alone reads, instead of to stdout. */
import type { Command } from 'commander';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import { afterChange, printJson } from '../terminal/output.js';
import { type Flags, option, type Texts } from './option.js';

export type OutOptions = Texts<'out'> & Flags<'force'>;

/** Declares the options; `what` is written. */
export function addOutOptions(command: Command, what?: string): Command {
  const written = what === undefined ? 'write' : `write ${what}`;
  return command
    .addOption(option('--out <file>', `${written} to a file, mode 0600, instead of stdout`))
    .addOption(option('--force', 'overwrite the file of --out'));
}

/**
 * Returns the file of `--out`; undefined for stdout, which is also `-`.
 * @throws {JwtkitError} USAGE_INVALID for `--force` without a file.
 */
export function outFile({ out, force }: OutOptions): string | undefined {
  const file = out === '-' ? undefined : out;
  if (force === true && file === undefined) throw usage('--force is for --out');
  return file;
}

type WriteOptions = OutOptions & { readonly json?: boolean | undefined };

/** Writes a token, or a pair, as one line. */
export async function writeToken(path: string, text: string, options: WriteOptions, io: Io): Promise<void> {
  await writeOut({ path, content: `${text}\n`, what: 'token' }, options, io);
}

/** Writes a file, and says so. `what` is in it. */
export async function writeOut(
  { path, content, what }: { path: string; content: string | Uint8Array; what: string },
  { force, json }: WriteOptions,
  io: Io,
): Promise<void> {
  const { writeFileWhole } = await import('../../files/write-files.js');
  writeFileWhole({ path, content, mode: 0o600 }, { overwrite: force === true });
  if (json === true) printJson(afterChange(io, `the ${what} was written to ${path}`), { out: path });
  else io.say(`wrote ${path}`);
}
