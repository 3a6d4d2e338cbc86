import type { Command } from 'commander';
import { splitScope } from '../../../token/claims.js';
import { type AccountOptions, accountsFile, addAccountsOption, describeGrants, newList } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, addStoreOption, option, readInvocation, usage } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { changeAccount, noteTokens } from '../../sessions.js';
import type { StoreOptions } from '../../stores.js';

interface SetOptions extends AccountOptions, StoreOptions {
  role?: string[];
  /** False for `--no-roles`. */
  roles: boolean;
  scope?: string[];
  /** False for `--no-scopes`. */
  scopes: boolean;
  endSessions?: boolean;
}

export function registerUsersSet(users: Command, { io }: Context): void {
  const command = users
    .command('set')
    .description('Change what a user may do. A list that you give replaces the whole one; the others stay as they are.')
    .argument('<name>', 'the user')
    .addOption(option('--role <role>', 'role from now on; repeatable').repeatable())
    .addOption(option('--no-roles', 'no role at all'))
    .addOption(option('--scope <scope>', 'scope tokens that may be granted from now on; repeatable').repeatable())
    .addOption(option('--no-scopes', 'no scope at all'))
    .addOption(option('--end-sessions', 'revoke all tokens that the user was issued up to now'));
  addAccountsOption(command, 'users');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit users set bob --role editor --role auditor --scope "read write"',
    'jwtkit users set bob --no-roles --end-sessions',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<SetOptions>(command, io);
    const { options } = invocation;
    const roles = newList('role', options.role, options.roles);
    const scopes = newList('scope', options.scope?.flatMap(splitScope), options.scopes);
    const endsSessions = options.endSessions === true;
    if (roles === undefined && scopes === undefined) {
      const hint = 'name --role or --no-roles, --scope or --no-scopes';
      throw usage(
        'nothing to change is named',
        endsSessions ? `${hint}; jwtkit revoke --sub ends sessions alone` : hint,
      );
    }
    const { changeUser } = await import('../../../store/account-changes.js');
    const { readUsers, userNamed } = await import('../../../store/accounts.js');
    const path = accountsFile(options, 'users');
    // Before a denylist is made for a user that there is not.
    let user = userNamed(readUsers(path), name);
    const change = async () => {
      user = await changeUser(path, name, { roles, scopes });
    };
    const issuedUpTo = await changeAccount(user.sub, { change, endsSessions }, invocation, io);
    const { sub, roles: newRoles, scopes: newScopes, created } = user;
    if (options.json === true) {
      return printJson(io, { name, sub, roles: newRoles, scopes: newScopes, created, issued_up_to: issuedUpTo });
    }
    io.stderr.write(`changed ${escapeText(name)}: ${describeGrants(user)}\n`);
    // What the routes of the server do: they look at the token, and a refresh at the user too.
    const left =
      'its tokens keep their roles and scopes until they expire; a refresh by serve leaves out what was taken away, ' +
      'and what was given needs a new log-in';
    noteTokens(user.sub, issuedUpTo, options, io, left);
  });
}
