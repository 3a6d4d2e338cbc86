/** The files of users and clients. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import { option } from './option.js';
import { keyringOption } from './shared-options.js';
import { keyringFolder } from './unnamed-places.js';

export interface AccountOptions {
  keyring?: string;
  users?: string;
  clients?: string;
}

/** Adds the options that name the keyring and the file of one kind of account. */
export function addAccountsOption(command: Command, kind: 'users' | 'clients'): Command {
  const file = option(`--${kind} <file>`, `file of the ${kind} (default: ${kind}.json in the keyring)`);
  return command.addOption(keyringOption()).addOption(file.from(`JWTKIT_${kind.toUpperCase()}`));
}

/** Returns the file of one kind of account: the one that an option names, else the one in the keyring directory. */
export function accountsFile(invocation: Invocation<AccountOptions>, kind: 'users' | 'clients', io: Io): string {
  return invocation.options[kind] ?? join(keyringFolder(invocation, io), `${kind}.json`);
}
