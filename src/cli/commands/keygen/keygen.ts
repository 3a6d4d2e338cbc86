import type { Command } from 'commander';
import { type AlgorithmName, algorithm } from '../../../jose/algorithms.js';
import type { GeneratedKey } from '../../../jose/generate-key.js';
import { type Invocation, readInvocation } from '../../grammar/invocation.js';
import { readKeyAlgorithm } from '../../grammar/key-algorithm.js';
import { keyringFolder } from '../../grammar/unnamed-places.js';
import { readBits } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';
import type { Context, Io } from '../../terminal/io.js';
import { refuseUselessMask } from '../../terminal/mask.js';
import { afterChange, printJson } from '../../terminal/output.js';
import { generateWithSpinner } from '../../terminal/spinner.js';
import type { CertificateContents } from './certificate.js';
import { keyTexts, type MadeKey, writeFiles } from './files.js';
import { addKeygenOptions, checkOptions, type KeygenOptions, targets } from './options.js';

export function registerKeygen(program: Command, { io }: Context): void {
  const command = program
    .command('keygen')
    .description(
      'Make a key pair in the keyring. With --private and --public, write a pair or an HMAC secret to files instead.',
    );
  addKeygenOptions(command);
  command.action(async () => {
    const invocation = readInvocation<KeygenOptions>(command);
    const { options } = invocation;
    refuseUselessMask(options, io);
    if (options.use === 'enc') return (await import('./encryption.js')).makeEncryptionKey(invocation, io);
    const alg = await readKeyAlgorithm(options.alg);
    checkOptions(invocation, alg);
    if (options.private === undefined) options.keyring = keyringFolder(invocation, io);
    const hasCertificate = (options.cert ?? options.csr) !== undefined;
    const contents = hasCertificate ? (await import('./certificate.js')).readContents(invocation) : undefined;
    const passphrase = await readPassphrase(invocation, alg, io);
    const pair = await generateWithSpinner(io)(alg, { bits: readBits(options.bits), crv: options.crv });
    const made = { alg, pair, passphrase, ...(await certify(pair, alg, options, contents, io)) };
    const kid = await (options.private === undefined ? intoKeyring : intoFiles)(made, options, io);
    const told = afterChange(io, 'the key was made');
    if (options.json === true) printJson(told, toReport(kid, made, options));
    else if (kid !== null && targets.every((name) => options[name] !== '-')) told.stdout.write(`${kid}\n`);
  });
}

/** Returns what `keygen --json` prints: the key, and where its files are. */
function toReport(kid: string | null, { alg, passphrase }: MadeKey, options: KeygenOptions): object {
  const keyring = options.private === undefined ? options.keyring : undefined;
  const files = Object.fromEntries(targets.map((name) => [name, options[name]]));
  return { kid, alg, keyring, ...files, encrypted: passphrase === undefined ? undefined : true };
}

/** Returns the passphrase that encrypts the private key. A secret and a JWK cannot be encrypted. */
async function readPassphrase(invocation: Invocation<KeygenOptions>, alg: AlgorithmName, io: Io) {
  const { options } = invocation;
  const { newPassphrase } = await import('../../secrets/new-secrets.js');
  const isSecret = algorithm(alg).kty === 'oct';
  if (!isSecret && options.format === 'pem') return newPassphrase(invocation, io, options.encrypt);
  const what = isSecret ? 'a shared secret' : 'a JWK';
  if (options.encrypt === true) throw usage(`--encrypt is for a private key in PEM, ${what} is not encrypted`);
  const { refusePassphrase } = await import('../../secrets/passphrase.js');
  refusePassphrase(invocation, what, isSecret ? 'flag' : 'any');
  return undefined;
}

async function certify(
  pair: GeneratedKey,
  alg: AlgorithmName,
  { cert, csr }: KeygenOptions,
  contents: CertificateContents | undefined,
  io: Io,
): Promise<Pick<MadeKey, 'certificate' | 'request'>> {
  if (contents === undefined || !('privateKey' in pair)) return {};
  const { makeCertificate } = await import('./certificate.js');
  const { createCertificateRequest } = await import('../../../jose/certificate.js');
  const { lifetime: _, ...names } = contents;
  return {
    ...(cert && { certificate: await makeCertificate(pair.privateKey, alg, contents, io.now()) }),
    ...(csr && { request: await createCertificateRequest(pair.privateKey, { ...names, alg }) }),
  };
}

async function intoKeyring(made: MadeKey, options: KeygenOptions & { json?: boolean }, io: Io): Promise<string> {
  const { addKey, holdsEncryptedKey } = await import('../../../store/keyring/changes.js');
  const { alg, pair, passphrase } = made;
  const replaced = await signingKid(options.keyring, io);
  const kid = await writeFiles(made, {}, options, io, () => {
    return addKey(options.keyring, pair, { alg, now: io.now(), kid: options.kid, passphrase });
  });
  const what = passphrase === undefined ? 'a key' : 'an encrypted key';
  if (options.json !== true) io.say(`made ${what} for ${alg} in ${options.keyring}; it signs from now on`);
  if (replaced !== undefined) {
    const way = 'keys rotate replaces a key and ends it after a while';
    io.note(`it replaces ${replaced}, which still verifies; ${way}`);
  }
  if (passphrase === undefined && holdsEncryptedKey(options.keyring)) {
    const { noteUnguarded } = await import('../../secrets/new-secrets.js');
    noteUnguarded('others of the keyring are', io);
  }
  return kid;
}

/** Returns the kid that signs in a keyring now; undefined if none does. */
async function signingKid(directory: string, io: Io): Promise<string | undefined> {
  const { existsSync } = await import('node:fs');
  const { readEntries, setPath } = await import('../../../store/keyring/directory.js');
  const { findSigner } = await import('../../../token/keyring.js');
  return existsSync(setPath(directory)) ? findSigner(readEntries(directory), io.now())?.kid : undefined;
}

async function intoFiles(made: MadeKey, options: KeygenOptions, io: Io): Promise<string | null> {
  const { thumbprint } = await import('../../../jose/jwk.js');
  const { pair } = made;
  const kid = options.kid ?? ('secret' in pair ? null : thumbprint(pair.publicKey));
  await writeFiles(made, await keyTexts(made, options, kid), options, io, async () => {});
  return kid;
}
