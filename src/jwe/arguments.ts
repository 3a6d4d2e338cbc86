/** Checks arguments for callers without a compiler, as those of signatures are checked. No message repeats an argument. */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPromise } from '../jose/arguments.js';
import { isKeyManagementName } from './algorithms.js';
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
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !isPromise(value);
  const issued = isObject && typeof (value as Record<string, unknown>).claimsText === 'string';
  if (isObject && !issued) return;
  const what = issued ? 'what issueToken returned' : describeArgument(value);
  throw new JwtkitError('USAGE_INVALID', `the content is ${what}, not bytes, a text or claims`, {
    hint: issued ? 'pass its member token' : isPromise(value) ? awaitIt : undefined,
  });
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
