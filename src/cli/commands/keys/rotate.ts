import type { Command } from 'commander';
import type { RotateEncryptionKeysOptions } from '../../../store/keyring/encryption.js';
import type { RotatedKeys } from '../../../store/keyring/rotation.js';
import { keyWords } from '../../../token/key-words.js';
import { readKeyAlgorithm } from '../../grammar/key-algorithm.js';
import { readGrace } from '../../grammar/lifetimes.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addPassphraseOptions, graceOption, kidOption } from '../../grammar/shared-options.js';
import { readBits, readDuration } from '../../grammar/values.js';
import { newPassphrase, noteUnguarded } from '../../secrets/new-secrets.js';
import type { PassphraseOptions } from '../../secrets/passphrase.js';
import type { Context } from '../../terminal/io.js';
import { afterChange, printJson, showMoment } from '../../terminal/output.js';
import { generateWithSpinner } from '../../terminal/spinner.js';
import { addKeyringOptions, readKeyringInvocation } from './keyring-options.js';

type RotateOptions = PassphraseOptions &
  Texts<'alg' | 'bits' | 'crv' | 'kid' | 'activateIn' | 'grace'> &
  Flags<'encrypt'> & { use: 'sig' | 'enc' };

export function registerKeysRotate(keys: Command, { io }: Context): void {
  const command = keys
    .command('rotate')
    .description('Make a new key that signs. The old key still verifies for a while. Prints the new kid.')
    .addOption(option('--alg <name>', 'algorithm (default: that of the old key)'))
    .addOption(
      option('--use <use>', 'what the key is for: signing or encryption').choices(['sig', 'enc']).default('sig'),
    )
    .addOption(option('--bits <n>', 'size of an RSA key (default: as before)'))
    .addOption(option('--crv <name>', 'curve for EdDSA or ECDH-ES (default: as before)'))
    .addOption(kidOption())
    .addOption(
      option('--activate-in <duration>', 'publish the key now, sign with it after this time (default: at once)'),
    )
    .addOption(graceOption('how long the old key verifies from then on'))
    .addOption(option('--encrypt', 'encrypt the private key; asks for a passphrase unless an option names one'));
  addPassphraseOptions(command);
  addKeyringOptions(command, [
    'jwtkit keys rotate',
    'jwtkit keys rotate --activate-in 1h --grace 30d',
    'jwtkit keys rotate --alg ES256 --kid web-2026',
    'jwtkit keys rotate --use enc --grace 30d',
  ]);
  command.action(async () => {
    const invocation = readKeyringInvocation<RotateOptions>(command, io);
    const { options } = invocation;
    const { rotateKeys } = await import('../../../store/keyring/rotation.js');
    const { defaultLifetimes } = await import('../../../token/new-claims.js');
    const now = io.now();
    const passphrase = await newPassphrase(invocation, io, options.encrypt === true);
    const shared = {
      now,
      bits: readBits(options.bits),
      crv: options.crv,
      kid: options.kid,
      activateIn: readDuration('--activate-in', options.activateIn),
      grace: readGrace(invocation, defaultLifetimes.refresh),
      passphrase,
    };
    const rotated =
      options.use === 'enc'
        ? await rotateForEncryption(options.keyring, options.alg, shared)
        : await rotateKeys(options.keyring, {
            ...shared,
            alg: options.alg === undefined ? undefined : await readKeyAlgorithm(options.alg),
            generate: generateWithSpinner(io),
          });
    if (passphrase === undefined && rotated.replaced?.isEncrypted === true) noteUnguarded('the one it replaces is', io);
    const told = afterChange(io, 'the keyring was changed');
    const { kid, alg, signsFrom, replaced } = rotated;
    if (options.json === true) {
      const old = replaced && { kid: replaced.kid, verifies_until: replaced.verifiesUntil };
      printJson(told, { kid, alg, keyring: options.keyring, signs_from: signsFrom, replaced: old });
    } else io.say(rotationInWords(rotated, now, options));
    if (replaced === null && signsFrom > now) {
      io.note(`no key ${options.use === 'enc' ? 'is encrypted to' : 'signs'} until then`);
    }
    if (options.json !== true) told.stdout.write(`${kid}\n`);
  });
}

async function rotateForEncryption(
  keyring: string,
  alg: string | undefined,
  shared: Omit<RotateEncryptionKeysOptions, 'alg'>,
): Promise<Rotated> {
  const { rotateEncryptionKeys } = await import('../../../store/keyring/encryption.js');
  const { readEncryptionKeyAlgorithm } = await import('../../grammar/encryption-options.js');
  return rotateEncryptionKeys(keyring, {
    ...shared,
    alg: alg === undefined ? undefined : readEncryptionKeyAlgorithm(alg),
  });
}

type Rotated = Omit<RotatedKeys, 'alg'> & { readonly alg: string };

function rotationInWords(
  { alg, signsFrom, replaced }: Rotated,
  now: number,
  { keyring, use }: { keyring: string; use: string },
): string[] {
  const { signs, verifies } = keyWords[use === 'enc' ? 'enc' : 'sig'];
  const isLater = signsFrom > now;
  const from = isLater ? showMoment(signsFrom, now) : 'now on';
  const made = `made a key for ${alg} in ${keyring}; it ${signs} from ${from}`;
  if (replaced === null) return [made];
  const until = showMoment(replaced.verifiesUntil, now);
  return [made, `${replaced.kid} ${isLater ? `${signs} until then and ` : ''}${verifies} until ${until}`];
}
