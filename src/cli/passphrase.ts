/** The passphrase of a private key: named by an option, else typed, and only where a key turns out to be encrypted. */
import { maxPassphraseBytes, type Passphrase } from '../jose/encrypted-key.js';
import type { PassphraseSource } from '../jose/keys.js';
import type { Io } from './io.js';
import { askTwice, namedSecret, questioner } from './named-secret.js';
import { type Invocation, usage } from './options.js';
import { escapeText } from './output.js';

/** The options that name a passphrase. */
export interface PassphraseOptions {
  passphraseFile?: string;
  passphraseEnv?: string;
}

/**
 * Loads a key that may be encrypted; `load` is given what gets the passphrase, to be called if it is. Says on stderr where a
 * passphrase was named for a key that has none: its owner may think it protected.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options or an empty passphrase; FILE_NOT_READABLE; what `load` throws.
 */
export async function withPassphrase<T>(
  invocation: Invocation<PassphraseOptions>,
  io: Io,
  load: (passphrase: PassphraseSource) => T | Promise<T>,
): Promise<T> {
  const named = namedSecret('passphrase', invocation);
  let isUsed = false;
  const loaded = await load(async (source) => {
    isUsed = true;
    return named === undefined ? askForKey(io, source) : named.read();
  });
  if (named !== undefined && !isUsed)
    io.stderr.write(`note: the key is not encrypted, ${named.label} was not needed\n`);
  return loaded;
}

/**
 * Refuses a passphrase where nothing can be encrypted: one that a flag names, or `any`. A variable may be meant for other
 * commands, but a private key must not be written in the clear by whoever has set it.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refusePassphrase(
  invocation: Invocation<PassphraseOptions>,
  what: string,
  from: 'flag' | 'any' = 'flag',
): void {
  const named = namedSecret('passphrase', invocation);
  if (named?.origin === 'flag' || (named !== undefined && from === 'any'))
    throw usage(`${named.label} is for a private key, ${what} is not encrypted`);
}

/**
 * The passphrase to make a private key with: the one that options name, else with `wantsOne` one typed twice; undefined
 * where nobody wants one. Only such as other programs can be given: openssl reads one line of at most 1023 bytes.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options, without a terminal to ask at, for two that differ and for
 * an unsuitable one; FILE_NOT_READABLE.
 */
export async function newPassphrase(
  invocation: Invocation<PassphraseOptions>,
  io: Io,
  wantsOne = false,
): Promise<Passphrase | undefined> {
  const named = namedSecret('passphrase', invocation);
  if (named === undefined && !wantsOne) return undefined;
  const passphrase = Buffer.from(named?.read() ?? (await askTwice('passphrase', io)));
  if (passphrase.length > maxPassphraseBytes) {
    throw usage(`a passphrase has at most ${maxPassphraseBytes} bytes, this one has ${passphrase.length}`);
  }
  if (passphrase.some((byte) => byte === 0 || byte === 0x0a || byte === 0x0d)) {
    throw usage('the passphrase holds a line end or a NUL', 'openssl could not be given it; use one line of text');
  }
  return passphrase;
}

/** Says on stderr that a key is in the clear beside guarded ones: whoever guarded those may think that it is guarded too. */
export function noteUnguarded(guarded: string, io: Io): void {
  io.stderr.write(`note: the new key is not encrypted, ${guarded}; --encrypt or --passphrase-file encrypts\n`);
}

/** Asks for the passphrase of a key; undefined where there is nobody to ask, or nothing was typed. */
async function askForKey(io: Io, source: string | undefined): Promise<string | undefined> {
  const typed = await questioner(io)?.(`passphrase of ${escapeText(source ?? 'the private key')}: `);
  return typed === '' ? undefined : typed;
}
