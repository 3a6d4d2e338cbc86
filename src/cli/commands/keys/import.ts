import type { Command } from 'commander';
import type { ImportedKeys } from '../../../store/keyring-import.js';
import { formatDistance, formatMoment } from '../../../token/time.js';
import { readContent } from '../../input.js';
import type { Context, Io } from '../../io.js';
import { addExamples, addPassphraseOptions, algorithmOption, option, readInvocation } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { newPassphrase, type PassphraseOptions, withPassphrase } from '../../passphrase.js';
import { addKeyringOptions, type KeyringOption, noteSigner } from './keyring-options.js';

interface ImportOptions extends KeyringOption, PassphraseOptions {
  alg?: string;
  kid?: string;
  public?: boolean;
}

export function registerKeysImport(keys: Command, { io }: Context): void {
  const command = keys
    .command('import')
    .description(
      'Bring keys into the keyring: a private key signs from now on, a public one verifies. Prints their kids.',
    )
    .argument('<file>', 'PEM, DER, certificate, PKCS#12, JWK or JWK Set; - for stdin')
    .addOption(option('--alg <name>', 'algorithm of a key that does not say (default: RS256 for RSA)'))
    .addOption(option('--kid <id>', "key ID (default: the JWK's, else the RFC 7638 thumbprint)"))
    .addOption(option('--public', 'take the public half only: the key verifies and does not sign'));
  addPassphraseOptions(command);
  addKeyringOptions(command);
  addExamples(command, [
    'jwtkit keys import partner.pem --kid partner',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid mine',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid sealed --passphrase-file passphrase.txt',
  ]);
  command.action(async (path: string) => {
    const invocation = readInvocation<ImportOptions>(command, io);
    const { options } = invocation;
    const alg = options.alg === undefined ? undefined : algorithmOption('--alg', options.alg);
    const { maxKeyBytes } = await import('../../../jose/key.js');
    const { importKeys } = await import('../../../store/keyring-import.js');
    const now = io.now();
    const content = readContent(path, io, maxKeyBytes);
    const source = path === '-' ? 'standard input' : path;
    const rest = { now, alg, kid: options.kid, publicOnly: options.public, source };
    // A passphrase that is named opens the file if need be, and encrypts what is kept.
    const named = await newPassphrase(invocation, io);
    const imported = await (named === undefined
      ? withPassphrase(invocation, io, (passphrase) => importKeys(options.keyring, content, { ...rest, passphrase }))
      : importKeys(options.keyring, content, { ...rest, passphrase: named }));
    if (options.json === true) return printJson(io, toReport(imported));
    describe(imported, now, io);
    for (const { kid } of imported.keys) io.stdout.write(`${kid}\n`);
  });
}

/** What `keys import --json` prints. */
function toReport({ keys, skipped, signing }: ImportedKeys) {
  return {
    keys: keys.map(({ kid, key, hasPrivateHalf }) => ({ kid, alg: key.algorithms[0], private: hasPrivateHalf })),
    skipped: skipped.map(({ kid, reason }) => ({ kid: kid ?? null, reason })),
    signing,
  };
}

function describe({ keys, skipped, signing }: ImportedKeys, now: number, io: Io): void {
  for (const { kid, key, jwk, hasPrivateHalf, isAlgGuessed, isCompleted } of keys) {
    const alg = key.algorithms[0];
    const half = isCompleted ? 'the private half of' : hasPrivateHalf ? 'the private key' : 'the public key';
    const end =
      jwk.exp === undefined ? '' : `; it verifies until ${formatMoment(jwk.exp)}, ${formatDistance(jwk.exp, now)}`;
    io.stderr.write(`imported ${half} ${escapeText(kid)} for ${alg}${end}\n`);
    if (isAlgGuessed) io.stderr.write(`note: the key allows other algorithms than ${alg}; --alg names one\n`);
  }
  for (const { kid, reason } of skipped) {
    io.stderr.write(`note: left out ${kid === undefined ? 'a key' : escapeText(kid)}: ${escapeText(reason)}\n`);
  }
  if (keys.some(({ hasPrivateHalf }) => hasPrivateHalf)) noteSigner(signing, io);
}
