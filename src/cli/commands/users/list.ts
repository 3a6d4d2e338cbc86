import type { Command } from 'commander';
import { formatMoment } from '../../../token/time.js';
import { type AccountOptions, accountsFile, addAccountsOption, printAccounts } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, readInvocation } from '../../options.js';
import { painterFor, printJson } from '../../output.js';

export function registerUsersList(users: Command, { io }: Context): void {
  const command = users.command('list').description('List the users: names, subjects, roles, scopes; no hashes.');
  addAccountsOption(command, 'users');
  addCommonOptions(command);
  addExamples(command, ['jwtkit users list', 'jwtkit users list --json']);
  command.action(async () => {
    const { options, env } = readInvocation<AccountOptions>(command, io);
    const { readUsers } = await import('../../../store/accounts.js');
    const listed = readUsers(accountsFile(options, 'users')).map(({ passwordHash: _, ...user }) => user);
    if (options.json === true) return printJson(io, listed);
    if (listed.length === 0) return void io.stderr.write('there are no users\n');
    const rows = listed.map(({ name, sub, roles, scopes, created }) => {
      return [name, sub, roles.join(', '), scopes.join(' '), formatMoment(created)];
    });
    printAccounts(
      ['NAME', 'SUB', 'ROLES', 'SCOPES', 'CREATED'],
      rows,
      io,
      await painterFor(io.stdout, options.color, env),
    );
  });
}
