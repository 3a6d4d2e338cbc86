/**
 * A secret that an option names: it comes from a file or a variable, else a person types it. It is never part of a
 * command line, and no error repeats it.
 */
import { JwtkitError } from '../../errors.js';
import { saveAsUtf8, textProblem } from '../../jose/text.js';
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

/** Asks for a new secret twice; refuses two that are empty or differ, and a world without a terminal. */
export async function askTwice(what: string, io: Io): Promise<string> {
  const ask = terminalQuestion(io);
  if (ask === undefined) {
    throw usage(`there is no terminal to ask for a ${what} at`, `name one with --${what}-file or --${what}-env`);
  }
  const first = await ask(`new ${what}: `);
  if (first === '') throw usage(`no ${what} was typed`);
  if ((await ask('the same again: ')) !== first) throw usage(`the two ${what}s differ`);
  return first;
}

/** Returns the function that asks a question; undefined unless stdin and stderr are terminals. */
export function terminalQuestion({ askHidden, stdin, stderr }: Io): Io['askHidden'] {
  return stdin.isTerminal && stderr.isTerminal ? askHidden : undefined;
}

export interface ClientSecretOptions {
  secretFile?: string;
  secretEnv?: string;
}

/** Returns the client's secret of a file or a variable, and what names it; undefined if neither is given. */
export function givenClientSecret(
  invocation: SecretOptions<ClientSecretOptions>,
  io: Io,
): { readonly secret: string; readonly label: string } | undefined {
  const named = namedSecret('secret', invocation);
  return named && { secret: Buffer.from(named.read(io)).toString('utf8'), label: named.label };
}

export interface PasswordOptions {
  passwordFile?: string;
  passwordEnv?: string;
}

/** Returns the password of a file or a variable, or asks for one twice. A file that is not UTF-8 is FILE_NOT_READABLE. */
export async function newPassword(invocation: SecretOptions<PasswordOptions>, io: Io): Promise<string> {
  const named = namedSecret('password', invocation);
  return named === undefined ? askTwice('password', io) : readText(named, io);
}

/**
 * Returns the hash of a password, from a file or a variable.
 * @throws {JwtkitError} USAGE_INVALID without either: nobody types a hash.
 */
export function givenPasswordHash(invocation: SecretOptions<PasswordOptions>, io: Io): string {
  const named = namedSecret('password', invocation);
  if (named !== undefined) return readText(named, io).trim();
  throw usage('--password-hash needs --password-file or --password-env', 'the file or the variable holds the hash');
}

function readText(named: NamedSecret, io: Io): string {
  const bytes = named.read(io);
  const problem = textProblem(bytes);
  if (problem === undefined) return Buffer.from(bytes).toString('utf8');
  throw new JwtkitError('FILE_NOT_READABLE', `the file that ${named.label} names ${problem}`, { hint: saveAsUtf8 });
}
