import type { Command } from 'commander';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, addStoreOption, option, readInvocation } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { addPasswordOptions, newPassword, type PasswordOptions } from '../../password.js';
import { changeAccount, noteTokens } from '../../sessions.js';
import type { StoreOptions } from '../../stores.js';

interface PasswdOptions extends AccountOptions, PasswordOptions, StoreOptions {
  endSessions?: boolean;
}

export function registerUsersPasswd(users: Command, { io }: Context): void {
  const command = users
    .command('passwd')
    .description('Give a user another password. Sessions that began with the old one go on unless you end them.')
    .argument('<name>', 'the user')
    .addOption(option('--end-sessions', 'revoke all tokens that the user was issued up to now'));
  addPasswordOptions(command);
  addAccountsOption(command, 'users');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit users passwd bob --password-file password.txt',
    'jwtkit users passwd bob --password-env BOB_PASSWORD --end-sessions',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<PasswdOptions>(command, io);
    const { options } = invocation;
    const { changePassword } = await import('../../../store/account-changes.js');
    const { readUsers, userNamed } = await import('../../../store/accounts.js');
    const path = accountsFile(options, 'users');
    const { sub } = userNamed(readUsers(path), name);
    // Before a denylist is opened: nobody knows how long a person types.
    const password = await newPassword(invocation, io);
    const change = () => changePassword(path, name, password);
    const issuedUpTo = await changeAccount(sub, { change, endsSessions: options.endSessions === true }, invocation, io);
    if (options.json === true) return printJson(io, { name, sub, issued_up_to: issuedUpTo });
    io.stderr.write(`changed the password of ${escapeText(name)}\n`);
    noteTokens(sub, issuedUpTo, options, io);
  });
}
