import type { Command } from 'commander';
import type { Context } from '../../io.js';
import { addExamples, option, readInvocation } from '../../options.js';
import { alignColumns, escapeText, printJson } from '../../output.js';
import { addKeyringOptions, type KeyringOption } from './keyring-options.js';

interface PruneOptions extends KeyringOption {
  dryRun?: boolean;
}

export function registerKeysPrune(keys: Command, { io }: Context): void {
  const command = keys
    .command('prune')
    .description(
      'Remove keys that have ended, private keys that the set does not name, and files that killed runs left behind.',
    )
    .addOption(option('--dry-run', 'only list what would be removed'));
  addKeyringOptions(command);
  addExamples(command, ['jwtkit keys prune --dry-run', 'jwtkit keys prune']);
  command.action(async () => {
    const { options } = readInvocation<PruneOptions>(command, io);
    const dryRun = options.dryRun === true;
    const { pruneKeyring } = await import('../../../store/keyring-prune.js');
    const { keys: kids, leftovers } = await pruneKeyring(options.keyring, { now: io.now(), dryRun });
    if (options.json === true) return printJson(io, { keys: kids, leftovers, dry_run: dryRun });
    const rows = [
      ...kids.map((kid) => ['key', escapeText(kid)]),
      ...leftovers.map((name) => ['file', escapeText(name)]),
    ];
    for (const line of alignColumns(rows)) io.stdout.write(`${line}\n`);
    const count = rows.length === 0 ? 'nothing' : String(rows.length);
    io.stderr.write(rows.length === 0 ? 'nothing to remove\n' : `${dryRun ? 'would remove' : 'removed'} ${count}\n`);
  });
}
