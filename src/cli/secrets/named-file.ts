/** Files and variables that an option names, and that may hold a secret: no error repeats what they hold. */
import { existsSync } from 'node:fs';
import { hasErrorCode, JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { reasonOf } from '../../files/system-error.js';
import { encodingOf, hasMark, saveAsUtf8, textProblem, withoutLineEnd, withoutMark } from '../../jose/text.js';
import { usage } from '../terminal/errors.js';
import type { Environment, Io } from '../terminal/io.js';
import { isStdin, takeStdin } from '../terminal/stdin.js';
import { emptyVariable, findVariable, refuseDamaged } from '../terminal/variables.js';
import { withWaysOut } from './wrong-file.js';

/** How {@link readNamed} reads. */
export interface NamedFileOptions {
  maxBytes: number;
  /** Whether errors repeat the path, if it looks like one. */
  showsPath?: boolean;
  /** Lets the path `-`, and what else names it, be standard input. */
  io?: Io;
  /** The hint for a text that is not the name of a file. */
  hint?: string;
}

/**
 * Reads a file that an option names. Somebody may have passed a key, a secret or a passphrase instead of a file's name, so an
 * error does not repeat the name; with `showsPath` it does if {@link looksLikeFileName}.
 * @throws {JwtkitError} FILE_NOT_READABLE; USAGE_INVALID for standard input that is empty, too long or read already.
 */
export function readNamed(path: string, flag: string, options: NamedFileOptions): Buffer {
  if (isStdin(path) && options.io !== undefined) return readNamedStdin(`${flag} ${path}`, options.maxBytes, options.io);
  try {
    return readFileBounded(path, options.maxBytes);
  } catch (error) {
    const isRepeatable = options.showsPath === true && looksLikeFileName(path);
    if (!(error instanceof JwtkitError)) throw error;
    const way = pathHint(path);
    if (isRepeatable && way === undefined) throw error;
    if (isRepeatable) throw new JwtkitError(error.code, error.message, { hint: way, cause: error });
    // A file that may not be read, or a folder, is there: nobody gave a secret instead of a name.
    const isThere = hasErrorCode(error.cause, 'EACCES', 'EPERM', 'EISDIR');
    const notName = isThere ? undefined : (options.hint ?? `${flag} takes the name of a file, not what is in it`);
    const reason = error.cause === undefined ? `it is larger than ${options.maxBytes} bytes` : reasonOf(error.cause);
    throw new JwtkitError(error.code, `cannot read the file that ${flag} names: ${reason}`, {
      hint: way ?? notName,
    });
  }
}

/** The way out for the name of a file that is not there, if a shell or a tool would read it otherwise. Does not repeat the name. */
export function pathHint(path: string): string | undefined {
  if (looksLikeKey(path)) return undefined;
  if (/^~[\w.-]{0,40}[/\\]/.test(path))
    return 'a shell replaces ~ only without quotes and at the start of a word: write $HOME';
  if (/^(?:\$\w|\$\{\w|%\w+%)/.test(path))
    return 'nothing replaced the variable in the name: single quotes keep it as it is';
  if (path.startsWith('@') && existsSync(path.slice(1))) return 'leave out the @ before the name of the file';
  if (/^file:/i.test(path)) return 'give the path of the file, without file:';
  const names = path.split(',');
  const areFiles = names.length > 1 && names.every((name) => existsSync(name.trim()));
  return areFiles ? 'these are several files: give one at a time' : undefined;
}

/** Reads the key file that an argument names, or standard input for `-`. Somebody may have given the key itself. */
export function readKeyArgument(path: string, io: Io, maxBytes: number): Uint8Array {
  const ways = {
    keyring: (folder: string) => `name a file in it, such as its set of keys: ${folder}/jwks.json`,
    kid: 'name a file; a key of the keyring comes from a pipe: jwtkit keys export KID, and - for the file',
  };
  return withWaysOut(path, ways, () => {
    return readNamed(path, path === '-' ? 'the file' : '<file>', { maxBytes, showsPath: true, io });
  });
}

function readNamedStdin(reader: string, maxBytes: number, io: Io): Buffer {
  const bytes = Buffer.from(takeStdin(io, reader).read(maxBytes));
  if (bytes.length === 0) throw usage(`standard input is empty, and ${reader} reads it`);
  if (bytes.length > maxBytes) throw usage(`standard input is larger than ${maxBytes} bytes`);
  return bytes;
}

/** Whether a text that should be the name of a file or a variable may be a key: PEM, JSON, the base64 of DER or of these. */
export function looksLikeKey(text: string): boolean {
  if (/[\r\n{]|\\n|-----/.test(text) || text.length >= 256) return true;
  return /^['"]?(?:M[A-I]|LS0t|ey)[\w+/=-]{38,}['"]?$/.test(text.trim());
}

/** A word of one or two kinds of characters, as `key2` and `id_rsa` are. */
const shortWord = /^(?:[a-z_-]{1,12}|[A-Z_-]{1,12}|[a-z]{1,11}\d|[A-Z]{1,11}\d|[A-Z][a-z]{1,11})$/;

/** Standard base64, whose slashes make no path, and a path of folders that a text in base64 almost never is. */
const base64 = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z\d+/]{16,}={0,2}$/;
const deepPath = /^\/(?:[^/]+\/){2}/;

/**
 * Whether a text is the name of a file or a folder rather than a secret: it has a slash, a backslash or an ending, or is a short
 * word. A passphrase, and random bytes in hex or base64, are none of these.
 */
export function looksLikeFileName(text: string): boolean {
  if (looksLikeKey(text) || (base64.test(text) && !deepPath.test(text))) return false;
  return /[/\\]|.\.[A-Za-z]\w{0,9}$|^\.[\w-]{1,12}$/.test(text) || shortWord.test(text);
}

/** Whether bytes are random: they are not UTF-8, and they have control characters, which a text has in no encoding. */
function areRandom(bytes: Uint8Array): boolean {
  const isControl = (byte: number) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d;
  return bytes.some(isControl) && textProblem(bytes) !== undefined;
}

/** Whether all lines that are not comments are assignments, at least two of them: an env file, given as a secret. */
function looksLikeEnvFile(bytes: Uint8Array): boolean {
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split(/[\r\n]+/);
  const settings = lines.filter((line) => !/^\s*(?:#|$)/.test(line));
  return settings.length > 1 && settings.every((line) => /^\s*(?:export\s+)?[A-Za-z_]\w*\s*=(?!=)/.test(line));
}

interface SecretFileOptions {
  readonly maxBytes: number;
  readonly note: (text: string) => void;
  readonly io?: Io;
  /** Whether the secret may be random bytes. They stay as they are: one in 256 ends with the byte of a line end. */
  readonly mayBeRandom?: boolean;
}

/**
 * Reads a file with a secret, a passphrase or a password. One line end at its end is left out, and so is the byte order mark of
 * UTF-8 text: `note` says so, since other programs may include the mark. `note` also says that the file looks like an env file.
 * @throws {JwtkitError} FILE_NOT_READABLE, also for UTF-16 and UTF-32.
 */
export function readSecretFile(
  path: string,
  flag: string,
  { maxBytes, note, io, mayBeRandom = false }: SecretFileOptions,
): Uint8Array {
  const bytes = readNamed(path, flag, { maxBytes, ...(io && { io }) });
  const encoding = encodingOf(bytes);
  if (encoding !== undefined) {
    throw new JwtkitError('FILE_NOT_READABLE', `the file that ${flag} names is ${encoding}, not UTF-8`, {
      hint: `${saveAsUtf8}; if it holds random bytes, make another secret`,
    });
  }
  if (looksLikeEnvFile(withoutMark(bytes)))
    note(`the file of ${flag} looks like an env file, and all of it is the secret; -e FILE reads its variables`);
  if (mayBeRandom && areRandom(bytes)) return bytes;
  if (!hasMark(bytes) || textProblem(bytes) !== undefined) return withoutLineEnd(bytes);
  note(`the byte order mark that begins the file of ${flag} is left out; other programs may include it`);
  return withoutLineEnd(withoutMark(bytes));
}

/** The name of a variable: words in capitals, or one short word. The base64 of a key, and a token, have other characters. */
const variableName = /^(?:[A-Z]{1,24}\d?(?:_[A-Z\d]{1,24}){0,5}|[A-Za-z]{1,11}\d?|[a-z]{1,12}(?:_[a-z]{1,12}){1,3})$/;

/** Names a variable that is not there, unless its name may be the key or the token itself. */
export function showVariable(name: string, label: string): string {
  return variableName.test(name) ? `the variable ${name}, which ${label} names,` : `the variable that ${label} names`;
}

/** Whether a text that should be the name of a file may be a token, whole or cut. */
export function looksLikeToken(text: string): boolean {
  return looksLikeKey(text) || /ey[\w-]{10,}\.|[\w+-]{33,}/.test(text);
}

/** The way out for a variable that is not there. */
export function variableHint(name: string, label: string, what: 'key' | 'secret' | 'token'): string {
  return /^(?:\$(?:env:)?\w{1,64}|\$\{\w{1,64}\}|%\w{1,64}%)$/i.test(name)
    ? `${label} takes the name alone, without $, braces or percent signs`
    : `${label} takes the name of a variable, not the ${what}`;
}

/**
 * Returns the secret in a variable that an option names. Only the name of an existing variable appears in errors: somebody may
 * have passed the secret instead of a name. With `what`, such as a token, a short name appears too.
 * @throws {JwtkitError} USAGE_INVALID for a variable that is not set or empty; as {@link refuseDamaged}.
 */
export function readSecretVariable(env: Environment, name: string, label: string, what?: 'token'): string {
  const secret = findVariable(env, name);
  if (secret === undefined) {
    const shown = what === undefined ? `the variable that ${label} names` : showVariable(name, label);
    throw usage(`${shown} is not set`, variableHint(name, label, what ?? 'secret'));
  }
  refuseDamaged(env, name);
  if (secret.trim() !== '') return secret;
  throw emptyVariable(env, name);
}
