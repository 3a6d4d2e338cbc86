import type { Command } from 'commander';
import { splitScope } from '../../../token/claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, option, readInvocation } from '../../options.js';
import { escapeText } from '../../output.js';
import { printSecret } from './issued-secret.js';

interface AddOptions extends AccountOptions {
  scope?: string[];
}

export function registerClientsAdd(clients: Command, { io }: Context): void {
  const command = clients
    .command('add')
    .description('Add a client. Prints its id, and its secret, which is shown this once and kept nowhere.')
    .argument('<name>', 'what you call the client')
    .addOption(option('--scope <scope>', 'scope tokens that may be granted; repeatable').repeatable());
  addAccountsOption(command, 'clients');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit clients add billing --scope "invoices:read invoices:write" > billing.env',
    'eval "$(jwtkit clients add nightly-report)"',
  ]);
  command.action(async (name: string) => {
    const { options } = readInvocation<AddOptions>(command, io);
    const { addClient } = await import('../../../store/account-changes.js');
    const path = accountsFile(options, 'clients');
    const added = await addClient(path, { name, scopes: options.scope?.flatMap(splitScope) }, { now: io.now() });
    printSecret(added, options.json === true, io);
    if (options.json !== true) io.stderr.write(`added ${escapeText(name)}; its secret is not shown again\n`);
  });
}
