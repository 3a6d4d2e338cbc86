/** Keys for encryption, recognized by their content as signing keys are: PEM, DER, certificate, JWK or JWK Set. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { requireContent, requireObject } from '../jose/arguments.js';
import { ForeignKey, readDer } from '../jose/der.js';
import { findKeyIn } from '../jose/disguised-key.js';
import { decryptPem, decryptPkcs8, isEncryptedPkcs8, type Passphrase } from '../jose/encrypted-key.js';
import { foreignFormatHint } from '../jose/foreign-key.js';
import type { SkippedJwk } from '../jose/jwk-set.js';
import { maxKeyBytes } from '../jose/key.js';
import { isJsonText } from '../jose/key-content.js';
import { readKeyJson, withJwkHint } from '../jose/key-json.js';
import type { PassphraseSource } from '../jose/keys.js';
import { mendingNote, openWrappedKey } from '../jose/mended-key.js';
import { checkOptions, type OptionKinds } from '../jose/options.js';
import { isPrivateLabel, type PemBlock, readPemBlock, readPemBlocks } from '../jose/pem.js';
import { checkEncoding, decodeSecret, type SecretEncoding } from '../jose/secret-encoding.js';
import { readSshKey, sshNote } from '../jose/ssh-key.js';
import { withoutLineEnd } from '../jose/text.js';
import { refuseUnresolved } from '../jose/unresolved.js';
import { validityOf } from '../jose/x509.js';
import { askRecipient, importEncryptionJwk, importEncryptionJwkSet, noEncryptionKey } from './jwk.js';
import { createEncryptionKey, type EncryptionKey, type EncryptionKeyTraits, type EncryptionOperation } from './key.js';

/** How {@link loadEncryptionKeys} takes its input. */
export interface LoadEncryptionKeysOptions {
  /** `encrypt` takes public halves and refuses private ones; `decrypt` takes private halves; `any` either. All take oct JWKs. */
  purpose: EncryptionOperation | 'any';
  /** A name for reports and messages, such as the file's. */
  source?: string | undefined;
  /** A `kid` for a format that has none. */
  kid?: string | undefined;
  /** Opens an encrypted private key. It is asked for only if the key is encrypted. */
  passphrase?: PassphraseSource | undefined;
  /** Called for each member of a set that is left out. */
  onSkipped?: ((skipped: SkippedJwk) => void) | undefined;
  /** Called with each fact that a person should know, such as what was mended. */
  note?: ((text: string) => void) | undefined;
}

const optionKinds: OptionKinds<LoadEncryptionKeysOptions> = {
  purpose: 'checked elsewhere',
  source: 'a string',
  kid: 'a string',
  passphrase: 'checked elsewhere',
  onSkipped: 'a function',
  note: 'a function',
};

const narrowing = 'decryptToken narrows the algorithms: algorithms; encryptToken takes one: alg';
const otherWords = { alg: narrowing, algorithm: narrowing, algorithms: narrowing };

/**
 * Loads the keys for encryption in a text or in bytes: one key at least.
 * @throws {JwtkitError} KEY_INVALID for anything else and for the wrong half; KEY_TOO_WEAK; KEY_ENCRYPTED, PASSPHRASE_WRONG.
 */
export async function loadEncryptionKeys(
  content: string | Uint8Array,
  options: LoadEncryptionKeysOptions,
): Promise<[EncryptionKey, ...EncryptionKey[]]> {
  requireContent(content, 'key');
  requireObject(options, 'the second argument', "{ purpose: 'decrypt' }, or 'encrypt'");
  checkOptions('the second argument', options, optionKinds, otherWords);
  const { purpose, source } = options;
  if (!['encrypt', 'decrypt', 'any'].includes(purpose)) {
    throw new JwtkitError('USAGE_INVALID', 'purpose is one of encrypt, decrypt, any: what the keys are for');
  }
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const bytes = Buffer.from(content as string);
  if (bytes.length > maxKeyBytes) throw invalid(`a key is at most ${maxKeyBytes} bytes`);
  let keys: EncryptionKey[];
  try {
    keys = await readKeys(bytes, options, where);
  } catch (error) {
    throw error instanceof ForeignKey ? invalid('a key of this type is not for encryption') : error;
  }
  for (const { keyObject, operations } of keys) {
    const kind = keyObject.type === 'secret' ? findKeyIn(keyObject.export()) : undefined;
    if (kind !== undefined) throw invalid(`the secret k is ${kind}`);
    if (purpose === 'encrypt' && keyObject.type === 'private') {
      const way = 'make the public half with: jwtkit keys convert FILE --public-half';
      throw invalid('this is a private key, encrypting takes the public half', way);
    }
    if (purpose === 'decrypt' && keyObject.type === 'public') {
      throw invalid('this is a public key, decrypting takes the private half');
    }
    if (purpose !== 'any' && !operations.includes(purpose))
      throw invalid(`the JWK's key_ops does not allow it to ${purpose}`);
  }
  // A file without a key was refused where it was read.
  return keys as [EncryptionKey, ...EncryptionKey[]];
}

async function readKeys(
  bytes: Buffer,
  options: LoadEncryptionKeysOptions,
  where: string,
  depth = 2,
): Promise<EncryptionKey[]> {
  const { source, kid } = options;
  const { content, mended } = openWrappedKey(bytes, where);
  if (mended.length > 0) options.note?.(mendingNote(where, mended));
  if (isJsonText(content)) return readJson(content, options, where, depth);
  if (content.includes('-----BEGIN')) return readPem(content.toString(), options, where);
  const traits = { source, kid };
  const fromSsh = readSshKey(content.toString());
  if (fromSsh !== undefined) {
    options.note?.(`${where}${sshNote}`);
    return [createEncryptionKey(fromSsh, traits)];
  }
  const fromDer = readDer(content);
  if (fromDer !== undefined) return [makeKey(fromDer, content, traits, where)];
  if (isEncryptedPkcs8(content)) {
    return [createEncryptionKey(decryptPkcs8(content, await askPassphrase(options, where), where), traits)];
  }
  throw new JwtkitError('KEY_INVALID', `${where}this is no key: expected PEM, DER, a JWK or a JWK Set`, {
    hint: foreignFormatHint(content, content.toString()),
  });
}

/** The key of a structure in DER; of a certificate, with the times in which it is valid. */
function makeKey(keyObject: KeyObject, der: Buffer, traits: EncryptionKeyTraits, where: string): EncryptionKey {
  return createEncryptionKey(keyObject, { ...traits, ...validityOf(der, where, 'enc') });
}

async function readPem(text: string, options: LoadEncryptionKeysOptions, where: string): Promise<EncryptionKey[]> {
  const { blocks, mended } = readPemBlocks(text, where);
  if (mended.length > 0) options.note?.(mendingNote(where, mended));
  const block = chooseBlock(blocks, options.purpose, where);
  const traits = { source: options.source, kid: options.kid };
  const pem = readPemBlock(block, where);
  if (pem.form === 'key') return [makeKey(pem.keyObject, pem.der, traits, where)];
  const passphrase = await askPassphrase(options, where);
  const isPkcs8 = pem.form === 'encrypted PKCS#8';
  return [
    createEncryptionKey(
      isPkcs8 ? decryptPkcs8(pem.der, passphrase, where) : decryptPem(pem.block, passphrase, where),
      traits,
    ),
  ];
}

/** The block of the key: the private one beside its certificates, or the first certificate of a chain (RFC 5246 §7.4.2). */
function chooseBlock(all: readonly PemBlock[], purpose: LoadEncryptionKeysOptions['purpose'], where: string): PemBlock {
  const blocks = all.filter(({ label }) => !/^(?:EC|DH) PARAMETERS$/.test(label));
  const privates = blocks.filter(({ label }) => isPrivateLabel(label));
  const candidates = purpose !== 'encrypt' && privates.length > 0 ? privates : blocks;
  const [first, ...others] = candidates;
  if (first === undefined) throw new JwtkitError('KEY_INVALID', `${where}the PEM holds no key`);
  const isChain = candidates.every(({ label }) => label === 'CERTIFICATE');
  if (others.length === 0 || isChain) return first;
  throw new JwtkitError('KEY_INVALID', `${where}the PEM holds ${candidates.length} keys, one is read`, {
    hint: 'keep the key in a file of its own',
  });
}

async function askPassphrase(
  { passphrase, purpose, source }: LoadEncryptionKeysOptions,
  where: string,
): Promise<Passphrase> {
  const given =
    purpose === 'encrypt' ? undefined : typeof passphrase === 'function' ? await passphrase(source) : passphrase;
  if (given !== undefined) return given;
  throw new JwtkitError('KEY_ENCRYPTED', `${where}the private key is encrypted`, {
    hint:
      purpose === 'encrypt'
        ? 'encrypting takes the public half'
        : 'give its passphrase with --passphrase-file or --passphrase-env',
  });
}

async function readJson(
  bytes: Buffer,
  options: LoadEncryptionKeysOptions,
  where: string,
  depth: number,
): Promise<EncryptionKey[]> {
  const { source, kid } = options;
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const purpose = ({ encrypt: 'verify', decrypt: 'sign', any: 'any' } as const)[options.purpose];
  const read = readKeyJson(bytes, { where, purpose, isDeep: depth > 0 });
  for (const note of read.notes) options.note?.(note);
  if (read.form === 'member') {
    const { name, text, kid: stated } = read.member;
    return readKeys(Buffer.from(text), { ...options, kid: kid ?? stated }, `${where}${name}: `, depth - 1);
  }
  const { form, json } = read;
  if (form === 'JWK') return [withJwkHint(json, () => importEncryptionJwk(json, { source, kid }))];
  if (form === 'PEM map') {
    throw invalid('this is a map of PEM keys, and one key is needed', 'keep the one to use in a file of its own');
  }
  const { keys, skipped } = importEncryptionJwkSet(json, { source });
  if (keys.length === 0)
    throw invalid(noEncryptionKey(skipped), options.purpose === 'encrypt' ? askRecipient : undefined);
  for (const each of skipped) options.onSkipped?.(each);
  return [...keys];
}

/** How {@link loadEncryptionSecret} takes a secret. */
export interface LoadEncryptionSecretOptions extends Pick<EncryptionKeyTraits, 'source' | 'kid' | 'alg'> {
  /** How the secret is written; without it, its bytes are taken as they are. */
  encoding?: SecretEncoding | undefined;
}

const secretKinds: OptionKinds<LoadEncryptionSecretOptions> = {
  source: 'a string',
  kid: 'a string',
  alg: 'a string',
  encoding: 'checked elsewhere',
};

/**
 * Loads a shared secret for `dir`, A*KW and A*GCMKW: 16, 24 or 32 bytes, for `dir` also 48 or 64. A line end behind it is left
 * out if the size is none of these.
 * @throws {JwtkitError} KEY_INVALID for another size, for a public or private key in any encoding, and for a text that is not in its
 * encoding; KEY_TOO_WEAK below 16 bytes.
 */
export function loadEncryptionSecret(
  secret: string | Uint8Array,
  options: LoadEncryptionSecretOptions = {},
): EncryptionKey {
  requireContent(secret, 'secret');
  checkOptions('the second argument', options, secretKinds, { algorithm: 'the only algorithm is alg' });
  const { encoding, ...traits } = options;
  if (encoding !== undefined) checkEncoding(encoding);
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  const written = Buffer.from(secret as string);
  const isSized = [16, 24, 32, 48, 64].includes(written.length);
  const bytes =
    encoding === undefined
      ? isSized
        ? written
        : withoutLineEnd(written)
      : decodeSecret(withoutLineEnd(written).toString('latin1'), encoding);
  if (bytes === undefined) throw new JwtkitError('KEY_INVALID', `${where}the secret is not ${encoding}`);
  const kind = findKeyIn(written) ?? findKeyIn(bytes);
  if (kind !== undefined) {
    throw new JwtkitError('KEY_INVALID', `${where}this is ${kind}, not a shared secret`, {
      hint: 'give a key file with --key',
    });
  }
  refuseUnresolved(written, where);
  return createEncryptionKey(createSecretKey(bytes), traits);
}
