/**
 * What nobody else may see, from where an option says: a file, or a variable; else from whoever sits at the terminal. It is
 * never part of a command line, and of no error.
 */
import { readNamed, trimLineEnd } from './input.js';
import type { Io } from './io.js';
import { type Invocation, usage } from './options.js';

/** A secret that options name: what a message calls it, and the secret once it is wanted. */
export interface NamedSecret {
  readonly label: string;
  readonly origin: 'flag' | 'variable';
  /** One line end at the end of a file is not part of it. */
  read(): Uint8Array;
}

/** No secret file is longer, in bytes. */
const maxFileBytes = 65_536;

/**
 * The secret that one of two options names, `<what>File` or `<what>Env`; undefined where none does.
 * @throws {JwtkitError} USAGE_INVALID where both do, and from `read` for an empty one; FILE_NOT_READABLE.
 */
export function namedSecret<What extends string>(
  what: What,
  { options, env, origin, label }: Invocation<{ [Name in `${What}File` | `${What}Env`]?: string }>,
): NamedSecret | undefined {
  const [file, variable] = [`${what}File`, `${what}Env`] as const;
  const values: { [name: string]: string | undefined } = options;
  for (const from of ['flag', 'variable'] as const) {
    const [first, second] = [file, variable].filter((name) => origin(name) === from);
    if (first === undefined) continue;
    if (second !== undefined) throw usage(`${label(first)} and ${label(second)} exclude each other`);
    const name = label(first);
    const read = () =>
      first === file
        ? trimLineEnd(readNamed(values[file] as string, name, { maxBytes: maxFileBytes }))
        : Buffer.from(env[values[variable] as string] ?? '', 'utf8');
    return { label: name, origin: from, read: () => refuseEmpty(read(), name, what, first === file) };
  }
  return undefined;
}

function refuseEmpty(secret: Uint8Array, label: string, what: string, isFile: boolean): Uint8Array {
  if (secret.length > 0) return secret;
  if (isFile) throw usage(`the file that ${label} names is empty`);
  throw usage(`the variable that ${label} names is not set`, `${label} takes the name of a variable, not the ${what}`);
}

/**
 * A new secret, typed twice.
 * @throws {JwtkitError} USAGE_INVALID without a terminal to ask at, and for two that differ or are empty.
 */
export async function askTwice(what: string, io: Io): Promise<string> {
  const ask = questioner(io);
  if (ask === undefined) {
    throw usage(`there is no terminal to ask for a ${what} at`, `name one with --${what}-file or --${what}-env`);
  }
  const first = await ask(`new ${what}: `);
  if (first === '') throw usage(`no ${what} was typed`);
  if ((await ask('the same again: ')) !== first) throw usage(`the two ${what}s differ`);
  return first;
}

/** What asks; undefined where nobody can answer: it takes a terminal to type at and one to show the question on. */
export function questioner({ askHidden, stdin, stderr }: Io): Io['askHidden'] {
  return stdin.isTerminal && stderr.isTerminal ? askHidden : undefined;
}
