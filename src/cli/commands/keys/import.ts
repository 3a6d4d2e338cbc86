import type { Command } from 'commander';
import { escapeText } from '../../../shown-text.js';
import type { ImportedKeys } from '../../../store/keyring/import.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addPassphraseOptions } from '../../grammar/shared-options.js';
import { readAlgorithm } from '../../grammar/values.js';
import { readKeyArgument } from '../../secrets/named-file.js';
import { newPassphrase, type PassphraseOptions, withPassphrase } from '../../secrets/passphrase.js';
import type { Context, Io } from '../../terminal/io.js';
import { sayNote } from '../../terminal/notes.js';
import { afterChange, printJson, showMoment } from '../../terminal/output.js';
import { addKeyringOptions, noteSigner, readKeyringInvocation } from './keyring-options.js';

type ImportOptions = PassphraseOptions & Texts<'alg' | 'kid'> & Flags<'public'>;

export function registerKeysImport(keys: Command, { io }: Context): void {
  const command = keys
    .command('import')
    .description('Add keys to the keyring: a private key signs from now on, a public key verifies. Prints their kids.')
    .argument('<file>', 'PEM, DER, certificate, PKCS#12, JWK or JWK Set; - for stdin')
    .addOption(option('--alg <name>', 'algorithm of a key that names none (default: RS256 for RSA)'))
    .addOption(option('--kid <id>', "key ID (default: the JWK's, else the RFC 7638 thumbprint)"))
    .addOption(option('--public', 'take only the public half: the key verifies and does not sign'));
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
    const note = (text: string) => sayNote(options, io, text);
    const rest = { now, alg, kid: options.kid, publicOnly: options.public, source, note };
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
      return printJson(told, { keys: added, skipped: leftOut, signing });
    }
    sayImported(imported, now, io);
    for (const { kid } of imported.keys) told.stdout.write(`${kid}\n`);
  });
}

function sayImported({ keys, skipped, signing }: ImportedKeys, now: number, io: Io): void {
  for (const { kid, key, jwk, hasPrivateHalf, isAlgGuessed, isCompleted } of keys) {
    const alg = key.algorithms[0];
    const half = isCompleted ? 'the private half of' : hasPrivateHalf ? 'the private key' : 'the public key';
    const end = jwk.exp === undefined ? '' : `; it verifies until ${showMoment(jwk.exp, now)}`;
    io.stderr.write(`imported ${half} ${escapeText(kid)} for ${alg}${end}\n`);
    if (isAlgGuessed) io.stderr.write(`note: the key allows other algorithms than ${alg}; --alg names one\n`);
  }
  for (const { kid, reason } of skipped) {
    io.stderr.write(`note: left out ${kid === undefined ? 'a key' : escapeText(kid)}: ${escapeText(reason)}\n`);
  }
  if (keys.some(({ hasPrivateHalf }) => hasPrivateHalf)) noteSigner(signing, io);
}
