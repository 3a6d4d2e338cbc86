import type { Command } from 'commander';
import { formatMoment } from '../../../token/time.js';
import { type AccountOptions, accountsFile, addAccountsOption, printAccounts } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, readInvocation } from '../../options.js';
import { painterFor, printJson } from '../../output.js';

export function registerClientsList(clients: Command, { io }: Context): void {
  const command = clients.command('list').description('List the clients: ids, names, scopes; no secrets, no hashes.');
  addAccountsOption(command, 'clients');
  addCommonOptions(command);
  addExamples(command, ['jwtkit clients list', 'jwtkit clients list --json']);
  command.action(async () => {
    const { options, env } = readInvocation<AccountOptions>(command, io);
    const { readClients } = await import('../../../store/accounts.js');
    const listed = readClients(accountsFile(options, 'clients')).map(({ id, name, scopes, created }) => {
      return { client_id: id, name, scopes, created };
    });
    if (options.json === true) return printJson(io, listed);
    if (listed.length === 0) return void io.stderr.write('there are no clients\n');
    const rows = listed.map((client) => {
      return [client.client_id, client.name, client.scopes.join(' '), formatMoment(client.created)];
    });
    printAccounts(['ID', 'NAME', 'SCOPES', 'CREATED'], rows, io, await painterFor(io.stdout, options.color, env));
  });
}
