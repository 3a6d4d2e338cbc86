/** The options that several commands have, each declared once. */
import type { Command } from 'commander';
import { type SecretEncoding, secretEncodings } from '../../jose/secret-encoding.js';
import { policyFileName } from '../../policy/find.js';
import type { ColorMode } from '../terminal/colour.js';
import { usage } from '../terminal/errors.js';
import { option, type VariableOption } from './option.js';

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean;
  color: ColorMode;
  envFile?: string[];
  config?: string | false;
  debug?: boolean;
}

/** The examples of each command, which its help shows. */
const examples = new WeakMap<Command, readonly string[]>();

/** Returns the examples of a command; none for a group. */
export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? [];
}

/** Sets the examples in the help of a command. */
export function setExamples(command: Command, shown: readonly string[]): void {
  examples.set(command, shown);
}

/** Adds the options that every command has, after its own, and its examples. */
export function addCommonOptions(command: Command, shown: readonly string[]): Command {
  setExamples(command, shown);
  const envFile = option(
    '-e, --dotenv <file>',
    'read variables from a file such as .env; repeatable, the last one wins',
  );
  const config = option('--config <file>', `policy file (default: ${policyFileName}, if there is one)`).once();
  return command
    .addOption(option('--json', 'print one JSON value; errors as JSON on stderr'))
    .addOption(option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .addOption(option('--no-color', 'as --color never'))
    .addOption(envFile.as('envFile').from('JWTKIT_ENV_FILE').repeatable({ splitsVariable: false }))
    .addOption(config.from('JWTKIT_CONFIG'))
    .addOption(option('--no-config', `do not look for ${policyFileName}`).once())
    .addOption(option('--debug', 'print the stack of an error'));
}

/** The keyring directory of a command that names none. */
export const defaultKeyring = '.jwtkit';

// Each of these functions declares one option.
export const keyringOption = () =>
  option('--keyring <dir>', 'keyring folder').from('JWTKIT_KEYRING').default(defaultKeyring);
export const atOption = () => option('--at <moment>', 'use this as the current time');
export const algOption = () => option('--alg <name>', "algorithm to sign with (default: the key's)").from('JWTKIT_ALG');
export const kidOption = () => option('--kid <id>', 'key ID (default: the RFC 7638 thumbprint)');
export const ttlOption = (description = 'lifetime of the access token (default: 30m)') =>
  option('--ttl <duration>', description).from('JWTKIT_TTL');
export const refreshTtlOption = () =>
  option('--refresh-ttl <duration>', 'lifetime of the refresh token (default: 7d)').from('JWTKIT_REFRESH_TTL');
export const rotateGraceOption = (fallback: string) =>
  option(
    '--rotate-grace <duration>',
    `time in which a used refresh token gives the same successor again (default: ${fallback})`,
  ).from('JWTKIT_ROTATE_GRACE');
export const sessionMaxOption = () =>
  option('--session-max <duration>', 'longest life of a session, however often it is renewed').from(
    'JWTKIT_SESSION_MAX',
  );
export const leewayOption = () =>
  option('--leeway <duration>', 'allowed clock difference (default: 0)').once().from('JWTKIT_LEEWAY');
export const issuersOption = () =>
  option('--iss <issuer>', 'accepted issuer; repeatable, any of them').from('JWTKIT_ISS').repeatable();
export const wideOption = () => option('--wide', 'show everything, however wide the terminal is');
export const grantedScopesOption = () =>
  option('--scope <scope>', 'scopes that its tokens may have; repeatable').repeatable();

export const clientAudienceOption = (description = 'audience of its tokens') =>
  option('--aud <audience>', `${description}, instead of those of serve; repeatable`).repeatable();

/** Declares how long a key verifies after it last signed. */
export function graceOption(description: string): VariableOption {
  const fallback = 'the longest lifetime that variables or the policy set, else 7d';
  return option('--grace <duration>', `${description} (default: ${fallback})`).from('JWTKIT_GRACE');
}

/** Adds the options about the log of GitHub Actions. */
export function addMaskOptions(command: Command): Command {
  return command
    .addOption(option('--mask', 'hide secrets in the log of GitHub Actions'))
    .addOption(option('--no-mask', 'show secrets in the log of GitHub Actions; the default is to hide them'));
}

/** Adds the option that names the denylist. */
export function addStoreOption(command: Command): Command {
  const store = option('--store <location>', 'denylist: lmdb:FOLDER, redis://… (default: in the keyring)').once();
  return command.addOption(store.from('JWTKIT_STORE'));
}

/** Adds the option that asks no denylist. It has no variable: a variable that is set by chance must not drop a check. */
export function addNoStoreOption(command: Command): Command {
  return command.addOption(option('--no-store', 'ask no denylist, not even the one in the keyring').as('asksStore'));
}

/** Adds the options that name the passphrase of a private key; without them a terminal asks for it. */
export function addPassphraseOptions(command: Command): Command {
  const file = option('--passphrase-file <file>', "file with the private key's passphrase; - is stdin");
  const variable = option('--passphrase-env <name>', "variable with the private key's passphrase");
  return command
    .addOption(file.from('JWTKIT_PASSPHRASE_FILE').readsStdin())
    .addOption(variable.from('JWTKIT_PASSPHRASE_ENV'));
}

/** Adds the options that name a password; without them a terminal asks for it. */
export function addPasswordOptions(command: Command): Command {
  return command
    .addOption(
      option('--password-file <file>', 'file with the password, without its last line end; - is stdin').readsStdin(),
    )
    .addOption(option('--password-env <name>', 'variable with the password'));
}

/** Declares that another program's hash stands in the place of a password. `what` begins the description. */
export const passwordHashOption = (what: string) =>
  option('--password-hash', `${what} is a hash that another program made: bcrypt or argon2id`);

/** Adds the options that name the secret of a client. They have no variables: those of the same name are for HMAC secrets. */
export function addClientSecretOptions(command: Command): Command {
  return command
    .addOption(option('--secret-file <file>', 'file with a secret of your own; - is stdin').readsStdin())
    .addOption(option('--secret-env <name>', 'variable with a secret of your own'));
}

/** Adds the options that name the key that signs or the keys that verify. */
export function addKeyOptions(command: Command, purpose: 'sign' | 'verify'): Command {
  const key =
    purpose === 'sign'
      ? option('--key <file>', 'private key: PEM, DER, JWK; - is stdin').from('JWTKIT_KEY')
      : option('--key <file>', 'public key: PEM, DER, certificate, JWK or JWK Set; - is stdin; repeatable')
          .from('JWTKIT_KEY')
          .repeatable({ splitsVariable: false });
  const keyEnv =
    purpose === 'sign'
      ? option('--key-env <name>', 'variable that holds the private key').from('JWTKIT_KEY_ENV')
      : option('--key-env <name>', 'variable that holds public keys; repeatable').from('JWTKIT_KEY_ENV').repeatable();
  command
    .addOption(option('--keyring <dir>', `keyring folder (default: ${defaultKeyring})`).from('JWTKIT_KEYRING'))
    .addOption(key.readsStdin())
    .addOption(keyEnv)
    .addOption(
      option('--secret-file <file>', 'file with an HMAC secret; - is stdin').from('JWTKIT_SECRET_FILE').readsStdin(),
    )
    .addOption(option('--secret-env <name>', 'variable with an HMAC secret').from('JWTKIT_SECRET_ENV'))
    .addOption(
      option('--secret-encoding <name>', 'encoding of the secret (default: none)')
        .choices(secretEncodings)
        .argParser(readEncoding)
        .from('JWTKIT_SECRET_ENCODING'),
    );
  return purpose === 'sign' ? addPassphraseOptions(command) : command;
}

/** Adds the options that say where to fetch keys that verify. */
export function addRemoteOptions(command: Command): Command {
  const issuer = option('--issuer-url <url>', "find the issuer's keys by its metadata; iss must be this URL");
  command
    .addOption(
      option('--jwks <location>', 'JWK Set: an https URL, or a file; - is stdin').from('JWTKIT_JWKS').readsStdin(),
    )
    .addOption(issuer.from('JWTKIT_ISSUER_URL'))
    .addOption(
      option('--jwks-token-file <file>', 'file with a bearer token, sent to the origin of that URL alone').from(
        'JWTKIT_JWKS_TOKEN_FILE',
      ),
    );
  return addFetchOptions(command);
}

/** Adds the options that say how keys are fetched. */
export function addFetchOptions(command: Command): Command {
  return command
    .addOption(option('--timeout <duration>', 'longest wait for fetched keys (default: 5s)').from('JWTKIT_TIMEOUT'))
    .addOption(option('--insecure-http', 'fetch keys over plain HTTP, from any host'))
    .addOption(option('--offline', 'use cached keys of any age, and fetch nothing').from('JWTKIT_OFFLINE'))
    .addOption(option('--no-cache', 'neither read nor write the cache of fetched keys'));
}

/** Reads the name of an encoding. An error does not repeat it: it may be the secret. */
function readEncoding(given: string): string {
  if (secretEncodings.includes(given as SecretEncoding)) return given;
  const hint =
    'it takes the name of an encoding; the secret goes into a file or a variable: --secret-file, --secret-env';
  throw usage(`--secret-encoding is one of ${secretEncodings.join(', ')}`, hint);
}
