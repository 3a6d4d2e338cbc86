/** Which files hold the users and the clients: named by an option or a variable, else beside the keyring. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Io } from './io.js';
import { defaultKeyring, option } from './options.js';
import { alignColumns, escapeText, type Painter } from './output.js';

/** The options by which the files of accounts are named. */
export interface AccountOptions {
  keyring?: string;
  users?: string;
  clients?: string;
}

/** Adds the options that name the keyring and the file of one kind beside it. */
export function addAccountsOption(command: Command, kind: 'users' | 'clients'): Command {
  return command
    .addOption(option('--keyring <dir>', 'keyring directory').from('JWTKIT_KEYRING').default(defaultKeyring))
    .addOption(
      option(`--${kind} <file>`, `file of the ${kind} (default: ${kind}.json in the keyring directory)`).from(
        `JWTKIT_${kind.toUpperCase()}`,
      ),
    );
}

/** The file of one kind. */
export function accountsFile(options: AccountOptions, kind: 'users' | 'clients'): string {
  return options[kind] ?? join(options.keyring ?? defaultKeyring, `${kind}.json`);
}

/** Prints accounts as a table on stdout; cells are escaped. */
export function printAccounts(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  io: Io,
  paint: Painter,
): void {
  const [head = '', ...lines] = alignColumns([columns, ...rows.map((row) => row.map(escapeText))]);
  io.stdout.write(`${[paint.bold(head), ...lines].join('\n')}\n`);
}
