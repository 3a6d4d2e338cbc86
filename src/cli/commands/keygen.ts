import type { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type AlgorithmName, algorithm } from '../../jose/algorithms.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import type { Jwk } from '../../jose/jwk.js';
import type { GeneratedKey } from '../../jose/keys.js';
import { placeFiles, refuseExisting, type WholeFile } from '../../store/files.js';
import type { CertificateFlags, CertificateWish } from '../certificates.js';
import type { Context, Io } from '../io.js';
import {
  addCommonOptions,
  addExamples,
  addPassphraseOptions,
  algorithmOption,
  bitsOption,
  type Invocation,
  option,
  readInvocation,
  usage,
} from '../options.js';
import { escapeText, printJson } from '../output.js';
import type { PassphraseOptions } from '../passphrase.js';
import { generateWithSpinner } from '../spinner.js';

interface KeygenOptions extends CertificateFlags, PassphraseOptions {
  alg: string;
  bits?: string;
  crv?: string;
  kid?: string;
  keyring: string;
  private?: string;
  public?: string;
  format: 'pem' | 'jwk';
  x5c?: boolean;
  force?: boolean;
  encrypt?: boolean;
}

export function registerKeygen(program: Command, { io }: Context): void {
  const command = program
    .command('keygen')
    .description('Make a key pair in the keyring, or a pair (or an HMAC secret) in files of their own.')
    .addOption(option('--alg <name>', 'algorithm that the key is for').default('RS256'))
    .addOption(option('--bits <n>', 'size of an RSA key (default: 2048)'))
    .addOption(option('--crv <name>', 'curve for EdDSA: Ed25519 or Ed448 (default: Ed25519)'))
    .addOption(option('--kid <id>', 'key ID (default: the RFC 7638 thumbprint)'))
    .addOption(option('--keyring <dir>', 'keyring directory').from('JWTKIT_KEYRING').default('.jwtkit'))
    .addOption(option('--private <file>', 'write the private key or secret here instead, mode 0600; - is stdout'))
    .addOption(option('--public <file>', 'write the public key here; - is stdout'))
    .addOption(option('--format <format>', 'of --private and --public').choices(['pem', 'jwk']).default('pem'))
    .addOption(option('--cert <file>', 'write a self-signed certificate of the key here, PEM; - is stdout'))
    .addOption(option('--csr <file>', 'write a certification request (PKCS#10) here, PEM; - is stdout'))
    .addOption(option('--subject <name>', 'whose certificate it is: CN=web,O=Example or /O=Example/CN=web'))
    .addOption(
      option(
        '--san <name>',
        'host, IP address or URI it speaks for besides, or dns:, ip:, uri:, email:…; repeatable',
      ).repeatable(),
    )
    .addOption(option('--days <n>', 'life of the certificate (default: 365)'))
    .addOption(option('--x5c', 'put the certificate into the JWKs of --format jwk'))
    .addOption(option('--force', 'overwrite existing files'))
    .addOption(option('--encrypt', 'encrypt the private key; asks for a passphrase unless one is named'));
  addPassphraseOptions(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit keygen',
    'jwtkit keygen --alg ES256 --kid web-2026',
    'jwtkit keygen --alg EdDSA --private signing.pem --public verify.pem',
    'jwtkit keygen --alg HS256 --private secret.txt',
    'jwtkit keygen --kid guarded --passphrase-file passphrase.txt',
    'jwtkit keygen --cert web.crt --subject "CN=web,O=Example" --san web.example --days 90',
    'jwtkit keygen --alg PS256 --private ca.pem --csr ca.csr --subject /O=Example/CN=web',
  ]);
  command.action(async () => {
    const invocation = readInvocation<KeygenOptions>(command, io);
    const { options } = invocation;
    const alg = algorithmOption('--alg', options.alg);
    checkTargets(invocation, alg);
    const wish = await readWish(invocation);
    const passphrase = await passphraseFor(invocation, alg, io);
    const pair = await generateWithSpinner(io)(alg, { bits: bitsOption(options.bits), crv: options.crv });
    const made = { alg, pair, passphrase, ...(await certify(pair, alg, options, wish, io)) };
    const kid =
      options.private === undefined ? await intoKeyring(made, options, io) : await intoFiles(made, options, io);
    if (options.json === true) printJson(io, toReport(kid, made, options));
    else if (targets.every((name) => options[name] !== '-')) io.stdout.write(kid === null ? '' : `${kid}\n`);
  });
}

/** Files that options name, in the order in which they are written. */
const targets = ['private', 'public', 'cert', 'csr'] as const;
type Target = (typeof targets)[number];

/** What `keygen --json` prints: the key, and where everything is. */
function toReport(kid: string | null, { alg, passphrase }: MadeKey, options: KeygenOptions): object {
  const place = options.private === undefined ? { keyring: options.keyring } : {};
  const files = targets.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  const encrypted = passphrase === undefined ? {} : { encrypted: true };
  return { kid, alg, ...place, ...Object.fromEntries(files), ...encrypted };
}

/** The passphrase to encrypt the private key with; neither a secret nor a JWK can be encrypted. */
async function passphraseFor(
  invocation: Invocation<KeygenOptions>,
  alg: AlgorithmName,
  io: Io,
): Promise<Passphrase | undefined> {
  const { options } = invocation;
  const { newPassphrase, refusePassphrase } = await import('../passphrase.js');
  const isSecret = algorithm(alg).kty === 'oct';
  if (!isSecret && options.format === 'pem') return newPassphrase(invocation, io, options.encrypt);
  const what = isSecret ? 'a shared secret' : 'a JWK';
  if (options.encrypt === true) throw usage(`--encrypt is for a private key in PEM, ${what} is not encrypted`);
  refusePassphrase(invocation, what, isSecret ? 'flag' : 'any');
  return undefined;
}

function checkTargets({ options, origin }: Invocation<KeygenOptions>, alg: AlgorithmName): void {
  const { private: privatePath, public: publicPath, cert, csr } = options;
  const isSecret = algorithm(alg).kty === 'oct';
  checkNames(options);
  if (isSecret && (cert ?? csr) !== undefined) throw usage(`${alg} takes a secret, which has no certificate`);
  if (options.x5c === true && (cert === undefined || privatePath === undefined || options.format !== 'jwk')) {
    throw usage('--x5c needs --cert, --private and --format jwk', 'a certificate goes into the JWKs of these files');
  }
  if (privatePath === undefined) {
    if (publicPath !== undefined) throw usage('--public needs --private: the private key would be lost');
    if (isSecret)
      throw usage(`${alg} takes a secret, which a keyring does not hold`, 'name a file: --private secret.txt');
    if (origin('format') === 'flag') throw usage('--format is for --private and --public, a keyring has its own');
    if (options.force === true && (cert ?? csr) === undefined)
      throw usage("--force is for --private and --public, --cert and --csr, a keyring's keys are never overwritten");
    return;
  }
  if (isSecret && publicPath !== undefined)
    throw usage(`${alg} takes a secret, which has no public half`, 'leave out --public');
  if (origin('keyring') === 'flag') throw usage('--keyring and --private exclude each other');
}

/** Each file once, and nothing beside `--json` on stdout. */
function checkNames(options: Invocation<KeygenOptions>['options']): void {
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

/** What the certificate and the request shall say, read before a key is made; undefined where none is asked for. */
async function readWish(invocation: Invocation<KeygenOptions>): Promise<CertificateWish | undefined> {
  const { cert, csr, subject, san, days } = invocation.options;
  if (days !== undefined && cert === undefined) throw usage('--days is for --cert, whose life it is');
  if ((cert ?? csr) === undefined) {
    if (subject === undefined && san === undefined) return undefined;
    throw usage(`--${subject === undefined ? 'san' : 'subject'} needs --cert or --csr, which it goes into`);
  }
  const { certificateWish } = await import('../certificates.js');
  return certificateWish(invocation);
}

/** A fresh key with what was made of it. */
interface MadeKey {
  readonly alg: AlgorithmName;
  readonly pair: GeneratedKey;
  /** What the private key is to be encrypted with. */
  readonly passphrase: Passphrase | undefined;
  readonly certificate?: X509Certificate;
  readonly request?: string;
}

async function certify(
  pair: GeneratedKey,
  alg: AlgorithmName,
  { cert, csr }: KeygenOptions,
  wish: CertificateWish | undefined,
  io: Io,
): Promise<Pick<MadeKey, 'certificate' | 'request'>> {
  if (wish === undefined || !('privateKey' in pair)) return {};
  const { makeCertificate, makeRequest } = await import('../certificates.js');
  return {
    ...(cert === undefined ? {} : { certificate: await makeCertificate(pair.privateKey, alg, wish, io.now()) }),
    ...(csr === undefined ? {} : { request: await makeRequest(pair.privateKey, alg, wish) }),
  };
}

async function intoKeyring(made: MadeKey, options: KeygenOptions, io: Io): Promise<string> {
  const { addKey, holdsEncryptedKey } = await import('../../store/keyring-changes.js');
  const { alg, pair, passphrase } = made;
  const kid = await withFiles(certificateTexts(made), options, io, () => {
    return addKey(options.keyring, pair, { alg, now: io.now(), kid: options.kid, passphrase });
  });
  const what = passphrase === undefined ? 'a key' : 'an encrypted key';
  io.stderr.write(`made ${what} for ${alg} in ${escapeText(options.keyring)}; it signs from now on\n`);
  if (passphrase === undefined && holdsEncryptedKey(options.keyring)) {
    const { noteUnguarded } = await import('../passphrase.js');
    noteUnguarded('others of the keyring are', io);
  }
  return kid;
}

async function intoFiles(made: MadeKey, options: KeygenOptions, io: Io): Promise<string | null> {
  const { thumbprint } = await import('../../jose/jwk.js');
  const { alg, pair } = made;
  const kid = 'secret' in pair ? (options.kid ?? null) : (options.kid ?? thumbprint(pair.publicKey));
  const texts = await keyTexts(made, options, { ...(kid === null ? {} : { kid }), alg, use: 'sig' });
  await withFiles({ ...texts, ...certificateTexts(made) }, options, io, async () => {});
  return kid;
}

type Texts = { readonly [name in Target]?: string };

function certificateTexts({ certificate, request }: MadeKey): Texts {
  return {
    ...(certificate === undefined ? {} : { cert: certificate.toString() }),
    ...(request === undefined ? {} : { csr: request }),
  };
}

/** Writes all files that options name, or none of them where one cannot be written or `work` fails; `-` is stdout. */
async function withFiles<T>(texts: Texts, options: KeygenOptions, io: Io, work: () => Promise<T>): Promise<T> {
  const files: WholeFile[] = [];
  for (const name of targets) {
    const path = options[name];
    const content = texts[name];
    if (path === undefined || path === '-' || content === undefined) continue;
    files.push({ path, content, mode: name === 'private' ? 0o600 : 0o644 });
  }
  const overwrite = options.force === true;
  if (!overwrite) refuseExisting(files);
  const placed = placeFiles(files, { overwrite });
  let result: T;
  try {
    result = await work();
    for (const name of targets) if (options[name] === '-') io.stdout.write(texts[name] ?? '');
  } catch (error) {
    placed.undo();
    throw error;
  }
  placed.keep();
  for (const { path } of files) io.stderr.write(`wrote ${escapeText(path)}\n`);
  return result;
}

/** Both halves as the text of a file. A secret in `pem` format is a line of base64url, taken as it stands by `--secret-file`. */
async function keyTexts(
  { pair, certificate, passphrase }: MadeKey,
  { format, x5c }: KeygenOptions,
  traits: Omit<Jwk, 'kty'>,
): Promise<{ private: string; public?: string }> {
  const { exportPrivateJwk, exportPublicJwk } = await import('../../jose/jwk.js');
  const { exportPrivatePem, exportPublicPem } = await import('../../jose/keys.js');
  const jwkText = (jwk: Jwk) => `${JSON.stringify({ ...jwk, ...traits }, null, 2)}\n`;
  if ('secret' in pair) {
    const jwk = exportPrivateJwk(pair.secret);
    return { private: format === 'jwk' ? jwkText(jwk) : `${jwk.k}\n` };
  }
  const { privateKey, publicKey } = pair;
  if (format === 'pem')
    return { private: exportPrivatePem(privateKey, { passphrase }), public: exportPublicPem(publicKey) };
  const { certificateMembers } = await import('../../jose/x509.js');
  const members = x5c === true && certificate !== undefined ? certificateMembers([certificate], privateKey) : {};
  return {
    private: jwkText({ ...exportPrivateJwk(privateKey), ...members }),
    public: jwkText({ ...exportPublicJwk(publicKey), ...members }),
  };
}
