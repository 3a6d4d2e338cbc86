/** The keys that an option names: in a file, in a variable, or on standard input. No error repeats what they hold. */
import { existsSync } from 'node:fs';
import { JwtkitError } from '../../../errors.js';
import { maxKeyBytes } from '../../../jose/key.js';
import { isUrl } from '../../../policy/place.js';
import {
  looksLikeFileName,
  looksLikeKey,
  pathHint,
  readNamed,
  showVariable,
  variableHint,
} from '../../secrets/named-file.js';
import { withWaysOut } from '../../secrets/wrong-file.js';
import { usage } from '../../terminal/errors.js';
import type { Environment, Io } from '../../terminal/io.js';
import { inputName } from '../../terminal/stdin.js';
import { emptyVariable, findVariable, refuseDamaged } from '../../terminal/variables.js';
import type { LocalSource } from './source.js';

/** Keys as somebody wrote them, and their name in messages. */
export interface KeyText {
  readonly content: string | Uint8Array;
  readonly source: string;
}

/** Reads the keys of `--key` and `--key-env`. */
export function readKeyTexts(
  source: Extract<LocalSource, { kind: 'key' | 'key-env' }>,
  env: Environment,
  io: Io,
): [KeyText, ...KeyText[]] {
  const { label } = source;
  const texts =
    source.kind === 'key'
      ? source.paths.map((path) => readKeyFile(path, label, io))
      : source.names.map((name) => readKeyVariable(name, label, env));
  return texts as [KeyText, ...KeyText[]];
}

function readKeyFile(path: string, label: string, io: Io): KeyText {
  if (isUrl(path)) {
    if (/^file:/i.test(path)) {
      throw usage(`${label} is the path of a file, not a URL`, 'leave out file:// before the path');
    }
    const further = label === 'JWTKIT_KEY' ? ' or JWTKIT_JWKS; JWTKIT_KEY_ENV names a variable that holds a key' : '';
    throw usage(
      `${label} is the path of a file, not a URL`,
      `keys at a URL verify, and are named with --jwks${further}`,
    );
  }
  try {
    const ways = {
      keyring: (folder: string) => `it is a keyring: --keyring ${folder}`,
      kid: `${label} takes the name of a file; a key of the keyring signs with --kid`,
    };
    const content = withWaysOut(path, ways, () => {
      return readNamed(path, label, { maxBytes: maxKeyBytes, showsPath: true, io });
    });
    return { content, source: inputName(path) };
  } catch (error) {
    const isOwn = error instanceof JwtkitError && error.code === 'FILE_NOT_READABLE' && pathHint(path) === undefined;
    const isName = isOwn && (looksLikeFileName(path) || error.hint === undefined);
    if (!isOwn || (label !== 'JWTKIT_KEY' && isName)) throw error;
    const way =
      label === 'JWTKIT_KEY'
        ? 'JWTKIT_KEY is the path of a file; JWTKIT_KEY_ENV names a variable that holds the key itself'
        : `${label} takes the name of a file, not what is in it; --key-env names a variable that holds the key`;
    throw new JwtkitError(error.code, error.message, { hint: way, cause: error });
  }
}

function readKeyVariable(name: string, label: string, env: Environment): KeyText {
  const text = findVariable(env, name);
  if (text === undefined) {
    throw usage(`${showVariable(name, label)} is not set`, variableHint(name, label, 'key'));
  }
  refuseDamaged(env, name);
  if (text.trim() === '') throw emptyVariable(env, name);
  if (/^https?:/i.test(text.trim())) {
    throw usage(`the variable ${name} holds a URL, not a key`, 'keys at a URL verify, and are named with --jwks');
  }
  if (text.length < 256 && !looksLikeKey(text) && existsSync(text.trim())) {
    throw usage(`the variable ${name} holds the name of a file, not a key`, `name the file: --key "$${name}"`);
  }
  return { content: text, source: name };
}
