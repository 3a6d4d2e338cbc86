import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { addExamples, clockOption, option, readInvocation } from '../../options.js';
import { printJson } from '../../output.js';
import { addKeyringOptions, type KeyringOption } from './keyring-options.js';

interface JwksOptions extends KeyringOption {
  at?: string;
}

export function registerKeysJwks(keys: Command, { io }: Context): void {
  const command = keys
    .command('jwks')
    .description('Print the JWK Set to publish: the public halves of all keys that verify, announced ones among them.')
    .addOption(option('--at <moment>', 'take this for the current time'));
  addKeyringOptions(command);
  addExamples(command, ['jwtkit keys jwks', 'jwtkit keys jwks --at +30d']);
  command.action(async () => {
    const { options } = readInvocation<JwksOptions>(command, io);
    const now = clockOption(options.at, io);
    const { openKeyring } = await import('../../../store/keyring-directory.js');
    printJson(io, openKeyring(options.keyring).publishedSet(now));
  });
}
