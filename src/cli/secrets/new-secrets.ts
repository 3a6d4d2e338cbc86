/** Secrets that are kept from now on: passphrases of new keys, passwords, secrets of clients. An option names one, or a person types it. */
import { JwtkitError } from '../../errors.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import { maxPassphraseBytes } from '../../jose/key.js';
import { saveAsUtf8, textProblem } from '../../jose/text.js';
import { isReference, unresolvedHint, unresolvedProblem } from '../../jose/unresolved.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import { type NamedSecret, namedSecret, type SecretOptions, terminalQuestion } from './named-secret.js';
import type { PassphraseOptions } from './passphrase.js';

/**
 * Returns the passphrase for a new private key: the one that an option names, else with `wantsOne` one typed twice, else
 * undefined.
 * @throws {JwtkitError} USAGE_INVALID also for the name of a passphrase; as {@link passphraseToKeep}.
 */
export async function newPassphrase(
  invocation: SecretOptions<PassphraseOptions>,
  io: Io,
  wantsOne = false,
): Promise<Passphrase | undefined> {
  const passphrase = await passphraseToKeep(invocation, io, wantsOne);
  if (passphrase !== undefined) refuseReference(passphrase, namedSecret('passphrase', invocation)?.label);
  return passphrase;
}

/** Refuses a passphrase that is only the name of one. It opens what was encrypted with it, and encrypts nothing more. */
export function refuseReference(passphrase: Passphrase, label: string | undefined): void {
  if (!isReference(passphrase)) return;
  throw usage(`${label === undefined ? '' : `${label}: `}the passphrase ${unresolvedProblem}`, unresolvedHint);
}

/**
 * Returns the passphrase that opens a key and encrypts what is written: named, or with `wantsOne` typed twice. Other programs must be
 * able to read it: openssl reads one line of at most 1023 bytes.
 * @throws {JwtkitError} USAGE_INVALID for one that cannot be used; FILE_NOT_READABLE; as {@link askTwice}.
 */
export async function passphraseToKeep(
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

/** Asks for a new secret twice; refuses two that are empty or differ, and a world without a terminal. */
async function askTwice(what: string, io: Io): Promise<string> {
  const ask = terminalQuestion(io);
  if (ask === undefined) {
    throw usage(`there is no terminal to ask for a ${what} at`, `name one with --${what}-file or --${what}-env`);
  }
  const first = await ask(`new ${what}: `);
  if (first === '') throw usage(`no ${what} was typed`);
  if ((await ask('the same again: ')) !== first) throw usage(`the two ${what}s differ`);
  return first;
}
