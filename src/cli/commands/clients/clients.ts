/** `jwtkit clients`: programs that authenticate with an id and a secret. One file a subcommand. */
import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { registerClientsAdd } from './add.js';
import { registerClientsList } from './list.js';
import { registerClientsRemove } from './remove.js';
import { registerClientsRotate } from './rotate.js';
import { registerClientsSet } from './set.js';

export function registerClients(program: Command, context: Context): void {
  const clients = program
    .command('clients')
    .description('Look after the clients of a server: programs with an id and a secret, and what they may do.')
    .helpCommand('help [command]', 'show help of a command');
  registerClientsAdd(clients, context);
  registerClientsSet(clients, context);
  registerClientsList(clients, context);
  registerClientsRotate(clients, context);
  registerClientsRemove(clients, context);
}
