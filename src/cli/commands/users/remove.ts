import type { Command } from 'commander';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, addStoreOption, option, readInvocation } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { changeAccount, noteTokens } from '../../sessions.js';
import type { StoreOptions } from '../../stores.js';

interface RemoveOptions extends AccountOptions, StoreOptions {
  keepTokens?: boolean;
}

export function registerUsersRemove(users: Command, { io }: Context): void {
  const command = users
    .command('remove')
    .description('Remove a user, and revoke all tokens that the user was issued.')
    .argument('<name>', 'the user')
    .addOption(option('--keep-tokens', 'revoke nothing: what the user was issued is good until it expires'));
  addAccountsOption(command, 'users');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, ['jwtkit users remove bob']);
  command.action(async (name: string) => {
    const invocation = readInvocation<RemoveOptions>(command, io);
    const { options } = invocation;
    const { removeUser } = await import('../../../store/account-changes.js');
    const { readUsers, userNamed } = await import('../../../store/accounts.js');
    const path = accountsFile(options, 'users');
    // Before a denylist is made for a user that there is not.
    const { sub } = userNamed(readUsers(path), name);
    const change = () => removeUser(path, name);
    const issuedUpTo = await changeAccount(sub, { change, endsSessions: options.keepTokens !== true }, invocation, io);
    if (options.json === true) return printJson(io, { name, sub, issued_up_to: issuedUpTo });
    io.stderr.write(`removed ${escapeText(name)}\n`);
    noteTokens(sub, issuedUpTo, options, io);
  });
}
