/** `keys retire`, `remove` and `prune`: how keys end. */
import type { Command } from 'commander';
import { escapeText } from '../../../shown-text.js';
import { keyWords } from '../../../token/key-words.js';
import { parseMoment } from '../../../token/time.js';
import { readGrace } from '../../grammar/lifetimes.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { graceOption } from '../../grammar/shared-options.js';
import { parseOption } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { afterChange, alignColumns, printJson, showMoment } from '../../terminal/output.js';
import { addKeyringOptions, kidArgument, kidOf, readKeyringInvocation, tellSigner } from './keyring-options.js';

export function registerKeysRetire(keys: Command, { io }: Context): void {
  const until = option('--until <moment>', 'when it stops verifying, such as now (default: now plus --grace)');
  until.formerly('--at');
  const command = keys
    .command('retire')
    .description(
      'Take a key out of use: it signs no more. It still verifies until its tokens have expired. A key of use enc decrypts until then.',
    )
    .argument(...kidArgument)
    .addOption(until)
    .addOption(graceOption('how long it verifies'))
    .addOption(option('--force', 'retire the key even if no other key signs then'));
  addKeyringOptions(command, ['jwtkit keys retire "$KID"', 'jwtkit keys retire "$KID" --until +30d']);
  command.action(async (named: string) => {
    const invocation = readKeyringInvocation<Texts<'until' | 'grace'> & Flags<'force'>>(command, io);
    const { options, origin } = invocation;
    if (options.until !== undefined && origin('grace') === 'flag')
      throw usage('--until and --grace exclude each other');
    const now = io.now();
    const { retireKey } = await import('../../../store/keyring/rotation.js');
    const { defaultLifetimes } = await import('../../../token/new-claims.js');
    const kid = await kidOf(named, options.keyring);
    const { use, verifiesUntil, signing } = await retireKey(options.keyring, kid, {
      now,
      at: parseOption('--until', options.until, (text) => parseMoment(text, now)),
      grace: readGrace(invocation, defaultLifetimes.refresh),
      force: options.force,
    });
    if (options.json === true) {
      printJson(afterChange(io, 'the keyring was changed'), { kid, verifies_until: verifiesUntil, signing });
    } else {
      const end = verifiesUntil as number;
      const { signsNoLonger, verifies, hasNotVerified } = keyWords[use];
      const then = end > now ? `${verifies} until` : `${hasNotVerified} since`;
      io.say(`${kid} ${signsNoLonger}, and ${then} ${showMoment(end, now)}`);
    }
    tellSigner(signing, use, options, io);
  });
}

export function registerKeysRemove(keys: Command, { io }: Context): void {
  const command = keys
    .command('remove')
    .description('Remove a key that has ended, with its private half. Refuses a key that still verifies.')
    .argument(...kidArgument)
    .addOption(option('--force', 'remove a key that still verifies: verifiers then refuse its tokens'));
  addKeyringOptions(command, ['jwtkit keys remove "$KID" --force']);
  command.action(async (named: string) => {
    const { options } = readKeyringInvocation<Flags<'force'>>(command, io);
    const kid = await kidOf(named, options.keyring);
    const { removeKey } = await import('../../../store/keyring/rotation.js');
    const { use, signing } = await removeKey(options.keyring, kid, { now: io.now(), force: options.force });
    if (options.json === true) printJson(afterChange(io, 'the keyring was changed'), { kid, signing });
    else io.say(`removed ${kid}`);
    tellSigner(signing, use, options, io);
  });
}

export function registerKeysPrune(keys: Command, { io }: Context): void {
  const command = keys
    .command('prune')
    .description(
      'Remove all keys that have ended. Also removes private keys that are not in the set, and files that a killed run left.',
    )
    .addOption(option('--dry-run', 'only list what would be removed'));
  addKeyringOptions(command, ['jwtkit keys prune --dry-run', 'jwtkit keys prune']);
  command.action(async () => {
    const { options } = readKeyringInvocation<Flags<'dryRun'>>(command, io);
    const { keyring, dryRun = false } = options;
    const { pruneKeyring } = await import('../../../store/keyring/prune.js');
    const { keys: kids, leftovers } = await pruneKeyring(keyring, { now: io.now(), dryRun });
    const told = afterChange(io, dryRun ? 'nothing was removed' : 'everything was removed');
    if (options.json === true) return printJson(told, { keys: kids, leftovers, dry_run: dryRun });
    const rows = [...kids.map((kid) => ['key', kid]), ...leftovers.map((name) => ['file', name])];
    for (const line of alignColumns(rows.map((row) => row.map(escapeText)))) told.stdout.write(`${line}\n`);
    const done = dryRun ? 'would remove' : 'removed';
    io.say(rows.length === 0 ? 'nothing to remove' : `${done} ${rows.length}`);
  });
}
