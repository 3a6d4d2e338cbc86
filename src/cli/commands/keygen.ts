import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type AlgorithmName, algorithm } from '../../jose/algorithms.js';
import type { Passphrase } from '../../jose/encrypted-key.js';
import type { Jwk } from '../../jose/jwk.js';
import type { GeneratedKey } from '../../jose/keys.js';
import { refuseExisting, type WholeFile, writeFilesWhole } from '../../store/files.js';
import type { Context, Io } from '../io.js';
import {
  addCommonOptions,
  addExamples,
  addPassphraseOptions,
  algorithmOption,
  type Invocation,
  option,
  readInvocation,
  usage,
} from '../options.js';
import { escapeText, printJson } from '../output.js';
import type { PassphraseOptions } from '../passphrase.js';

interface KeygenOptions extends PassphraseOptions {
  alg: string;
  bits?: string;
  crv?: string;
  kid?: string;
  keyring: string;
  private?: string;
  public?: string;
  format: 'pem' | 'jwk';
  force?: boolean;
  encrypt?: boolean;
}

/** RSA keys of this size and above take long enough for a person to wonder, in bits. */
const slowRsaBits = 3072;

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
  ]);
  command.action(async () => {
    const invocation = readInvocation<KeygenOptions>(command, io);
    const { options } = invocation;
    const alg = algorithmOption('--alg', options.alg);
    checkTargets(invocation, alg);
    const passphrase = await passphraseFor(invocation, alg, io);
    const pair = await generate(alg, options, io);
    const into = options.private === undefined ? intoKeyring : intoFiles;
    const made = await into(pair, alg, options, passphrase, io);
    if (options.json === true) printJson(io, made);
    else if (options.private !== '-' && options.public !== '-')
      io.stdout.write(made.kid === null ? '' : `${made.kid}\n`);
  });
}

/** What `keygen --json` prints. */
interface MadeKey {
  kid: string | null;
  alg: AlgorithmName;
  keyring?: string;
  private?: string;
  public?: string;
  encrypted?: true;
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
  const { private: privatePath, public: publicPath } = options;
  const isSecret = algorithm(alg).kty === 'oct';
  if (privatePath === undefined) {
    if (publicPath !== undefined) throw usage('--public needs --private: the private key would be lost');
    if (isSecret)
      throw usage(`${alg} takes a secret, which a keyring does not hold`, 'name a file: --private secret.txt');
    if (origin('format') === 'flag') throw usage('--format is for --private and --public, a keyring has its own');
    if (options.force === true)
      throw usage("--force is for --private and --public, a keyring's keys are never overwritten");
    return;
  }
  if (isSecret && publicPath !== undefined)
    throw usage(`${alg} takes a secret, which has no public half`, 'leave out --public');
  if (publicPath !== undefined && resolve(privatePath) === resolve(publicPath)) {
    throw usage('--private and --public name the same file');
  }
  if (origin('keyring') === 'flag') throw usage('--keyring and --private exclude each other');
  if (options.json === true && (privatePath === '-' || publicPath === '-')) {
    throw usage('--json and a key on stdout exclude each other', 'write the key to a file');
  }
}

async function generate(alg: AlgorithmName, options: KeygenOptions, io: Io): Promise<GeneratedKey> {
  const { generateKey } = await import('../../jose/keys.js');
  if (options.bits !== undefined && !/^\d{1,6}$/.test(options.bits)) {
    throw usage(`--bits: ${JSON.stringify(options.bits)} is not a number of bits`, 'such as 2048 or 4096');
  }
  const bits = options.bits === undefined ? undefined : Number(options.bits);
  const stop = await startSpinner(bits ?? 0, io);
  try {
    return await generateKey(alg, { bits, crv: options.crv });
  } finally {
    stop();
  }
}

/** Turns a spinner on a terminal's stderr while a long RSA key is made. */
async function startSpinner(bits: number, { stderr }: Io): Promise<() => void> {
  const stream = stderr.isTerminal ? stderr.stream?.() : undefined;
  if (bits < slowRsaBits || stream === undefined) return () => {};
  const { default: yoctoSpinner } = await import('yocto-spinner');
  const spinner = yoctoSpinner({ text: `making an RSA key of ${bits} bits`, stream }).start();
  return () => spinner.stop();
}

async function intoKeyring(
  pair: GeneratedKey,
  alg: AlgorithmName,
  options: KeygenOptions,
  passphrase: Passphrase | undefined,
  io: Io,
): Promise<MadeKey> {
  const { addKey } = await import('../../store/keyring-directory.js');
  const kid = await addKey(options.keyring, pair, { alg, now: io.now(), kid: options.kid, passphrase });
  const what = passphrase === undefined ? 'a key' : 'an encrypted key';
  io.stderr.write(`made ${what} for ${alg} in ${escapeText(options.keyring)}; it signs from now on\n`);
  return { kid, alg, keyring: options.keyring, ...(passphrase === undefined ? {} : { encrypted: true }) };
}

async function intoFiles(
  pair: GeneratedKey,
  alg: AlgorithmName,
  options: KeygenOptions,
  passphrase: Passphrase | undefined,
  io: Io,
): Promise<MadeKey> {
  const { thumbprint } = await import('../../jose/jwk.js');
  const kid = 'secret' in pair ? (options.kid ?? null) : (options.kid ?? thumbprint(pair.publicKey));
  const traits = { ...(kid === null ? {} : { kid }), alg, use: 'sig' };
  const texts = await keyTexts(pair, options.format, traits, passphrase);
  const files: WholeFile[] = [];
  for (const half of ['private', 'public'] as const) {
    const path = options[half];
    const content = texts[half];
    if (path === undefined || content === undefined) continue;
    if (path !== '-') files.push({ path, content, mode: half === 'private' ? 0o600 : 0o644 });
  }
  if (options.force !== true) refuseExisting(files);
  for (const half of ['private', 'public'] as const) if (options[half] === '-') io.stdout.write(texts[half] ?? '');
  writeFilesWhole(files, { overwrite: options.force === true });
  for (const { path } of files) io.stderr.write(`wrote ${escapeText(path)}\n`);
  return {
    kid,
    alg,
    ...(options.private === undefined ? {} : { private: options.private }),
    ...(options.public === undefined ? {} : { public: options.public }),
    ...(passphrase === undefined ? {} : { encrypted: true }),
  };
}

/** Both halves as the text of a file. A secret in `pem` format is a line of base64url, taken as it stands by `--secret-file`. */
async function keyTexts(
  pair: GeneratedKey,
  format: 'pem' | 'jwk',
  traits: Omit<Jwk, 'kty'>,
  passphrase: Passphrase | undefined,
): Promise<{ private: string; public?: string }> {
  const { exportPrivateJwk, exportPublicJwk } = await import('../../jose/jwk.js');
  const { exportPrivatePem, exportPublicPem } = await import('../../jose/keys.js');
  const jwkText = (jwk: Jwk) => `${JSON.stringify({ ...jwk, ...traits }, null, 2)}\n`;
  if ('secret' in pair) {
    const jwk = exportPrivateJwk(pair.secret);
    return { private: format === 'jwk' ? jwkText(jwk) : `${jwk.k}\n` };
  }
  const { privateKey, publicKey } = pair;
  return format === 'jwk'
    ? { private: jwkText(exportPrivateJwk(privateKey)), public: jwkText(exportPublicJwk(publicKey)) }
    : { private: exportPrivatePem(privateKey, { passphrase }), public: exportPublicPem(publicKey) };
}
