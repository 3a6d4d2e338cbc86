/**
 * Checks arguments for callers without a compiler. A mistake is refused with the way out. No message repeats an argument: it may be a
 * key or a token.
 */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { describeJson } from './json.js';

/** What every Key has. */
interface KeyLike {
  readonly algorithms: readonly string[];
}

/**
 * Checks that an argument is an array of keys.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireKeys(keys: readonly KeyLike[]): void {
  if (!Array.isArray(keys)) throw notKeys(keys);
  for (const key of keys) if (!isKey(key)) throw notKey(`keys[${keys.indexOf(key)}]`, key, 'verify');
}

/**
 * Checks that an argument is a key.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireKey(key: KeyLike, purpose: 'sign' | 'verify'): void {
  if (!isKey(key)) throw notKey('key', key, purpose);
}

/**
 * Checks that an argument is a KeyObject.
 * @throws {JwtkitError} of the code.
 */
export function requireKeyObject(value: KeyObject, code: 'KEY_INVALID' | 'USAGE_INVALID' = 'USAGE_INVALID'): void {
  if (isOfClass(value, 'KeyObject')) return;
  const hint = isKey(value)
    ? 'pass its keyObject'
    : (wayOut(value, 'sign or verify') ?? 'a KeyObject is of node:crypto');
  throw new JwtkitError(code, `this is ${describeArgument(value)}, not a KeyObject`, { hint });
}

/**
 * Checks that an argument is a KeyObject or a JWK.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireKeyOrJwk(value: object): void {
  if (!isOfClass(value, 'KeyObject') && describeArgument(value) !== 'a JWK') requireKeyObject(value as KeyObject);
}

/**
 * Checks that an argument is the text or the bytes of a key, a secret or a passphrase.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireContent(value: string | Uint8Array, what: 'key' | 'secret' | 'passphrase'): void {
  if (typeof value === 'string' || value instanceof Uint8Array) return;
  const ofKey = what === 'key' ? wayOut(value, 'sign or verify') : isPromise(value) ? awaitIt : undefined;
  const isMissing = value === undefined || value === null;
  throw new JwtkitError('USAGE_INVALID', `this is ${describeArgument(value)}, not the text or bytes of a ${what}`, {
    hint: ofKey ?? (isMissing ? 'is the file read, or the variable set?' : undefined),
  });
}

/**
 * Checks that an object of dependencies or options is there. `members` shows what it holds, such as `{ keys, now }`.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireObject(value: unknown, what: string, members: string): void {
  if (isPlainObject(value)) return;
  const hint = isPromise(value) ? awaitIt : undefined;
  throw new JwtkitError('USAGE_INVALID', `${what} is ${describeArgument(value)}, it must be an object: ${members}`, {
    hint,
  });
}

/**
 * Checks that an argument is a text, such as the name of a folder.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireText(value: string, what: string): void {
  if (typeof value === 'string') return;
  throw new JwtkitError('USAGE_INVALID', `${what} is ${describeArgument(value)}, not a string`);
}

/** What an argument is, for a message: `a KeyObject`, `a string`, `missing`. */
export function describeArgument(value: unknown): string {
  if (isPromise(value)) return 'a Promise';
  if (isOfClass(value, 'KeyObject')) return 'a KeyObject';
  if (value instanceof Uint8Array) return 'bytes';
  for (const name of ['Date', 'Map', 'Set', 'RegExp']) if (isOfClass(value, name)) return `a ${name}`;
  if (isOfClass(value, 'CryptoKey')) return 'a CryptoKey';
  if (isKey(value)) return 'a Key';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return describeJson(value);
  if (has(value, 'kty', 'string')) return 'a JWK';
  if (has(value, 'verificationKeys', 'function')) return 'a Keyring';
  if (has(value, 'keys', 'function')) return 'a KeySource';
  if ('keys' in value) return 'a JWK Set';
  if ('privateKey' in value || 'secret' in value) return 'a generated key';
  return 'an object';
}

/**
 * Whether a value is an object whose members can be read by their names, such as `{ keys, now }`. A promise, a Map and a Date have
 * none, so each demand in them would be lost in silence.
 */
export function isPlainObject(value: unknown): value is object {
  const tag = Object.prototype.toString.call(value);
  return (tag === '[object Object]' || tag === '[object Module]') && !isPromise(value);
}

/** Whether a value is a promise, or another object with `then`. */
export function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && has(value, 'then', 'function');
}

const awaitIt = 'await it';

function isKey(value: unknown): value is KeyLike {
  return (value as KeyLike | undefined | null)?.algorithms !== undefined;
}

/** Whether a value is of a class of Node's, by its name: commands that need no key do not load node:crypto. */
function isOfClass(value: unknown, name: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

function has(value: object, name: string, type: 'string' | 'function'): boolean {
  return typeof (value as Record<string, unknown>)[name] === type;
}

function notKeys(value: unknown): JwtkitError {
  const hint = isKey(value)
    ? 'put it into an array: keys: [key]'
    : (wayOut(value, 'verify') ?? 'pass the keys that you trust: { keys, now }');
  return new JwtkitError('USAGE_INVALID', `keys is ${describeArgument(value)}, it must be an array of Keys`, { hint });
}

function notKey(name: string, value: unknown, purpose: 'sign' | 'verify'): JwtkitError {
  return new JwtkitError('USAGE_INVALID', `${name} is ${describeArgument(value)}, not a Key`, {
    hint: Array.isArray(value) ? 'take one of them: const [key] = …' : wayOut(value, purpose),
  });
}

/** How to make a key of what was passed instead of one; undefined for something else. */
function wayOut(value: unknown, purpose: 'sign' | 'verify' | 'sign or verify'): string | undefined {
  const load = (content: string) => `load it: loadKeys(${content}, { purpose: ${purposes[purpose]} })`;
  const what = describeArgument(value);
  const ways: Readonly<Record<string, string>> = {
    'a Promise': awaitIt,
    'a KeyObject': 'make a Key of it: createKey(keyObject)',
    'a CryptoKey': 'make a Key of it: createKey(KeyObject.from(cryptoKey)), with KeyObject of node:crypto',
    'a string': `${load('text')}; a shared secret: loadSecret(text)`,
    bytes: `${load('bytes')}; a shared secret: loadSecret(bytes)`,
    'a JWK': load('JSON.stringify(jwk)'),
    'a JWK Set': load('JSON.stringify(set)'),
    'a Keyring': purpose === 'sign' ? 'pass await keyring.signingKey(now)' : 'pass keyring.verificationKeys(now)',
    'a KeySource': 'a source goes to verifyTokenFrom(token, policy, { source, now })',
    'a generated key': `make a Key of its member: createKey(${purpose === 'verify' ? 'publicKey' : 'privateKey'}), or createKey(secret)`,
  };
  return ways[what];
}

const purposes = { sign: "'sign'", verify: "'verify'", 'sign or verify': "'sign' or 'verify'" } as const;
