/** `jwtkit keys`: the keyring's keys over time. One file a subcommand. */
import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { registerKeysExport } from './export.js';
import { registerKeysImport } from './import.js';
import { registerKeysJwks } from './jwks.js';
import { registerKeysList } from './list.js';
import { registerKeysPrune } from './prune.js';
import { registerKeysRemove } from './remove.js';
import { registerKeysRetire } from './retire.js';
import { registerKeysRotate } from './rotate.js';
import { registerKeysThumbprint } from './thumbprint.js';

export function registerKeys(program: Command, context: Context): void {
  const keys = program
    .command('keys')
    .description('Look after the keyring: list, rotate, retire, remove, prune, import and export its keys.')
    .helpCommand('help [command]', 'show help of a command');
  registerKeysList(keys, context);
  registerKeysRotate(keys, context);
  registerKeysRetire(keys, context);
  registerKeysRemove(keys, context);
  registerKeysPrune(keys, context);
  registerKeysImport(keys, context);
  registerKeysExport(keys, context);
  registerKeysJwks(keys, context);
  registerKeysThumbprint(keys, context);
}
