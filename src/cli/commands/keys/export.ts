import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import type { AlgorithmName } from '../../../jose/algorithms.js';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import type { PassphraseSource } from '../../../jose/keys.js';
import type { KeyringEntry } from '../../../token/keyring.js';
import type { Invocation } from '../../grammar/invocation.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addMaskOptions, addPassphraseOptions } from '../../grammar/shared-options.js';
import { readNamed } from '../../secrets/named-file.js';
import { type PassphraseOptions, refusePassphrase } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Context, Io } from '../../terminal/io.js';
import type { MaskOptions } from '../../terminal/mask.js';
import { openToPrint, toDer, toPem } from './key-formats.js';
import {
  type ExportedKey,
  keyForceOption,
  keyOutOption,
  noteUnguardedJwk,
  refuseTerminal,
  refuseUseless,
  writeKey,
} from './key-output.js';
import { addKeyringOptions, kidArgument, kidOf, readKeyringInvocation } from './keyring-options.js';

interface ExportOptions
  extends PassphraseOptions,
    MaskOptions,
    Texts<'cert' | 'out'>,
    Flags<'publicHalf' | 'privateHalf' | 'force'> {
  keyring: string;
  format: 'pem' | 'der' | 'jwk' | 'p12';
}

export function registerKeysExport(keys: Command, { io }: Context): void {
  const command = keys
    .command('export')
    .description(
      "Print a key of the keyring: its public half, or with --private-half its private half. The keyring's own format is PEM.",
    )
    .argument(...kidArgument)
    .addOption(option('--public-half', 'the public half (the default)').formerly('--public'))
    .addOption(option('--private-half', 'the private half').formerly('--private'))
    .addOption(
      option('--format <format>', 'format of the key; p12 is PKCS#12 with both halves')
        .choices(['pem', 'der', 'jwk', 'p12'])
        .default('pem'),
    )
    .addOption(
      option(
        '--cert <file>',
        'certificate of the key, for PKCS#12 or as x5c and x5t#S256 of a JWK; a chain may follow',
      ),
    )
    .addOption(keyOutOption())
    .addOption(keyForceOption());
  addPassphraseOptions(command);
  addMaskOptions(command);
  addKeyringOptions(command, [
    'jwtkit keys export "$KID"',
    'jwtkit keys export "$KID" --format jwk',
    'jwtkit keys export "$KID" --private-half --out signing.pem',
    'jwtkit keys export "$KID" --format p12 --out signing.p12 --passphrase-file passphrase.txt',
  ]);
  command.action(async (named: string) => {
    const invocation = readKeyringInvocation<ExportOptions>(command, io);
    const { options } = invocation;
    checkOptions(invocation, io);
    const kid = await kidOf(named, options.keyring);
    const content = await exportKey(kid, invocation, io);
    await writeKey(content, { kid, isPrivate: isPrivateHalf(options) }, options, io);
  });
}

/** PKCS#12 always holds the private half. */
function isPrivateHalf({ privateHalf, format }: ExportOptions): boolean {
  return privateHalf === true || format === 'p12';
}

function checkOptions(invocation: Invocation<ExportOptions>, io: Io): void {
  const { options } = invocation;
  if (options.publicHalf === true && isPrivateHalf(options)) {
    throw usage(
      `--public-half and ${options.privateHalf === true ? '--private-half' : '--format p12'} exclude each other`,
    );
  }
  if (options.cert !== undefined && options.format !== 'jwk' && options.format !== 'p12') {
    throw usage('--cert is for --format jwk and p12');
  }
  if (!isPrivateHalf(options)) refusePassphrase(invocation, 'the public half');
  refuseUseless(options, io);
  refuseTerminal(options, isPrivateHalf(options), io);
}

type Chain = X509Certificate[] | undefined;

async function exportKey(kid: string, invocation: Invocation<ExportOptions>, io: Io): Promise<ExportedKey> {
  const { options } = invocation;
  const { openKeyring } = await import('../../../store/keyring/directory.js');
  const { entryOf } = await import('../../../token/keyring.js');
  const keyring = openKeyring(options.keyring);
  if (keyring.encryptionKeys.some((key) => key.kid === kid))
    return exportForEncryption(kid, keyring.directory, invocation, io);
  const entry = entryOf(keyring.entries, kid);
  const certificates = options.cert === undefined ? undefined : await readChain(options.cert);
  if (!isPrivateHalf(options)) return exportPublic(entry, options, certificates);
  const open = (passphrase: PassphraseSource) => keyring.privateKey(kid, passphrase);
  const { read, passphrase } = await openToPrint(invocation, io, open, options.format === 'p12');
  noteUnguardedJwk(options.format, passphrase !== undefined, io);
  return exportPrivate(entry, read.keyObject, options, passphrase, certificates, io.now());
}

/** A key for encryption, whose private half may be needed where the keyring is not. */
async function exportForEncryption(
  kid: string,
  directory: string,
  invocation: Invocation<ExportOptions>,
  io: Io,
): Promise<ExportedKey> {
  const { options } = invocation;
  const { format } = options;
  if (format === 'p12' || options.cert !== undefined) throw usage('certificates and PKCS#12 are for keys that sign');
  const { findEncryptionKey } = await import('../../../store/keyring/encryption.js');
  const isPrivate = options.privateHalf === true;
  const find = (passphrase?: PassphraseSource) => findEncryptionKey(directory, kid, isPrivate, passphrase);
  const { read, passphrase } = isPrivate
    ? await openToPrint(invocation, io, find)
    : { read: await find(), passphrase: undefined };
  const { keyObject } = read.key;
  if (isPrivate) noteUnguardedJwk(format, passphrase !== undefined, io);
  if (format === 'jwk') {
    const { exportPrivateJwk } = await import('../../../jose/jwk.js');
    return { ...read.jwk, ...exportPrivateJwk(keyObject) };
  }
  return format === 'der' ? toDer(keyObject, passphrase) : toPem(keyObject, passphrase);
}

async function readChain(path: string) {
  const { maxKeyBytes } = await import('../../../jose/key.js');
  const { readCertificates } = await import('../../../jose/x509.js');
  return readCertificates(readNamed(path, '--cert', { maxBytes: maxKeyBytes, showsPath: true }), `${path}: `);
}

async function exportPublic({ key, jwk }: KeyringEntry, { format }: ExportOptions, certificates: Chain) {
  if (format === 'jwk') return { ...jwk, ...(await membersOf(key.keyObject, certificates)) };
  return format === 'der' ? toDer(key.keyObject, undefined) : toPem(key.keyObject, undefined);
}

async function membersOf(keyObject: KeyObject, certificates: Chain) {
  if (certificates === undefined) return {};
  const { certificateMembers } = await import('../../../jose/x509.js');
  return certificateMembers(certificates, keyObject);
}

async function exportPrivate(
  { kid, key, jwk: publicJwk }: KeyringEntry,
  keyObject: KeyObject,
  { format }: ExportOptions,
  passphrase: Passphrase | undefined,
  certificates: Chain,
  now: number,
): Promise<ExportedKey> {
  switch (format) {
    case 'jwk': {
      const { exportPrivateJwk } = await import('../../../jose/jwk.js');
      // key_ops of the public half do not fit the private half.
      const { key_ops: _, ...jwk } = publicJwk;
      return { ...jwk, ...exportPrivateJwk(keyObject), ...(await membersOf(keyObject, certificates)) };
    }
    case 'p12': {
      const { writePkcs12 } = await import('../../../jose/pkcs12.js');
      const chain = certificates ?? [await selfSigned(kid, key.algorithms[0] as AlgorithmName, keyObject, now)];
      const contents = { privateKey: keyObject, certificates: chain, friendlyName: kid };
      return writePkcs12(contents, passphrase as Passphrase);
    }
    case 'der':
      return toDer(keyObject, passphrase);
    case 'pem':
      return toPem(keyObject, passphrase);
  }
}

/** Makes a certificate, since Java's key stores take no key without one. */
async function selfSigned(kid: string, alg: AlgorithmName, privateKey: KeyObject, now: number) {
  const { makeCertificate } = await import('../keygen/certificate.js');
  const contents = { subject: `CN=${kid.slice(0, 64)}`, subjectAltNames: [], lifetime: 3650 * 86_400 };
  return makeCertificate(privateKey, alg, contents, now);
}
