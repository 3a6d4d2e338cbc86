/** `jwtkit users import`: users of another program, all or none. */
import type { Command } from 'commander';
import { JwtkitError } from '../../../errors.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../grammar/accounts.js';
import { readInvocation } from '../../grammar/invocation.js';
import { type Flags, option } from '../../grammar/option.js';
import { addCommonOptions, passwordHashOption } from '../../grammar/shared-options.js';
import { readNamed } from '../../secrets/named-file.js';
import type { Context } from '../../terminal/io.js';
import { afterChange, printJson } from '../../terminal/output.js';
import { openCount } from '../../terminal/progress.js';
import { inputName } from '../../terminal/stdin.js';
import { fromUser, toReport } from './kind.js';

export function registerImport(users: Command, { io }: Context): void {
  const command = users
    .command('import')
    .description('Add the users of a JSON or CSV file. Adds all of them, or none if a line is wrong.')
    .argument('<file>', 'JSON, or CSV whose first line names the columns; - is stdin')
    .addOption(passwordHashOption('each password'))
    .addOption(option('--dry-run', 'check the file and the users, and add nothing'));
  addAccountsOption(command, 'users');
  addCommonOptions(command, [
    'jwtkit users import users.csv',
    'jwtkit users import users.json --password-hash --dry-run',
  ]);
  command.action(async (file: string) => {
    const invocation = readInvocation<AccountOptions & Flags<'passwordHash' | 'dryRun'>>(command);
    const { passwordHash, dryRun, json = false } = invocation.options;
    const path = accountsFile(invocation, 'users', io);
    const [{ maxAccountsBytes }, { readUserList }, { checkImport, importUsers }, { readUsers }, { readClients }] =
      await Promise.all([
        import('../../../store/accounts/account-file.js'),
        import('../../../store/accounts/user-list.js'),
        import('../../../store/accounts/import-users.js'),
        import('../../../store/accounts/users.js'),
        import('../../../store/accounts/clients.js'),
      ]);
    const name = inputName(file);
    const bytes = readNamed(file, file === '-' ? 'the file' : '<file>', {
      maxBytes: maxAccountsBytes,
      showsPath: true,
      io,
    });
    const list = await readUserList(bytes, name);
    const clientIds = readClients(accountsFile(invocation, 'clients', io)).map(({ id }) => id);
    const passwordsAreHashes = passwordHash === true;
    const checked = checkImport(list, { users: readUsers(path), clientIds, passwordsAreHashes });
    const { problems, refused } = checked;
    for (const problem of problems) io.note(problem);
    if (refused > problems.length) io.note(`and ${refused - problems.length} more`);
    if (refused > 0) {
      throw new JwtkitError('ACCOUNTS_INVALID', `${name}: ${refused} of ${list.length} users cannot be added`, {
        hint: 'none was added; correct the lines and run the command again',
      });
    }
    const count = `${list.length} user${list.length === 1 ? '' : 's'}`;
    if (dryRun === true) {
      if (json) return printJson(io, { users: list.length });
      return io.say(`would add ${count}`);
    }
    const progress = openCount(io.stderr, 'passwords');
    const added = await importUsers(path, checked.users, { now: io.now(), onHashed: progress.update }).finally(
      progress.clear,
    );
    if (json) return printJson(afterChange(io, 'the users were added'), added.map(fromUser).map(toReport));
    io.say(`added ${count}`);
  });
}
