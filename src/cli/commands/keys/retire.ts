import type { Command } from 'commander';
import { formatDistance, formatMoment, parseMoment } from '../../../token/time.js';
import type { Context } from '../../io.js';
import { longestLifetime } from '../../lifetimes.js';
import { addExamples, durationOption, option, parseOption, readInvocation, usage } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { addKeyringOptions, type KeyringOption, noteSigner } from './keyring-options.js';

interface RetireOptions extends KeyringOption {
  at?: string;
  grace?: string;
  force?: boolean;
}

export function registerKeysRetire(keys: Command, { io }: Context): void {
  const command = keys
    .command('retire')
    .description('Take a key out of service: it never signs again, and verifies until its tokens have run out.')
    .argument('<kid>', 'the key')
    .addOption(option('--at <moment>', 'until when it verifies; now ends it at once (default: now and --grace)'))
    .addOption(
      option(
        '--grace <duration>',
        'how long it verifies (default: the longest lifetime set by variables, else 7d)',
      ).from('JWTKIT_GRACE'),
    )
    .addOption(option('--force', 'retire a key without which none would sign'));
  addKeyringOptions(command);
  addExamples(command, ['jwtkit keys retire "$KID"', 'jwtkit keys retire "$KID" --at +30d']);
  command.action(async (kid: string) => {
    const { options, env, label, origin } = readInvocation<RetireOptions>(command, io);
    if (options.at !== undefined && origin('grace') === 'flag') throw usage('--at and --grace exclude each other');
    const now = io.now();
    const { retireKey } = await import('../../../store/keyring-rotation.js');
    const { defaultLifetimes } = await import('../../../token/issue.js');
    const { verifiesUntil, signing } = await retireKey(options.keyring, kid, {
      now,
      at: parseOption('--at', options.at, (text) => parseMoment(text, now)),
      grace: durationOption(label('grace'), options.grace) ?? longestLifetime(env, defaultLifetimes.refresh),
      force: options.force,
    });
    if (options.json === true) return printJson(io, { kid, verifies_until: verifiesUntil, signing });
    const end = verifiesUntil as number;
    const verifies = end > now ? 'verifies until' : 'verifies no more since';
    io.stderr.write(
      `${escapeText(kid)} signs no more and ${verifies} ${formatMoment(end)}, ${formatDistance(end, now)}\n`,
    );
    noteSigner(signing, io);
  });
}
