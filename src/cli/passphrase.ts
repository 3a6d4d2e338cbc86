/**
 * The passphrase of a private key: from the file or the variable that an option names, else from whoever sits at the
 * terminal. It is never part of a command line, and of no error.
 */
import { maxPassphraseBytes, type Passphrase } from '../jose/encrypted-key.js';
import type { PassphraseSource } from '../jose/keys.js';
import { readNamed, trimLineEnd } from './input.js';
import type { Io } from './io.js';
import { type Invocation, usage } from './options.js';
import { escapeText } from './output.js';

/** The options that name a passphrase. */
export interface PassphraseOptions {
  passphraseFile?: string;
  passphraseEnv?: string;
}

/** A passphrase that options name: what a message calls it, and the passphrase once it is wanted. */
interface NamedPassphrase {
  readonly label: string;
  readonly origin: 'flag' | 'variable';
  read(): Uint8Array;
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
  const named = namedPassphrase(invocation);
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
  const named = namedPassphrase(invocation);
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
  const named = namedPassphrase(invocation);
  if (named === undefined && !wantsOne) return undefined;
  const passphrase = Buffer.from(named?.read() ?? (await askTwice(io)));
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

function namedPassphrase(invocation: Invocation<PassphraseOptions>): NamedPassphrase | undefined {
  const { options, env, origin, label } = invocation;
  for (const from of ['flag', 'variable'] as const) {
    const [first, second] = (['passphraseFile', 'passphraseEnv'] as const).filter((name) => origin(name) === from);
    if (first === undefined) continue;
    if (second !== undefined) throw usage(`${label(first)} and ${label(second)} exclude each other`);
    const name = label(first);
    const read = () =>
      first === 'passphraseFile'
        ? trimLineEnd(readNamed(options.passphraseFile as string, name, { maxBytes: 65_536 }))
        : Buffer.from(env[options.passphraseEnv as string] ?? '', 'utf8');
    return { label: name, origin: from, read: () => refuseEmpty(read(), name, first) };
  }
  return undefined;
}

function refuseEmpty(passphrase: Uint8Array, label: string, name: keyof PassphraseOptions): Uint8Array {
  if (passphrase.length > 0) return passphrase;
  if (name === 'passphraseFile') throw usage(`the file that ${label} names is empty`);
  throw usage(
    `the variable that ${label} names is not set`,
    `${label} takes the name of a variable, not the passphrase`,
  );
}

/** Asks for the passphrase of a key; undefined where there is nobody to ask, or nothing was typed. */
async function askForKey(io: Io, source: string | undefined): Promise<string | undefined> {
  const typed = await questioner(io)?.(`passphrase of ${escapeText(source ?? 'the private key')}: `);
  return typed === '' ? undefined : typed;
}

async function askTwice(io: Io): Promise<string> {
  const ask = questioner(io);
  if (ask === undefined) {
    throw usage(
      'there is no terminal to ask for a passphrase at',
      'name one with --passphrase-file or --passphrase-env',
    );
  }
  const first = await ask('new passphrase: ');
  if (first === '') throw usage('no passphrase was typed');
  if ((await ask('the same again: ')) !== first) throw usage('the two passphrases differ');
  return first;
}

/** Asking takes a terminal to type at and one to show the question on. */
function questioner({ askHidden, stdin, stderr }: Io): Io['askHidden'] {
  return stdin.isTerminal && stderr.isTerminal ? askHidden : undefined;
}
