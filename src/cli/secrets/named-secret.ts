/**
 * A secret that an option names: it comes from a file or a variable, never from the command line, and no error repeats it. Without
 * an option, a terminal may ask for it.
 */
import { usage } from '../terminal/errors.js';
import type { Environment, Io } from '../terminal/io.js';
import { readSecretFile, readSecretVariable } from './named-file.js';

/** A command's options, as far as they name secrets; the grammar's `Invocation` is one. */
export interface SecretOptions<T> {
  readonly options: T;
  readonly env: Environment;
  origin(name: keyof T & string): 'flag' | 'variable' | 'config' | undefined;
  label(name: keyof T & string): string;
}

export interface NamedSecret {
  /** The secret's name in messages. */
  readonly label: string;
  readonly origin: 'flag' | 'variable';
  /** Reads it. A byte order mark and one line end at the end of a file are left out; a note mentions the mark. */
  read(io: Io): Uint8Array;
}

/** The longest secret file, in bytes. */
const maxFileBytes = 65_536;

/**
 * Returns the secret that `<what>File` or `<what>Env` names; undefined if neither does.
 * @throws {JwtkitError} USAGE_INVALID if both do; from `read`, also for an empty secret, and FILE_NOT_READABLE.
 */
export function namedSecret<What extends string>(
  what: What,
  { options, env, origin, label }: SecretOptions<{ [Name in `${What}File` | `${What}Env`]?: string }>,
): NamedSecret | undefined {
  const [file, variable] = [`${what}File`, `${what}Env`] as const;
  const values: { [name: string]: string | undefined } = options;
  for (const from of ['flag', 'variable'] as const) {
    const [first, second] = [file, variable].filter((name) => origin(name) === from);
    if (first === undefined) continue;
    if (second !== undefined) throw usage(`${label(first)} and ${label(second)} exclude each other`);
    const name = label(first);
    const read = (io: Io) => {
      if (first === variable) return Buffer.from(readSecretVariable(env, values[variable] as string, name), 'utf8');
      const secret = readSecretFile(values[file] as string, name, { maxBytes: maxFileBytes, note: io.note, io });
      if (secret.length === 0) throw usage(`the file that ${name} names is empty`);
      return secret;
    };
    return { label: name, origin: from, read };
  }
  return undefined;
}

/** Returns the function that asks a question; undefined unless stdin and stderr are terminals. */
export function terminalQuestion({ askHidden, stdin, stderr }: Io): Io['askHidden'] {
  return stdin.isTerminal && stderr.isTerminal ? askHidden : undefined;
}
