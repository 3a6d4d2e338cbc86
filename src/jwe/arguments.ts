/** Checks arguments for callers without a compiler, as those of signatures are checked. No message repeats an argument. */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPlainObject, isPromise } from '../jose/arguments.js';
import { checkOptionNames, copyOptions } from '../jose/option-names.js';
import { isKeyManagementName } from './algorithms.js';
import type { DecryptOptions } from './decrypt.js';
import type { EncryptOptions } from './encrypt.js';
import type { EncryptionKey, EncryptionOperation } from './key.js';

const awaitIt = 'await it';

/**
 * Checks that an argument is a key for encryption.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireEncryptionKey(key: EncryptionKey): void {
  if (!isEncryptionKey(key)) throw notKey('key', key, 'encrypt');
}

/**
 * Checks that an argument is an array of keys for encryption.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireEncryptionKeys(keys: readonly EncryptionKey[]): void {
  if (!Array.isArray(keys)) {
    const hint = isEncryptionKey(keys) ? 'put it into an array: keys: [key]' : wayOut(keys, 'decrypt');
    const message = `keys is ${describe(keys)}, it must be an array of EncryptionKeys`;
    throw new JwtkitError('USAGE_INVALID', message, { hint: hint ?? 'pass the keys to try: { keys }' });
  }
  const wrong = keys.findIndex((key) => !isEncryptionKey(key));
  if (wrong >= 0) throw notKey(`keys[${wrong}]`, keys[wrong], 'decrypt');
}

/**
 * Checks that an argument can be encrypted: bytes, a text, or claims.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireContent(value: unknown): void {
  if (typeof value === 'string' || value instanceof Uint8Array) return;
  const isObject = isPlainObject(value);
  const issued = isObject && typeof (value as { claimsText?: unknown }).claimsText === 'string';
  if (isObject && !issued) return;
  const what = issued ? 'what issueToken returned' : describeArgument(value);
  throw new JwtkitError('USAGE_INVALID', `the content is ${what}, not bytes, a text or claims`, {
    hint: issued ? 'pass its member token' : isPromise(value) ? awaitIt : undefined,
  });
}

const decryptMembers: readonly (keyof DecryptOptions)[] = ['keys', 'algorithms', 'encryptions'];

const encryptMembers: readonly (keyof EncryptOptions)[] = ['key', 'alg', 'enc', 'header', 'serialization', 'now'];

/** Words of npm's jose and of the other function. */
const decryptWords = {
  key: 'keys is an array: keys: [key]',
  alg: 'the allowed algorithms are algorithms, an array',
  enc: 'the allowed content encryptions are encryptions, an array',
  keyManagementAlgorithms: 'the allowed algorithms are algorithms, an array',
  contentEncryptionAlgorithms: 'the allowed content encryptions are encryptions, an array',
  now: 'decrypting needs no time',
};

const encryptWords = {
  keys: 'a token is for one recipient: key',
  algorithms: 'a token has one algorithm: alg',
  encryptions: 'a token has one content encryption: enc',
  cty: "it is a member of the header: header: { cty: 'JWT' }",
  typ: "it is a member of the header: header: { typ: 'JWT' }",
  kid: 'the kid is that of the key',
};

const serializations: readonly unknown[] = ['compact', 'flattened', 'general'];

/**
 * Checks the options of `decryptToken`. A list that is a string would allow every name that is a part of it.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkDecryptOptions(options: DecryptOptions): void {
  checkOptionNames('the second argument', options, decryptMembers, decryptWords);
  const { algorithms, encryptions } = options;
  for (const [name, value] of Object.entries({ algorithms, encryptions })) {
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (value !== undefined && !isList) throw notAccepted(name, value, `an array of strings: ${name}: ['…']`);
  }
}

/**
 * Checks the options of `encryptToken`, but not its key, and returns them as an object of their own.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkEncryptOptions(options: EncryptOptions): EncryptOptions {
  checkOptionNames('the second argument', options, encryptMembers, encryptWords);
  const { alg, enc, header, serialization } = options;
  for (const [name, value] of Object.entries({ alg, enc })) {
    if (value !== undefined && typeof value !== 'string') throw notAccepted(name, value, 'a string');
  }
  if (header !== undefined && !isPlainObject(header)) {
    throw notAccepted('header', header, "an object: header: { cty: 'JWT' }");
  }
  if (serialization !== undefined && !serializations.includes(serialization)) {
    throw new JwtkitError('USAGE_INVALID', `serialization is none of ${serializations.join(', ')}`);
  }
  return copyOptions(options, encryptMembers);
}

function notAccepted(name: string, value: unknown, expected: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', `${name} is ${describeArgument(value)}, it must be ${expected}`);
}

function isEncryptionKey(value: unknown): value is EncryptionKey {
  const algorithms = (value as EncryptionKey | undefined | null)?.algorithms;
  return Array.isArray(algorithms) && algorithms.every(isKeyManagementName);
}

function describe(value: unknown): string {
  if (isEncryptionKey(value)) return 'an EncryptionKey';
  const what = describeArgument(value);
  return what === 'a Key' ? 'a Key for signatures' : what;
}

function notKey(name: string, value: unknown, purpose: EncryptionOperation): JwtkitError {
  return new JwtkitError('USAGE_INVALID', `${name} is ${describe(value)}, not an EncryptionKey`, {
    hint: Array.isArray(value) ? 'take one of them: const [key] = …' : wayOut(value, purpose),
  });
}

/** How to make a key of what was passed instead of one; undefined for something else. */
function wayOut(value: unknown, purpose: EncryptionOperation): string | undefined {
  const load = (content: string) => `load it: await loadEncryptionKeys(${content}, { purpose: '${purpose}' })`;
  const ofKeyring =
    purpose === 'encrypt'
      ? 'pass keyringRecipient(directory, now)'
      : 'pass await keyringDecryptionKeys(directory, { now })';
  const ways: Readonly<Record<string, string>> = {
    'a Promise': awaitIt,
    'a KeyObject': 'make an EncryptionKey of it: createEncryptionKey(keyObject)',
    'a CryptoKey': 'make an EncryptionKey of it: createEncryptionKey(KeyObject.from(cryptoKey))',
    'a string': `${load('text')}; a shared secret: loadEncryptionSecret(text)`,
    bytes: `${load('bytes')}; a shared secret: loadEncryptionSecret(bytes)`,
    'a JWK': load('JSON.stringify(jwk)'),
    'a JWK Set': load('JSON.stringify(set)'),
    'a Keyring': ofKeyring,
    'a Key for signatures': `a key has one use; ${load('text')}`,
  };
  return ways[describe(value)];
}
