import type { KeyObject } from 'node:crypto';
import type { Command } from 'commander';
import type { AlgorithmName } from '../../../jose/algorithms.js';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import { writeFileWhole } from '../../../store/files.js';
import type { KeyringEntry } from '../../../token/keyring.js';
import { readNamed } from '../../input.js';
import type { Context, Io } from '../../io.js';
import { addExamples, addPassphraseOptions, type Invocation, option, readInvocation, usage } from '../../options.js';
import { escapeText, printJson } from '../../output.js';
import { newPassphrase, type PassphraseOptions, refusePassphrase, withPassphrase } from '../../passphrase.js';
import { addKeyringOptions, type KeyringOption } from './keyring-options.js';

interface ExportOptions extends KeyringOption, PassphraseOptions {
  public?: boolean;
  private?: boolean;
  format: 'pem' | 'der' | 'jwk' | 'p12';
  cert?: string;
  out?: string;
  force?: boolean;
}

export function registerKeysExport(keys: Command, { io }: Context): void {
  const command = keys
    .command('export')
    .description("Print a key of the keyring, its public half unless told otherwise. The keyring's own format is PEM.")
    .argument('<kid>', 'the key')
    .addOption(option('--public', 'the public half (the default)'))
    .addOption(option('--private', 'the private half'))
    .addOption(
      option('--format <format>', 'SPKI or PKCS#8 as PEM or DER, a JWK, or PKCS#12 with both halves')
        .choices(['pem', 'der', 'jwk', 'p12'])
        .default('pem'),
    )
    .addOption(
      option(
        '--cert <file>',
        'certificate of the key, for a PKCS#12 or as x5c and x5t#S256 of a JWK; a chain may follow it',
      ),
    )
    .addOption(option('--out <file>', 'write to a file instead of stdout, of mode 0600 if private; - is stdout'))
    .addOption(option('--force', 'overwrite the file of --out'));
  addPassphraseOptions(command);
  addKeyringOptions(command);
  addExamples(command, [
    'jwtkit keys export "$KID"',
    'jwtkit keys export "$KID" --format jwk',
    'jwtkit keys export "$KID" --private --out signing.pem',
    'jwtkit keys export "$KID" --format p12 --out signing.p12 --passphrase-file passphrase.txt',
  ]);
  command.action(async (kid: string) => {
    const invocation = readInvocation<ExportOptions>(command, io);
    const { options } = invocation;
    checkOptions(invocation, io);
    const content = await exportKey(kid, invocation, io);
    const half = isPrivateHalf(options) ? 'private' : 'public';
    if (options.out !== undefined && options.out !== '-') {
      const mode = isPrivateHalf(options) ? 0o600 : 0o644;
      writeFileWhole({ path: options.out, content: toFile(content), mode }, { overwrite: options.force === true });
      if (options.json === true) printJson(io, { kid, half, format: options.format, out: options.out });
      else io.stderr.write(`wrote ${escapeText(options.out)}\n`);
    } else if (options.json === true) {
      const key = content instanceof Uint8Array ? Buffer.from(content).toString('base64') : content;
      printJson(io, { kid, half, format: options.format, key });
    } else io.stdout.write(toFile(content));
  });
}

/** PKCS#12 always holds the private half. */
function isPrivateHalf({ private: isPrivate, format }: ExportOptions): boolean {
  return isPrivate === true || format === 'p12';
}

function checkOptions(invocation: Invocation<ExportOptions>, { stdout }: Io): void {
  const { options } = invocation;
  if (options.public === true && isPrivateHalf(options)) {
    throw usage(`--public and ${options.private === true ? '--private' : '--format p12'} exclude each other`);
  }
  if (options.cert !== undefined && options.format !== 'jwk' && options.format !== 'p12') {
    throw usage('--cert is for --format jwk and p12, the others hold a key alone');
  }
  if (!isPrivateHalf(options)) refusePassphrase(invocation, 'the public half');
  if (options.force === true && (options.out === undefined || options.out === '-')) throw usage('--force is for --out');
  if (options.out !== undefined || !stdout.isTerminal) return;
  const way = 'name a file with --out, or pass --out - to print it all the same';
  if (isPrivateHalf(options)) throw usage('a private key is not shown on a terminal', way);
  if (options.format === 'der' && options.json !== true) throw usage('DER is bytes that a terminal does not show', way);
}

/** A key as its format has it: PEM, DER, a JWK or PKCS#12. A further format is a further case here. */
async function exportKey(
  kid: string,
  invocation: Invocation<ExportOptions>,
  io: Io,
): Promise<string | Uint8Array | object> {
  const { options } = invocation;
  const { openKeyring } = await import('../../../store/keyring-directory.js');
  const { entryOf } = await import('../../../token/keyring.js');
  const keyring = openKeyring(options.keyring);
  const entry = entryOf(keyring.entries, kid);
  const certificates = options.cert === undefined ? undefined : await readChain(options.cert);
  if (!isPrivateHalf(options)) return exportPublic(entry, options, certificates);
  // A passphrase that is named opens the key if need be, and encrypts what is written.
  let passphrase = await newPassphrase(invocation, io, options.format === 'p12');
  const { keyObject } = await (passphrase !== undefined
    ? keyring.privateKey(kid, passphrase)
    : withPassphrase(invocation, io, (ask) =>
        keyring.privateKey(kid, async (source) => {
          passphrase = typeof ask === 'function' ? await ask(source) : ask;
          return passphrase;
        }),
      ));
  return exportPrivate(entry, keyObject, { format: options.format, passphrase, certificates, now: io.now() });
}

type Chain = Awaited<ReturnType<typeof readChain>>;

async function readChain(path: string) {
  const { maxKeyBytes } = await import('../../../jose/key.js');
  const { readCertificates } = await import('../../../jose/x509.js');
  return readCertificates(readNamed(path, '--cert', { maxBytes: maxKeyBytes, showsPath: true }), `${path}: `);
}

async function exportPublic({ key, jwk }: KeyringEntry, { format }: ExportOptions, certificates: Chain | undefined) {
  if (format === 'jwk') return { ...jwk, ...(await membersOf(key.keyObject, certificates)) };
  if (format === 'der') return key.keyObject.export({ format: 'der', type: 'spki' });
  const { exportPublicPem } = await import('../../../jose/keys.js');
  return exportPublicPem(key.keyObject);
}

async function membersOf(keyObject: KeyObject, certificates: Chain | undefined) {
  if (certificates === undefined) return {};
  const { certificateMembers } = await import('../../../jose/x509.js');
  return certificateMembers(certificates, keyObject);
}

async function exportPrivate(
  { kid, key, jwk: publicJwk }: KeyringEntry,
  keyObject: KeyObject,
  wish: {
    format: ExportOptions['format'];
    passphrase: Passphrase | undefined;
    certificates: Chain | undefined;
    now: number;
  },
): Promise<string | Uint8Array | object> {
  const { format, passphrase, certificates, now } = wish;
  switch (format) {
    case 'jwk': {
      const { exportPrivateJwk } = await import('../../../jose/jwk.js');
      // What the public half may be used for is not what the private one may.
      const { key_ops: _, ...jwk } = publicJwk;
      return { ...jwk, ...exportPrivateJwk(keyObject), ...(await membersOf(keyObject, certificates)) };
    }
    case 'p12': {
      const { writePkcs12 } = await import('../../../jose/pkcs12.js');
      const chain = certificates ?? [await selfSigned(kid, key.algorithms[0] as AlgorithmName, keyObject, now)];
      const contents = { privateKey: keyObject, certificates: chain, friendlyName: kid };
      return writePkcs12(contents, passphrase as Passphrase);
    }
    case 'der': {
      const der = keyObject.export({ format: 'der', type: 'pkcs8' });
      if (passphrase === undefined) return der;
      const { encryptPkcs8 } = await import('../../../jose/encrypted-key.js');
      return encryptPkcs8(der, passphrase);
    }
    case 'pem': {
      const { exportPrivatePem } = await import('../../../jose/keys.js');
      return exportPrivatePem(keyObject, { passphrase });
    }
  }
}

/** Java's key stores take a key with a certificate alone. */
async function selfSigned(kid: string, alg: AlgorithmName, privateKey: KeyObject, now: number) {
  const { makeCertificate } = await import('../../certificates.js');
  const wish = { subject: `CN=${kid.slice(0, 64)}`, subjectAltNames: [], lifetime: 3650 * 86_400 };
  return makeCertificate(privateKey, alg, wish, now);
}

function toFile(content: string | Uint8Array | object): string | Uint8Array {
  if (typeof content === 'string' || content instanceof Uint8Array) return content;
  return `${JSON.stringify(content, null, 2)}\n`;
}
