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

export function registerClientsRemove(clients: Command, { io }: Context): void {
  const command = clients
    .command('remove')
    .description('Remove a client, and revoke all tokens that it was issued for itself.')
    .argument('<client>', 'its id or its name')
    .addOption(option('--keep-tokens', 'revoke nothing: what the client was issued is good until it expires'));
  addAccountsOption(command, 'clients');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, ['jwtkit clients remove reports']);
  command.action(async (idOrName: string) => {
    const invocation = readInvocation<RemoveOptions>(command, io);
    const { options } = invocation;
    const { removeClient } = await import('../../../store/account-changes.js');
    const { clientNamed, readClients } = await import('../../../store/accounts.js');
    const path = accountsFile(options, 'clients');
    // Before a denylist is made for a client that there is not.
    const { id, name } = clientNamed(readClients(path), idOrName);
    const change = () => removeClient(path, id);
    const issuedUpTo = await changeAccount(id, { change, endsSessions: options.keepTokens !== true }, invocation, io);
    if (options.json === true) return printJson(io, { client_id: id, name, issued_up_to: issuedUpTo });
    io.stderr.write(`removed ${escapeText(name)}\n`);
    noteTokens(id, issuedUpTo, options, io);
  });
}
