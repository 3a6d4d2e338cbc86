import type { Command } from 'commander';
import type { ImportedKeys } from '../../../store/keyring/import.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addPassphraseOptions } from '../../grammar/shared-options.js';
import { readAlgorithm } from '../../grammar/values.js';
import { readKeyArgument } from '../../secrets/named-file.js';
import { newPassphrase, type PassphraseOptions, withPassphrase } from '../../secrets/passphrase.js';
import type { Context, Io } from '../../terminal/io.js';
import { afterChange, printJson, showMoment } from '../../terminal/output.js';
import { addKeyringOptions, readKeyringInvocation, tellSigner } from './keyring-options.js';

type ImportOptions = PassphraseOptions & Texts<'alg' | 'kid'> & Flags<'publicHalf'>;

export function registerKeysImport(keys: Command, { io }: Context): void {
  const command = keys
    .command('import')
    .description('Add keys to the keyring: a private key signs from now on, a public key verifies. Prints their kids.')
    .argument('<file>', 'PEM, DER, certificate, PKCS#12, JWK or JWK Set; - for stdin')
    .addOption(option('--alg <name>', 'algorithm of a key that names none (default: RS256 for RSA)'))
    .addOption(option('--kid <id>', "key ID (default: the JWK's, else the RFC 7638 thumbprint)"))
    .addOption(
      option('--public-half', 'take only the public half: the key verifies and does not sign').formerly('--public'),
    );
  addPassphraseOptions(command);
  addKeyringOptions(command, [
    'jwtkit keys import partner.pem --kid partner',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid mine',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid sealed --passphrase-file passphrase.txt',
  ]);
  command.action(async (path: string) => {
    const invocation = readKeyringInvocation<ImportOptions>(command, io);
    const { options } = invocation;
    const alg = options.alg === undefined ? undefined : readAlgorithm('--alg', options.alg);
    const { maxKeyBytes } = await import('../../../jose/key.js');
    const { importKeys } = await import('../../../store/keyring/import.js');
    const now = io.now();
    const content = readKeyArgument(path, io, maxKeyBytes);
    const source = path === '-' ? 'standard input' : path;
    const rest = { now, alg, kid: options.kid, publicOnly: options.publicHalf, source, note: io.note };
    // A named passphrase opens an encrypted file, and encrypts the keyring's copy.
    const named = await newPassphrase(invocation, io);
    const imported = await (named === undefined
      ? withPassphrase(invocation, io, (passphrase) => importKeys(options.keyring, content, { ...rest, passphrase }))
      : importKeys(options.keyring, content, { ...rest, passphrase: named }));
    const told = afterChange(io, 'the keys were imported');
    if (options.json === true) {
      const { keys, skipped, signing } = imported;
      const added = keys.map(({ kid, key, hasPrivateHalf: half }) => ({ kid, alg: key.algorithms[0], private: half }));
      const leftOut = skipped.map(({ kid = null, reason }) => ({ kid, reason }));
      printJson(told, { keys: added, skipped: leftOut, signing });
    } else sayImported(imported, now, io);
    noteImported(imported, options, io);
    if (options.json !== true) for (const { kid } of imported.keys) told.stdout.write(`${kid}\n`);
  });
}

function sayImported({ keys }: ImportedKeys, now: number, io: Io): void {
  for (const { kid, key, jwk, hasPrivateHalf, isCompleted } of keys) {
    const half = isCompleted ? 'the private half of' : hasPrivateHalf ? 'the private key' : 'the public key';
    const end = jwk.exp === undefined ? '' : `; it verifies until ${showMoment(jwk.exp, now)}`;
    io.say(`imported ${half} ${kid} for ${key.algorithms[0]}${end}`);
  }
}

function noteImported({ keys, skipped, signing }: ImportedKeys, options: { json?: boolean }, io: Io): void {
  for (const { key, isAlgGuessed } of keys) {
    if (isAlgGuessed) io.note(`the key allows other algorithms than ${key.algorithms[0]}; --alg names one`);
  }
  for (const { kid = 'a key', reason } of skipped) io.note(`left out ${kid}: ${reason}`);
  if (keys.some(({ hasPrivateHalf }) => hasPrivateHalf)) tellSigner(signing, 'sig', options, io);
}
