/** Reads a variable. Refuses a variable that is set but empty, so that no demand is lost in silence. */
import { JwtkitError } from '../../errors.js';
import type { Environment } from './io.js';

/** Whether a text is empty, white space, or separators of a list without a member. */
export function isBlank(text: string): boolean {
  return text.replace(/[,;]/g, '').trim() === '';
}

/** The variables of an env file, and the line that sets each of them. */
export interface FileVariables {
  readonly variables: Environment;
  readonly lines: ReadonlyMap<string, number>;
  /** Makes the error for each variable of whose value a part may be lost. */
  readonly damages: ReadonlyMap<string, () => JwtkitError>;
}

/** Returns a variable by the name that somebody gave. An object also inherits members, such as `constructor`. */
export function findVariable(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** The line of the env file that sets each variable, as the beginning of a message. */
const places = new WeakMap<Environment, ReadonlyMap<string, string>>();
/** Variables of env files that other programs may read differently. */
const damaged = new WeakMap<Environment, FileVariables['damages']>();

/** Adds the variables of an env file, which win; messages then name the file's lines. */
export function withEnvFile(env: Environment, path: string, file: FileVariables): Environment {
  const { variables, lines, damages } = file;
  const merged = { ...env, ...variables };
  const earlier = [...(damaged.get(env) ?? [])].filter(([name]) => !lines.has(name));
  damaged.set(merged, new Map([...earlier, ...damages]));
  const found = [...lines].map(([name, line]) => [name, `${path}: line ${line}: `] as const);
  places.set(merged, new Map([...(places.get(env) ?? []), ...found]));
  return merged;
}

/** Returns the line of the env file that sets a variable, such as `.env: line 3: `; empty for a variable of the process. */
export function envFileLine(env: Environment, name: string): string {
  return places.get(env)?.get(name) ?? '';
}

/**
 * Refuses a variable that an option names, if its line in an env file may say more than was read: a secret without its end is another
 * secret.
 * @throws {JwtkitError} FILE_NOT_READABLE.
 */
export function refuseDamaged(env: Environment, name: string): void {
  const makeError = damaged.get(env)?.get(name);
  if (makeError !== undefined) throw makeError();
}

export function emptyVariable(env: Environment, name: string, problem = 'is set but empty'): JwtkitError {
  const place = envFileLine(env, name);
  return new JwtkitError('USAGE_INVALID', `${place}the variable ${name} ${problem}`, {
    hint: place === '' ? 'unset it, or give it a value' : 'remove the line, or give it a value',
  });
}

/** Returns the text of a variable; undefined if it is not set. One that is set but empty is USAGE_INVALID. */
export function readVariable(env: Environment, name: string): string | undefined {
  const text = env[name];
  if (text === undefined || !isBlank(text)) return text;
  throw emptyVariable(env, name, text.trim() === '' ? undefined : 'is set but holds only separators');
}
