/** The passphrase of a private key. An option names it; a terminal asks for it only if a key turns out to be encrypted. */
import { JwtkitError } from '../../errors.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import { escapeText } from '../../shown-text.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import { namedSecret, type SecretOptions, terminalQuestion } from './named-secret.js';

export interface PassphraseOptions {
  passphraseFile?: string;
  passphraseEnv?: string;
}

/** Returns the passphrase of the key that a source holds. */
export type AskPassphrase = (source: string | undefined) => Promise<Passphrase | undefined>;

/**
 * Loads a key that may be encrypted; `load` asks for the passphrase if it is. A note says if a named passphrase was not needed:
 * the key's owner may believe that the key is protected.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options or an empty passphrase; FILE_NOT_READABLE; what `load` throws.
 */
export async function withPassphrase<T>(
  invocation: SecretOptions<PassphraseOptions>,
  io: Io,
  load: (ask: AskPassphrase) => T | Promise<T>,
): Promise<T> {
  const named = namedSecret('passphrase', invocation);
  let passphrase: Passphrase | undefined;
  let isUsed = false;
  const ask: AskPassphrase = async (source) => {
    isUsed = true;
    passphrase = await (named === undefined ? askForKey(io, source) : named.read(io));
    return passphrase;
  };
  try {
    const loaded = await load(ask);
    if (named !== undefined && !isUsed) io.note(`the key is not encrypted, ${named.label} was not needed`);
    return loaded;
  } catch (error) {
    throw withSpaceHint(error, named?.label, passphrase);
  }
}

/** Files of a vault and variables often end with a line end that is no part of the passphrase. */
function withSpaceHint(error: unknown, label: string | undefined, passphrase: Passphrase = ''): unknown {
  const isWrong = error instanceof JwtkitError && error.code === 'PASSPHRASE_WRONG' && label !== undefined;
  const text = Buffer.from(passphrase).toString('latin1');
  if (!isWrong || !/^\s|\s$/.test(text)) return error;
  const hint = `what ${label} names begins or ends with white space, such as a line end: remove it`;
  return new JwtkitError(error.code, error.message, { hint, cause: error });
}

/**
 * Refuses the passphrase of a flag, or `any`, for something that is not encrypted. A variable may be meant for other commands;
 * but if a private key would be written unencrypted, a variable is refused too.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refusePassphrase(
  invocation: SecretOptions<PassphraseOptions>,
  what: string,
  from: 'flag' | 'any' = 'flag',
): void {
  const named = namedSecret('passphrase', invocation);
  if (named?.origin === 'flag' || (named !== undefined && from === 'any'))
    throw usage(`${named.label} is for a private key, ${what} is not encrypted`);
}

/** Asks for the passphrase of a key; undefined without a terminal, or if nothing was typed. */
async function askForKey(io: Io, source: string | undefined): Promise<string | undefined> {
  const typed = await terminalQuestion(io)?.(`passphrase of ${escapeText(source ?? 'the private key')}: `);
  return typed === '' ? undefined : typed;
}
