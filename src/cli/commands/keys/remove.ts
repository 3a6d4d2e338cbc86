import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { addExamples, option, readInvocation } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { addKeyringOptions, type KeyringOption, noteSigner } from './keyring-options.js';

interface RemoveOptions extends KeyringOption {
  force?: boolean;
}

export function registerKeysRemove(keys: Command, { io }: Context): void {
  const command = keys
    .command('remove')
    .description('Remove a key that has ended, its private half too. One that still verifies is refused.')
    .argument('<kid>', 'the key')
    .addOption(option('--force', 'remove a key that still verifies: its tokens are refused from then on'));
  addKeyringOptions(command);
  addExamples(command, ['jwtkit keys remove "$KID" --force']);
  command.action(async (kid: string) => {
    const { options } = readInvocation<RemoveOptions>(command, io);
    const { removeKey } = await import('../../../store/keyring-rotation.js');
    const { signing } = await removeKey(options.keyring, kid, { now: io.now(), force: options.force });
    if (options.json === true) return printJson(io, { kid, signing });
    io.stderr.write(`removed ${escapeText(kid)}\n`);
    noteSigner(signing, io);
  });
}
