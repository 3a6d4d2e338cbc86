/** `jwtkit users`: who logs in with a name and a password. One file a subcommand. */
import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { registerUsersAdd } from './add.js';
import { registerUsersList } from './list.js';
import { registerUsersPasswd } from './passwd.js';
import { registerUsersRemove } from './remove.js';
import { registerUsersSet } from './set.js';

export function registerUsers(program: Command, context: Context): void {
  const users = program
    .command('users')
    .description('Look after the users of a server: who they are, what they may do, their passwords.')
    .helpCommand('help [command]', 'show help of a command');
  registerUsersAdd(users, context);
  registerUsersSet(users, context);
  registerUsersPasswd(users, context);
  registerUsersList(users, context);
  registerUsersRemove(users, context);
}
