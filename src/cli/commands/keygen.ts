import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type AlgorithmName, algorithm } from '../../jose/algorithms.js';
import type { Jwk } from '../../jose/jwk.js';
import type { GeneratedKey } from '../../jose/keys.js';
import { refuseExisting, type WholeFile, writeFilesWhole } from '../../store/files.js';
import type { Context, Io } from '../io.js';
import {
  addCommonOptions,
  addExamples,
  algorithmOption,
  type Invocation,
  option,
  readInvocation,
  usage,
} from '../options.js';
import { escapeText, printJson } from '../output.js';

interface KeygenOptions {
  alg: string;
  bits?: string;
  crv?: string;
  kid?: string;
  keyring: string;
  private?: string;
  public?: string;
  format: 'pem' | 'jwk';
  force?: boolean;
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
    .addOption(option('--force', 'overwrite existing files'));
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit keygen',
    'jwtkit keygen --alg ES256 --kid web-2026',
    'jwtkit keygen --alg EdDSA --private signing.pem --public verify.pem',
    'jwtkit keygen --alg HS256 --private secret.txt',
  ]);
  command.action(async () => {
    const invocation = readInvocation<KeygenOptions>(command, io);
    const { options } = invocation;
    const alg = algorithmOption('--alg', options.alg);
    checkTargets(invocation, alg);
    const pair = await generate(alg, options, io);
    const made =
      options.private === undefined
        ? await intoKeyring(pair, alg, options, io)
        : await intoFiles(pair, alg, options, io);
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

async function intoKeyring(pair: GeneratedKey, alg: AlgorithmName, options: KeygenOptions, io: Io): Promise<MadeKey> {
  const { addKey } = await import('../../store/keyring-directory.js');
  const kid = await addKey(options.keyring, pair, { alg, now: io.now(), kid: options.kid });
  io.stderr.write(`made a key for ${alg} in ${escapeText(options.keyring)}; it signs from now on\n`);
  return { kid, alg, keyring: options.keyring };
}

async function intoFiles(pair: GeneratedKey, alg: AlgorithmName, options: KeygenOptions, io: Io): Promise<MadeKey> {
  const { thumbprint } = await import('../../jose/jwk.js');
  const kid = 'secret' in pair ? (options.kid ?? null) : (options.kid ?? thumbprint(pair.publicKey));
  const texts = await keyTexts(pair, options.format, { ...(kid === null ? {} : { kid }), alg, use: 'sig' });
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
  };
}

/** Both halves as the text of a file. A secret in `pem` format is a line of base64url, taken as it stands by `--secret-file`. */
async function keyTexts(
  pair: GeneratedKey,
  format: 'pem' | 'jwk',
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
  return format === 'jwk'
    ? { private: jwkText(exportPrivateJwk(privateKey)), public: jwkText(exportPublicJwk(publicKey)) }
    : { private: exportPrivatePem(privateKey), public: exportPublicPem(publicKey) };
}
