import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Command } from 'commander';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import type { SkippedJwk } from '../../../jose/jwk-set.js';
import type { Key } from '../../../jose/key.js';
import { type Invocation, readInvocation } from '../../grammar/invocation.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addCommonOptions, addMaskOptions, addPassphraseOptions } from '../../grammar/shared-options.js';
import { readKeyArgument } from '../../secrets/named-file.js';
import type { PassphraseOptions } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Context, Io } from '../../terminal/io.js';
import type { MaskOptions } from '../../terminal/mask.js';
import { noteSkippedKeys } from '../../terminal/skipped-keys.js';
import { inputName } from '../../terminal/stdin.js';
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

interface ConvertOptions extends PassphraseOptions, MaskOptions, Texts<'kid' | 'out'>, Flags<'publicHalf' | 'force'> {
  format: 'pem' | 'der' | 'jwk' | 'jwks';
}

export function registerKeysConvert(keys: Command, { io }: Context): void {
  const command = keys
    .command('convert')
    .description(
      'Print a key file in another format. Needs no keyring. A private key stays private, unless --public-half is given.',
    )
    .argument('<file>', 'PEM, DER, certificate, PKCS#12, JWK or JWK Set; - is stdin')
    .addOption(
      option('--format <format>', 'format of the key; jwks is a JWK Set')
        .choices(['pem', 'der', 'jwk', 'jwks'])
        .default('pem'),
    )
    .addOption(option('--public-half', 'the public half alone').formerly('--public'))
    .addOption(option('--kid <id>', 'the key with this ID; a key without an ID gets it'))
    .addOption(keyOutOption())
    .addOption(keyForceOption());
  addPassphraseOptions(command);
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit keys convert verify.pem --format jwks',
    'jwtkit keys export "$KID" --private-half | jwtkit keys convert - --public-half',
    'jwtkit keys convert .jwtkit/jwks.json --kid "$KID"',
    'openssl genpkey -quiet -algorithm ed25519 | jwtkit keys convert - --format jwk --out signing.jwk',
  ]);
  command.action(async (path: string) => {
    const invocation = readInvocation<ConvertOptions>(command);
    const { options } = invocation;
    refuseUseless(options, io);
    const { keys: read, passphrase } = await readKeys(path, invocation, io);
    const found = chooseKeys(read, options);
    const isPrivate = found.some(({ keyObject }) => keyObject.type !== 'public');
    refuseTerminal(options, isPrivate, io);
    const content = await convert(found, options.format, passphrase);
    if (isPrivate) noteUnguardedJwk(options.format, passphrase !== undefined, io);
    const kid = found.length === 1 ? (found[0]?.kid ?? null) : null;
    await writeKey(content, { kid, isPrivate }, options, io);
  });
}

/** Reads the keys, and the passphrase that opened them or that a new file gets. */
async function readKeys(path: string, invocation: Invocation<ConvertOptions>, io: Io) {
  const { maxKeyBytes } = await import('../../../jose/key.js');
  const { loadAnyKeys } = await import('../../../token/import.js');
  const source = inputName(path);
  const content = readKeyArgument(path, io, maxKeyBytes);
  const skipped: SkippedJwk[] = [];
  const options = { source, note: io.note, onSkipped: (each: SkippedJwk) => skipped.push(each) };
  const { read, passphrase } = await openToPrint(invocation, io, (ask) =>
    loadAnyKeys(content, { ...options, passphrase: ask }),
  );
  noteSkippedKeys(skipped, io);
  return { keys: read, passphrase };
}

/** Returns the keys to write: the one that `--kid` names, and public halves for `--public-half`. */
function chooseKeys(keys: readonly Key[], { kid, format, publicHalf: isPublic }: ConvertOptions): Key[] {
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  const [first, ...others] = named.length === 0 && keys.length === 1 && keys[0]?.kid === undefined ? keys : named;
  if (first === undefined) throw usage('no key of the file has the kid of --kid');
  const chosen = [first, ...others].map((key) => ({ ...key, ...(kid === undefined ? {} : { kid }) }));
  if (others.length > 0 && (format === 'der' || format === 'jwk')) {
    throw usage(
      `the file holds ${chosen.length} keys, one is written as ${format}`,
      'name one with --kid, or write all with --format jwks',
    );
  }
  return isPublic === true ? chosen.map((key) => ({ ...key, keyObject: publicHalf(key.keyObject) })) : chosen;
}

function publicHalf(keyObject: KeyObject): KeyObject {
  if (keyObject.type === 'secret') throw usage('a shared secret has no public half');
  return keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject;
}

async function convert(
  keys: readonly Key[],
  format: ConvertOptions['format'],
  passphrase: Passphrase | undefined,
): Promise<ExportedKey> {
  const [first] = keys as [Key];
  if (format === 'jwk') return toJwk(first);
  if (format === 'jwks') return { keys: await Promise.all(keys.map(toSetMember)) };
  if (keys.some(({ keyObject }) => keyObject.type === 'secret')) {
    throw usage(`a shared secret is no ${format.toUpperCase()}`, 'write it with --format jwk');
  }
  if (format === 'der') return toDer(first.keyObject, passphrase);
  const pems = await Promise.all(keys.map(({ keyObject }) => toPem(keyObject, passphrase)));
  return pems.join('');
}

/** A JWK names its algorithm if the key has only one. */
async function toJwk({ keyObject, kid, algorithms }: Key) {
  const { exportPrivateJwk, exportPublicJwk } = await import('../../../jose/jwk.js');
  const jwk = keyObject.type === 'public' ? exportPublicJwk(keyObject) : exportPrivateJwk(keyObject);
  const [alg, ...others] = algorithms;
  return { ...jwk, ...(kid === undefined ? {} : { kid }), ...(others.length > 0 ? {} : { alg }) };
}

/** A member of a set has a kid, by which verifiers find it. */
async function toSetMember(key: Key) {
  const { thumbprint } = await import('../../../jose/jwk.js');
  return { ...(await toJwk({ ...key, kid: key.kid ?? thumbprint(key.keyObject) })), use: 'sig' };
}
