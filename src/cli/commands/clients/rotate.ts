import type { Command } from 'commander';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../accounts.js';
import type { Context } from '../../io.js';
import { addCommonOptions, addExamples, readInvocation } from '../../options.js';
import { escapeText } from '../../output.js';
import { noteTokens } from '../../sessions.js';
import { printSecret } from './issued-secret.js';

export function registerClientsRotate(clients: Command, { io }: Context): void {
  const command = clients
    .command('rotate')
    .description('Give a client another secret, printed as by add. The old one is good no more.')
    .argument('<client>', 'its id or its name');
  addAccountsOption(command, 'clients');
  addCommonOptions(command);
  addExamples(command, ['jwtkit clients rotate reports > reports.env']);
  command.action(async (idOrName: string) => {
    const { options } = readInvocation<AccountOptions>(command, io);
    const { rotateClientSecret } = await import('../../../store/account-changes.js');
    const rotated = await rotateClientSecret(accountsFile(options, 'clients'), idOrName);
    printSecret(rotated, options.json === true, io);
    if (options.json === true) return;
    io.stderr.write(`changed the secret of ${escapeText(rotated.client.name)}; it is not shown again\n`);
    noteTokens(rotated.client.id, null, options, io);
  });
}
