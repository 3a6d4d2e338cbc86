/** Which files hold the users and the clients, by option or variable, else beside the keyring; what is said of them. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Io } from './io.js';
import { defaultKeyring, option, usage } from './options.js';
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

/**
 * The list that takes the place of one that an account has: what `--role` or `--scope` names, nothing with `--no-roles` or
 * `--no-scopes`. Undefined where it stays as it is.
 * @param keeps what commander makes of the second: false where it was given.
 */
export function newList(
  what: 'role' | 'scope',
  named: readonly string[] | undefined,
  keeps: boolean,
): readonly string[] | undefined {
  if (keeps) return named;
  if (named !== undefined) throw usage(`--${what} and --no-${what}s exclude each other`);
  return [];
}

/** What an account may do, as a part of a sentence; escaped. */
export function describeGrants({
  roles,
  scopes,
}: {
  readonly roles?: readonly string[];
  readonly scopes: readonly string[];
}): string {
  const parts = roles === undefined ? [] : [roles.length === 0 ? 'no roles' : `roles ${roles.join(', ')}`];
  return escapeText([...parts, scopes.length === 0 ? 'no scopes' : `scopes ${scopes.join(' ')}`].join('; '));
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
