/** The passphrase of a private key. An option names it; a terminal asks for it only if a key turns out to be encrypted. */
import { maxPassphraseBytes, type Passphrase } from '../../jose/encrypted-key.js';
import { escapeText } from '../../shown-text.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import { askTwice, namedSecret, type SecretOptions, terminalQuestion } from './named-secret.js';

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
  let isUsed = false;
  const loaded = await load(async (source) => {
    isUsed = true;
    return named === undefined ? askForKey(io, source) : named.read(io);
  });
  if (named !== undefined && !isUsed) io.note(`the key is not encrypted, ${named.label} was not needed`);
  return loaded;
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

/**
 * Returns the passphrase for a new private key: the one that an option names, else with `wantsOne` one typed twice, else
 * undefined. Other programs must be able to read it: openssl reads one line of at most 1023 bytes.
 * @throws {JwtkitError} USAGE_INVALID for one that cannot be used; FILE_NOT_READABLE; as {@link askTwice}.
 */
export async function newPassphrase(
  invocation: SecretOptions<PassphraseOptions>,
  io: Io,
  wantsOne = false,
): Promise<Passphrase | undefined> {
  const named = namedSecret('passphrase', invocation);
  if (named === undefined && !wantsOne) return undefined;
  const passphrase = Buffer.from(named?.read(io) ?? (await askTwice('passphrase', io)));
  if (passphrase.length > maxPassphraseBytes) {
    throw usage(`a passphrase has at most ${maxPassphraseBytes} bytes, this one has ${passphrase.length}`);
  }
  if (passphrase.some((byte) => byte === 0 || byte === 0x0a || byte === 0x0d)) {
    throw usage('the passphrase holds a line end or a NUL', 'openssl could not be given it; use one line of text');
  }
  return passphrase;
}

/** Notes that a new key is not encrypted while others are: their owner may believe that it is too. */
export function noteUnguarded(guarded: string, io: Io): void {
  io.note(`the new key is not encrypted, ${guarded}; --encrypt or --passphrase-file encrypts it`);
}

/** Asks for the passphrase of a key; undefined without a terminal, or if nothing was typed. */
async function askForKey(io: Io, source: string | undefined): Promise<string | undefined> {
  const typed = await terminalQuestion(io)?.(`passphrase of ${escapeText(source ?? 'the private key')}: `);
  return typed === '' ? undefined : typed;
}
