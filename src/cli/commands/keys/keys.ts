/** `jwtkit keys`: the keys of the keyring. */
import type { Command } from 'commander';
import type { Context } from '../../terminal/io.js';
import { registerKeysConvert } from './convert.js';
import { registerKeysPrune, registerKeysRemove, registerKeysRetire } from './end.js';
import { registerKeysExport } from './export.js';
import { registerKeysImport } from './import.js';
import { registerKeysJwks, registerKeysList } from './list.js';
import { registerKeysRotate } from './rotate.js';
import { registerKeysThumbprint } from './thumbprint.js';

export function registerKeys(program: Command, context: Context): void {
  const keys = program
    .command('keys')
    .description('Manage the keyring: list, rotate, import, export keys. Convert keys without a keyring.')
    .helpCommand('help [command]', 'Show help of a command.');
  registerKeysList(keys, context);
  registerKeysRotate(keys, context);
  registerKeysRetire(keys, context);
  registerKeysRemove(keys, context);
  registerKeysPrune(keys, context);
  registerKeysImport(keys, context);
  registerKeysExport(keys, context);
  registerKeysConvert(keys, context);
  registerKeysJwks(keys, context);
  registerKeysThumbprint(keys, context);
}
