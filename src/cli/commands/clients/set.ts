import type { Command } from 'commander';
import { splitScope } from '../../../token/claims.js';
import { type AccountOptions, accountsFile, addAccountsOption, describeGrants, newList } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, option, readInvocation, usage } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { noteTokens } from '../../sessions.js';

interface SetOptions extends AccountOptions {
  scope?: string[];
  /** False for `--no-scopes`. */
  scopes: boolean;
}

export function registerClientsSet(clients: Command, { io }: Context): void {
  const command = clients
    .command('set')
    .description('Change what a client may do. The list that you give replaces the whole one.')
    .argument('<client>', 'its id or its name')
    .addOption(option('--scope <scope>', 'scope tokens that may be granted from now on; repeatable').repeatable())
    .addOption(option('--no-scopes', 'no scope at all'));
  addAccountsOption(command, 'clients');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit clients set reports --scope "invoices:read"',
    'jwtkit clients set reports --no-scopes',
  ]);
  command.action(async (idOrName: string) => {
    const { options } = readInvocation<SetOptions>(command, io);
    const scopes = newList('scope', options.scope?.flatMap(splitScope), options.scopes);
    if (scopes === undefined) throw usage('nothing to change is named', 'name --scope or --no-scopes');
    const { changeClient } = await import('../../../store/account-changes.js');
    const client = await changeClient(accountsFile(options, 'clients'), idOrName, { scopes });
    const { id, name, created } = client;
    if (options.json === true) return printJson(io, { client_id: id, name, scopes: client.scopes, created });
    io.stderr.write(`changed ${escapeText(name)}: ${describeGrants(client)}\n`);
    noteTokens(id, null, options, io, 'its tokens keep their scopes until they expire');
  });
}
