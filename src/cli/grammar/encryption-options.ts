/** The options of the commands that encrypt or decrypt, and their values. */
import type { Command } from 'commander';
import { isAlgorithmName } from '../../jose/algorithms.js';
import {
  type ContentEncryptionName,
  contentEncryptionNames,
  isContentEncryptionName,
  isKeyManagementName,
  type KeyManagement,
  type KeyManagementName,
  keyManagement,
  keyManagementNames,
  refusalOfAlgorithm,
} from '../../jwe/algorithms.js';
import { usage } from '../terminal/errors.js';
import { option } from './option.js';
import { addFetchOptions, addPassphraseOptions, defaultKeyring } from './shared-options.js';
import { keyTypeGiven } from './values.js';

/** What types of keys encrypt with. */
const kindOfType: Readonly<Record<string, KeyManagement['kind']>> = {
  RSA: 'RSA',
  EC: 'ECDH',
  OKP: 'ECDH',
  OCT: 'secret',
};

/**
 * Adds the options that name the key to encrypt to, or the keys to decrypt with. Only the keyring has a variable: the variables
 * and the policy name keys for signatures, which must not encrypt.
 */
export function addEncryptionKeyOptions(command: Command, purpose: 'encrypt' | 'decrypt'): Command {
  const isEncrypting = purpose === 'encrypt';
  const key = isEncrypting
    ? option('--key <file>', "the recipient's public key: PEM, DER, certificate, JWK or JWK Set; - is stdin")
    : option('--key <file>', 'private key: PEM, DER, JWK or JWK Set; - is stdin; repeatable').repeatable();
  const keyEnv = isEncrypting
    ? option('--key-env <name>', "variable that holds the recipient's public key")
    : option('--key-env <name>', 'variable that holds private keys; repeatable').repeatable();
  command
    .addOption(option('--keyring <dir>', `keyring folder (default: ${defaultKeyring})`).from('JWTKIT_KEYRING'))
    .addOption(key.readsStdin())
    .addOption(keyEnv)
    .addOption(option('--secret-file <file>', 'file with a shared secret; - is stdin').readsStdin())
    .addOption(option('--secret-env <name>', 'variable with a shared secret'))
    .addOption(
      option('--secret-encoding <name>', 'encoding of the secret (default: none)').choices([
        'base64',
        'base64url',
        'hex',
      ]),
    );
  if (!isEncrypting) return addPassphraseOptions(command);
  command
    .addOption(option('--passphrase-file <file>', 'file with a passphrase to encrypt with; - is stdin').readsStdin())
    .addOption(option('--passphrase-env <name>', 'variable with a passphrase to encrypt with'))
    .addOption(option('--kid <id>', 'the key with this ID, of a keyring or JWK Set; else the kid of the header'))
    .addOption(option('--jwks <location>', "the recipient's JWK Set: an https URL, or a file; - is stdin").readsStdin())
    .addOption(option('--issuer-url <url>', "find the recipient's JWK Set by its metadata"));
  return addFetchOptions(command);
}

/** Reads the name of a key management algorithm, exactly as `alg` carries it. `way` says where one that signs belongs. */
export function readKeyManagement(name: string, way?: string): KeyManagementName {
  if (isKeyManagementName(name)) return name;
  const reason = refusalOfAlgorithm(name);
  if (reason !== undefined) throw usage(`--alg: ${name} is refused: ${reason}`);
  const oneOf = `one of ${keyManagementNames.join(', ')}`;
  if (isAlgorithmName(name)) throw usage(`--alg: ${name} signs and does not encrypt`, way ?? oneOf);
  const kind = Object.hasOwn(kindOfType, name.toUpperCase()) ? kindOfType[name.toUpperCase()] : undefined;
  const ofType = keyManagementNames.filter((each) => keyManagement(each).kind === kind);
  if (ofType.length > 0) throw keyTypeGiven('--alg', name, ofType);
  throw usage(`--alg: ${JSON.stringify(name)} is no encryption algorithm`, oneOf);
}

/** Reads `--alg` beside `--use enc`. */
export function readEncryptionKeyAlgorithm(name: string): KeyManagementName {
  return readKeyManagement(name, 'for a key that signs, leave out --use enc');
}

/** Reads the name of a content encryption algorithm. */
export function readContentEncryption(name: string): ContentEncryptionName {
  if (isContentEncryptionName(name)) return name;
  throw usage(`--enc: ${JSON.stringify(name)} is no content encryption`, `one of ${contentEncryptionNames.join(', ')}`);
}

/** Reads names that are separated by commas or given several times. */
export function readNames<T>(values: readonly string[] | undefined, read: (name: string) => T): T[] | undefined {
  return values?.flatMap((value) => value.split(',')).map((name) => read(name.trim()));
}
