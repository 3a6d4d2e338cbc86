/** The options of `keygen`, and which of them go together. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type AlgorithmName, algorithm } from '../../../jose/algorithms.js';
import type { Invocation } from '../../grammar/invocation.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import {
  addCommonOptions,
  addMaskOptions,
  addPassphraseOptions,
  keyringOption,
  kidOption,
} from '../../grammar/shared-options.js';
import type { PassphraseOptions } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { MaskOptions } from '../../terminal/mask.js';
import type { CertificateOptions } from './certificate.js';

export interface KeygenOptions
  extends CertificateOptions,
    PassphraseOptions,
    MaskOptions,
    Texts<'bits' | 'crv' | 'kid' | 'private' | 'public'>,
    Flags<'x5c' | 'force' | 'encrypt'> {
  alg: string;
  keyring: string;
  use: 'sig' | 'enc';
  json?: boolean;
  format: 'pem' | 'jwk';
}

/** The options that name a file, in the order in which the files are written. */
export const targets = ['private', 'public', 'cert', 'csr'] as const;

/** Adds the options of `keygen`. */
export function addKeygenOptions(command: Command): void {
  command
    .addOption(option('--alg <name>', 'algorithm of the key').default('RS256'))
    .addOption(
      option('--use <use>', 'what the key is for: signing, or encryption with ECDH-ES+A256KW or --alg')
        .choices(['sig', 'enc'])
        .default('sig'),
    )
    .addOption(option('--bits <n>', 'size of an RSA key (default: 2048)'))
    .addOption(
      option(
        '--crv <name>',
        'Ed25519 or Ed448 for EdDSA; P-256, P-384, P-521 or X25519 for ECDH-ES (default: the first)',
      ),
    )
    .addOption(kidOption())
    .addOption(keyringOption())
    .addOption(option('--private <file>', 'write the private key or secret here, mode 0600; - is stdout'))
    .addOption(option('--public <file>', 'write the public key here; - is stdout'))
    .addOption(option('--format <format>', 'format of these files').choices(['pem', 'jwk']).default('pem'))
    .addOption(option('--cert <file>', 'write a self-signed certificate of the key here, PEM; - is stdout'))
    .addOption(option('--csr <file>', 'write a certification request (PKCS#10) here, PEM; - is stdout'))
    .addOption(option('--subject <name>', "the owner's name: CN=web,O=Example or /O=Example/CN=web"))
    .addOption(
      option(
        '--san <name>',
        'another name: a host, IP address or URI, or dns:, ip:, uri:, email:…; repeatable',
      ).repeatable(),
    )
    .addOption(option('--days <n>', 'lifetime of the certificate (default: 365)'))
    .addOption(option('--x5c', 'put the certificate into the JWKs of --format jwk'))
    .addOption(option('--force', 'overwrite existing files'))
    .addOption(option('--encrypt', 'encrypt the private key; asks for a passphrase unless an option names one'));
  addPassphraseOptions(command);
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit keygen',
    'jwtkit keygen --alg ES256 --kid web-2026',
    'jwtkit keygen --alg EdDSA --private signing.pem --public verify.pem',
    'jwtkit keygen --use enc',
    'jwtkit keygen --alg HS256 --private secret.txt',
    'jwtkit keygen --kid guarded --passphrase-file passphrase.txt',
    'jwtkit keygen --cert web.crt --subject "CN=web,O=Example" --san web.example --days 90',
    'jwtkit keygen --alg PS256 --private ca.pem --csr ca.csr --subject /O=Example/CN=web',
  ]);
}

/**
 * Refuses options that contradict each other, or that need another one.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkOptions(invocation: Invocation<KeygenOptions>, alg: AlgorithmName): void {
  const { options } = invocation;
  const { private: privatePath, cert, csr } = options;
  const hasCertificate = (cert ?? csr) !== undefined;
  if (algorithm(alg).kty === 'oct') checkSecret(alg, options);
  if (options.x5c === true && (cert === undefined || privatePath === undefined || options.format !== 'jwk')) {
    throw usage('--x5c needs --cert, --private and --format jwk', 'a certificate goes into the JWKs of these files');
  }
  checkPlaces(invocation);
  if (options.days !== undefined && cert === undefined) throw usage('--days is for --cert');
  const name = options.subject === undefined ? options.san && 'san' : 'subject';
  if (name !== undefined && !hasCertificate) throw usage(`--${name} needs --cert or --csr`);
}

function checkSecret(alg: AlgorithmName, options: KeygenOptions): void {
  if ((options.cert ?? options.csr) !== undefined) throw usage(`${alg} takes a secret, which has no certificate`);
  if (options.private === undefined)
    throw usage(`${alg} takes a secret, which a keyring does not hold`, 'name a file: --private secret.txt');
  if (options.public !== undefined)
    throw usage(`${alg} takes a secret, which has no public half`, 'leave out --public');
}

/**
 * Refuses files that contradict each other or the keyring, and options of files without a file.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkPlaces({ options, origin }: Invocation<KeygenOptions>): void {
  checkFiles(options);
  if (options.private !== undefined) {
    if (origin('keyring') === 'flag') throw usage('--keyring and --private exclude each other');
    return;
  }
  if (options.public !== undefined) throw usage('--public needs --private: the private key would be lost');
  if (origin('format') === 'flag') throw usage('--format is for --private and --public, a keyring has its own');
  if (options.force === true && (options.cert ?? options.csr) === undefined)
    throw usage('--force overwrites files only; a key of the keyring is never overwritten');
}

/** Refuses a file that two options name, and a file on stdout beside `--json`. */
function checkFiles(options: Invocation<KeygenOptions>['options']): void {
  const named = targets.filter((name) => options[name] !== undefined);
  const paths = named.map((name) => resolve(options[name] as string));
  const second = paths.findIndex((path, at) => paths.indexOf(path) < at);
  if (second >= 0) {
    throw usage(`--${named[paths.indexOf(paths[second] as string)]} and --${named[second]} name the same file`);
  }
  if (options.json === true && named.some((name) => options[name] === '-')) {
    throw usage('--json and a key on stdout exclude each other', 'write the key to a file');
  }
}
