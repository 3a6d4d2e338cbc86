/** `jwtkit users`: people who log in with a name and a password. */
import type { Command } from 'commander';
import { splitScope } from '../../token/claims.js';
import { accountClaimOption, readAccountClaims } from '../grammar/account-claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../grammar/accounts.js';
import type { StoreOptions } from '../grammar/denylist.js';
import { readInvocation } from '../grammar/invocation.js';
import { noteCommas } from '../grammar/issued-claims.js';
import { type Flags, type Lists, option } from '../grammar/option.js';
import {
  addCommonOptions,
  addPasswordOptions,
  addStoreOption,
  grantedScopesOption,
  passwordHashOption,
} from '../grammar/shared-options.js';
import { givenPasswordHash, newPassword, type PasswordOptions } from '../secrets/new-secrets.js';
import type { Context } from '../terminal/io.js';
import { afterChange, printJson } from '../terminal/output.js';
import { registerList, registerRemove, registerSet } from './accounts/commands.js';
import { registerImport } from './accounts/import.js';
import { fromUser, users as kind, refuseSubjectTwice, toReport } from './accounts/kind.js';
import { addEndSessionsOption, changeAccount, noteTokens, tokensOf } from './accounts/sessions.js';

export function registerUsers(program: Command, context: Context): void {
  const users = program
    .command('users')
    .description('Manage the users of serve: roles, scopes, passwords.')
    .helpCommand('help [command]', 'Show help of a command.');
  registerAdd(users, context);
  registerImport(users, context);
  const set = 'Change what a user may do. What you give replaces the old list or the old claims; the rest stays.';
  registerSet(users, context, kind, set, [
    'jwtkit users set bob --role editor --role auditor --scope "read write"',
    'jwtkit users set bob --no-roles --end-sessions',
  ]);
  registerPasswd(users, context);
  registerList(users, context, kind, 'List the users: names, subjects, roles, scopes; no hashes.');
  registerRemove(users, context, kind, "Remove a user, and revoke all of the user's tokens.");
}

type AddOptions = AccountOptions &
  PasswordOptions &
  Lists<'role' | 'scope' | 'claim'> &
  Flags<'passwordHash'> & { sub: string };

function registerAdd(users: Command, { io }: Context): void {
  const command = users
    .command('add')
    .description('Add a user. The password comes from a file, a variable or, on a terminal, a hidden prompt.')
    .argument('<name>', 'what the user logs in with, compared exactly')
    .addOption(option('--sub <id>', "subject of the user's tokens").makeOptionMandatory())
    .addOption(option('--role <role>', 'role; repeatable').repeatable())
    .addOption(grantedScopesOption())
    .addOption(accountClaimOption())
    .addOption(passwordHashOption('the password'));
  addPasswordOptions(command);
  addAccountsOption(command, 'users');
  addCommonOptions(command, [
    'jwtkit users add alice --sub user-123 --role admin --scope "read write" --password-env ALICE_PASSWORD',
    'jwtkit users add dave --sub user-126 --password-hash --password-env DAVE_HASH',
    'jwtkit users add carol@example.com --sub user-125 --claim plan=pro --claim seats:=5 --password-file password.txt',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<AddOptions>(command);
    const { options } = invocation;
    const { addUser } = await import('../../store/accounts/users.js');
    const { sub, role: roles, scope } = options;
    noteCommas(invocation, io);
    const claims = readAccountClaims(options.claim);
    const given = { name, sub, roles, scopes: scope?.flatMap(splitScope), claims };
    const { readClients } = await import('../../store/accounts/clients.js');
    refuseSubjectTwice(sub, readClients(accountsFile(invocation, 'clients', io)), 'client');
    const secret =
      options.passwordHash === true
        ? { passwordHash: givenPasswordHash(invocation, io) }
        : { password: () => newPassword(invocation, io) };
    const user = { ...given, ...secret };
    const added = await addUser(accountsFile(invocation, 'users', io), user, { now: io.now() });
    if (options.json !== true) io.say(`added ${name}, whose tokens are for ${sub}`);
    else printJson(afterChange(io, 'the user was added'), toReport(fromUser(added)));
  });
}

type PasswdOptions = AccountOptions & PasswordOptions & StoreOptions & Flags<'endSessions'>;

function registerPasswd(users: Command, { io }: Context): void {
  const command = users
    .command('passwd')
    .description('Give a user another password. Sessions that began with the old one go on unless you end them.')
    .argument(...kind.argument);
  addEndSessionsOption(command);
  addPasswordOptions(command);
  addAccountsOption(command, 'users');
  addStoreOption(command);
  addCommonOptions(command, [
    'jwtkit users passwd bob --password-file password.txt',
    'jwtkit users passwd bob --password-env BOB_PASSWORD --end-sessions',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<PasswdOptions>(command);
    const { options } = invocation;
    const path = accountsFile(invocation, 'users', io);
    const { subject, identity } = await kind.find(path, name);
    // Asked before a denylist is opened: a person may take long to type.
    const password = await newPassword(invocation, io);
    const { changePassword } = await import('../../store/accounts/users.js');
    const change = () => changePassword(path, name, password);
    const endsSessions = options.endSessions === true;
    const issuedUpTo = await changeAccount(subject, { change, endsSessions }, invocation, io);
    if (options.json === true) {
      const told = afterChange(io, `the password was changed${tokensOf(issuedUpTo)}`);
      printJson(told, { ...identity, issued_up_to: issuedUpTo });
    } else io.say(`changed the password of ${name}`);
    noteTokens(subject, issuedUpTo, options, io);
  });
}
