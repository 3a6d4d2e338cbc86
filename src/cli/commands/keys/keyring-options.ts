/** What the subcommands of `keys` share. */
import type { Command } from 'commander';
import type { Io } from '../../io.js';
import { addCommonOptions, defaultKeyring, option } from '../../options.js';
import { escapeText } from '../../output.js';

/** The option by which the keyring is named. */
export interface KeyringOption {
  keyring: string;
}

/** Adds the keyring's option and those that every command has. */
export function addKeyringOptions(command: Command): Command {
  command.addOption(option('--keyring <dir>', 'keyring directory').from('JWTKIT_KEYRING').default(defaultKeyring));
  return addCommonOptions(command);
}

/** Says on stderr which key signs now. */
export function noteSigner(kid: string | null, io: Io): void {
  if (kid !== null) io.stderr.write(`${escapeText(kid)} signs now\n`);
  else io.stderr.write('note: no key signs now; make one with: jwtkit keys rotate\n');
}
