/** The password of a user that is to be set: from the file or the variable that an option names, else typed twice. */
import type { Command } from 'commander';
import type { Io } from './io.js';
import { askTwice, namedSecret } from './named-secret.js';
import { type Invocation, option, usage } from './options.js';

/** The options that name a password. */
export interface PasswordOptions {
  passwordFile?: string;
  passwordEnv?: string;
}

/** Adds the options that name a password; on a terminal one is asked for without them. */
export function addPasswordOptions(command: Command): Command {
  return command
    .addOption(option('--password-file <file>', 'password in a file, without the line end at its end'))
    .addOption(option('--password-env <name>', 'password in the variable of this name'));
}

/**
 * The password to set.
 * @throws {JwtkitError} USAGE_INVALID for contradicting options, without a terminal to ask at, for two that differ, for none, and
 * for one that is not text; FILE_NOT_READABLE.
 */
export async function newPassword(invocation: Invocation<PasswordOptions>, io: Io): Promise<string> {
  const named = namedSecret('password', invocation);
  if (named === undefined) return askTwice('password', io);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(named.read());
  } catch (error) {
    throw error instanceof TypeError ? usage(`the password that ${named.label} names is not UTF-8`) : error;
  }
}
