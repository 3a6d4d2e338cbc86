import type { Command } from 'commander';
import type { RotatedKeys } from '../../../store/keyring-rotation.js';
import { formatDistance, formatMoment } from '../../../token/time.js';
import type { Context } from '../../io.js';
import { longestLifetime } from '../../lifetimes.js';
import {
  addExamples,
  addPassphraseOptions,
  algorithmOption,
  bitsOption,
  durationOption,
  option,
  readInvocation,
} from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { newPassphrase, noteUnguarded, type PassphraseOptions } from '../../passphrase.js';
import { generateWithSpinner } from '../../spinner.js';
import { addKeyringOptions, type KeyringOption } from './keyring-options.js';

interface RotateOptions extends KeyringOption, PassphraseOptions {
  encrypt?: boolean;
  alg?: string;
  bits?: string;
  crv?: string;
  kid?: string;
  activateIn?: string;
  grace?: string;
}

export function registerKeysRotate(keys: Command, { io }: Context): void {
  const command = keys
    .command('rotate')
    .description('Make a new signing key; the one that it replaces goes on verifying for a while. Prints its kid.')
    .addOption(option('--alg <name>', 'algorithm (default: that of the key that it replaces)'))
    .addOption(option('--bits <n>', 'size of an RSA key (default: as before)'))
    .addOption(option('--crv <name>', 'curve for EdDSA (default: as before)'))
    .addOption(option('--kid <id>', 'key ID (default: the RFC 7638 thumbprint)'))
    .addOption(option('--activate-in <duration>', 'publish it now, sign with it only then (default: at once)'))
    .addOption(
      option(
        '--grace <duration>',
        'how long the old key verifies from then on (default: the longest lifetime set by variables, else 7d)',
      ).from('JWTKIT_GRACE'),
    );
  command.addOption(option('--encrypt', 'encrypt the private key with a passphrase that is asked for'));
  addPassphraseOptions(command);
  addKeyringOptions(command);
  addExamples(command, [
    'jwtkit keys rotate',
    'jwtkit keys rotate --activate-in 1h --grace 30d',
    'jwtkit keys rotate --alg ES256 --kid web-2026',
  ]);
  command.action(async () => {
    const invocation = readInvocation<RotateOptions>(command, io);
    const { options, env, label } = invocation;
    const { rotateKeys } = await import('../../../store/keyring-rotation.js');
    const { defaultLifetimes } = await import('../../../token/issue.js');
    const now = io.now();
    const passphrase = await newPassphrase(invocation, io, options.encrypt === true);
    const rotated = await rotateKeys(options.keyring, {
      now,
      alg: options.alg === undefined ? undefined : algorithmOption('--alg', options.alg),
      bits: bitsOption(options.bits),
      crv: options.crv,
      kid: options.kid,
      activateIn: durationOption('--activate-in', options.activateIn),
      grace: durationOption(label('grace'), options.grace) ?? longestLifetime(env, defaultLifetimes.refresh),
      passphrase,
      generate: generateWithSpinner(io),
    });
    if (passphrase === undefined && rotated.replaced?.isEncrypted === true) noteUnguarded('the one it replaces is', io);
    if (options.json === true) return printJson(io, toReport(rotated, options.keyring));
    io.stderr.write(describe(rotated, now, options.keyring));
    io.stdout.write(`${rotated.kid}\n`);
  });
}

/** What `keys rotate --json` prints; moments are NumericDates. */
function toReport({ kid, alg, signsFrom, replaced }: RotatedKeys, keyring: string) {
  return {
    kid,
    alg,
    keyring,
    signs_from: signsFrom,
    replaced: replaced && { kid: replaced.kid, verifies_until: replaced.verifiesUntil },
  };
}

function describe({ alg, signsFrom, replaced }: RotatedKeys, now: number, keyring: string): string {
  const isLater = signsFrom > now;
  const from = isLater ? `${formatMoment(signsFrom)}, ${formatDistance(signsFrom, now)}` : 'now on';
  const made = `made a key for ${alg} in ${escapeText(keyring)}; it signs from ${from}\n`;
  if (replaced === null) return isLater ? `${made}note: no key signs until then\n` : made;
  const until = `${formatMoment(replaced.verifiesUntil)}, ${formatDistance(replaced.verifiesUntil, now)}`;
  return `${made}${escapeText(replaced.kid)} ${isLater ? 'signs until then and ' : ''}verifies until ${until}\n`;
}
