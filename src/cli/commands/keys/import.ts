import type { Command } from 'commander';
import { JwtkitError } from '../../../errors.js';
import type { SkippedJwk } from '../../../jose/jwk-set.js';
import type { ImportKeysOptions } from '../../../store/keyring/import.js';
import { type KeyUse, keyWords } from '../../../token/key-words.js';
import type { DatedKey } from '../../../token/keyring.js';
import { readKeyAlgorithm } from '../../grammar/key-algorithm.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addPassphraseOptions } from '../../grammar/shared-options.js';
import { readKeyArgument } from '../../secrets/named-file.js';
import { passphraseToKeep } from '../../secrets/new-secrets.js';
import { type PassphraseOptions, withPassphrase } from '../../secrets/passphrase.js';
import type { Context, Io } from '../../terminal/io.js';
import { afterChange, printJson, showMoment } from '../../terminal/output.js';
import { inputName } from '../../terminal/stdin.js';
import { addKeyringOptions, readKeyringInvocation, tellSigner } from './keyring-options.js';

type ImportOptions = PassphraseOptions & Texts<'alg' | 'kid'> & Flags<'publicHalf'> & { use: KeyUse };

/** What was imported, whatever it is for. */
interface Imported {
  readonly keys: readonly (DatedKey & {
    readonly alg: string;
    readonly isCompleted: boolean;
    isAlgGuessed?: boolean;
  })[];
  readonly skipped: readonly SkippedJwk[];
  readonly signing: string | null;
}

export function registerKeysImport(keys: Command, { io }: Context): void {
  const command = keys
    .command('import')
    .description('Add keys to the keyring. A private key signs from now on, a public key verifies. Prints their kids.')
    .argument('<file>', 'PEM, DER, certificate, PKCS#12, JWK or JWK Set; - is stdin')
    .addOption(
      option('--use <use>', 'what the keys are for: signing or encryption').choices(['sig', 'enc']).default('sig'),
    )
    .addOption(
      option('--alg <name>', 'algorithm of a key that names none (default: RS256 for RSA, of use enc RSA-OAEP-256)'),
    )
    .addOption(option('--kid <id>', "key ID (default: the JWK's, else the RFC 7638 thumbprint)"))
    .addOption(
      option('--public-half', 'take only the public half: the key verifies and does not sign').formerly('--public'),
    );
  addPassphraseOptions(command);
  addKeyringOptions(command, [
    'jwtkit keys import partner.pem --kid partner',
    'openssl genpkey -quiet -algorithm x25519 | jwtkit keys import - --use enc',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid mine',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys import - --kid sealed --passphrase-file passphrase.txt',
  ]);
  command.action(async (path: string) => {
    const invocation = readKeyringInvocation<ImportOptions>(command, io);
    const { options } = invocation;
    const importAll = await importer(options);
    const { maxKeyBytes } = await import('../../../jose/key.js');
    const now = io.now();
    const content = readKeyArgument(path, io, maxKeyBytes);
    const source = inputName(path);
    const rest = { now, kid: options.kid, publicOnly: options.publicHalf, source, note: io.note };
    // A named passphrase opens an encrypted file, and encrypts the keyring's copy.
    const named = await passphraseToKeep(invocation, io);
    const imported = await (named === undefined
      ? withPassphrase(invocation, io, (passphrase) => importAll(options.keyring, content, { ...rest, passphrase }))
      : importAll(options.keyring, content, { ...rest, passphrase: named }));
    const told = afterChange(io, 'the keys were imported');
    if (options.json === true) {
      const { keys, skipped, signing } = imported;
      const added = keys.map(({ kid, alg, hasPrivateHalf: half }) => ({ kid, alg, private: half }));
      const leftOut = skipped.map(({ kid = null, reason }) => ({ kid, reason }));
      printJson(told, { keys: added, skipped: leftOut, signing });
    } else sayImported(imported, options.use, now, io);
    noteImported(imported, options, io);
    if (options.json !== true) for (const { kid } of imported.keys) told.stdout.write(`${kid}\n`);
  });
}

type Import = (keyring: string, content: Uint8Array, options: Omit<ImportKeysOptions, 'alg'>) => Promise<Imported>;

/** Returns what imports keys of the use that is asked for. */
async function importer({ use, alg }: ImportOptions): Promise<Import> {
  if (use === 'enc') {
    const { importEncryptionKeys } = await import('../../../store/keyring/import-encryption.js');
    const { readEncryptionKeyAlgorithm } = await import('../../grammar/encryption-options.js');
    const name = alg === undefined ? undefined : readEncryptionKeyAlgorithm(alg);
    return (keyring, content, rest) => importEncryptionKeys(keyring, content, { ...rest, alg: name });
  }
  const name = alg === undefined ? undefined : await readKeyAlgorithm(alg);
  const { importKeys } = await import('../../../store/keyring/import.js');
  return async (keyring, content, rest) => {
    const { keys, ...others } = await importKeys(keyring, content, { ...rest, alg: name }).catch(hintAtUse);
    return { ...others, keys: keys.map((each) => ({ ...each, alg: each.key.algorithms[0] as string })) };
  };
}

/** Adds the hint --use enc to the error about a key for encryption. */
function hintAtUse(error: unknown): never {
  const isForEncryption = error instanceof JwtkitError && /use is "enc"|type x25519|X25519/.test(error.message);
  if (!isForEncryption || error.hint !== undefined) throw error;
  throw new JwtkitError(error.code, error.message, { hint: 'a key for encryption is imported with --use enc' });
}

function sayImported({ keys }: Imported, use: KeyUse, now: number, io: Io): void {
  for (const { kid, alg, jwk, hasPrivateHalf, isCompleted } of keys) {
    const half = isCompleted ? 'the private half of' : hasPrivateHalf ? 'the private key' : 'the public key';
    const end = jwk.exp === undefined ? '' : `; it ${keyWords[use].verifies} until ${showMoment(jwk.exp, now)}`;
    io.say(`imported ${half} ${kid} for ${alg}${end}`);
  }
}

function noteImported({ keys, skipped, signing }: Imported, options: { json?: boolean; use: KeyUse }, io: Io): void {
  for (const { alg, isAlgGuessed } of keys) {
    if (isAlgGuessed === true) io.note(`the key allows other algorithms than ${alg}; --alg names one`);
  }
  for (const { kid = 'a key', reason } of skipped) {
    const way = options.use === 'sig' && reason.startsWith('use is "enc"') ? '; --use enc imports it' : '';
    io.note(`left out ${kid}: ${reason}${way}`);
  }
  if (keys.some(({ hasPrivateHalf }) => hasPrivateHalf)) tellSigner(signing, options.use, options, io);
}
