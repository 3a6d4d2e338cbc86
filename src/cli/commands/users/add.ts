import type { Command } from 'commander';
import { splitScope } from '../../../token/claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, option, readInvocation } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { addPasswordOptions, newPassword, type PasswordOptions } from '../../password.js';

interface AddOptions extends AccountOptions, PasswordOptions {
  sub: string;
  role?: string[];
  scope?: string[];
}

export function registerUsersAdd(users: Command, { io }: Context): void {
  const command = users
    .command('add')
    .description('Add a user. The password comes from a file, a variable or, on a terminal, a hidden prompt.')
    .argument('<name>', 'what the user logs in with, compared exactly')
    .addOption(option('--sub <id>', "subject of the user's tokens").makeOptionMandatory())
    .addOption(option('--role <role>', 'role; repeatable').repeatable())
    .addOption(option('--scope <scope>', 'scope tokens that may be granted; repeatable').repeatable());
  addPasswordOptions(command);
  addAccountsOption(command, 'users');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit users add alice --sub user-123 --role admin --scope "read write" --password-env ALICE_PASSWORD',
    'jwtkit users add carol@example.com --sub user-125 --password-file password.txt',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<AddOptions>(command, io);
    const { options } = invocation;
    const { addUser } = await import('../../../store/account-changes.js');
    const user = {
      name,
      sub: options.sub,
      roles: options.role,
      scopes: options.scope?.flatMap(splitScope),
      password: () => newPassword(invocation, io),
    };
    const { sub, roles, scopes, created } = await addUser(accountsFile(options, 'users'), user, {
      now: io.now(),
    });
    if (options.json === true) return printJson(io, { name, sub, roles, scopes, created });
    io.stderr.write(`added ${escapeText(name)}, whose tokens are for ${escapeText(sub)}\n`);
  });
}
