/** JWKs and JWK Sets that hold keys for encryption (RFC 7517 §4 and §5). */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { decodeBase64url } from '../jose/base64url.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from '../jose/json.js';
import { holdsSecret, importJwk, memberOf, ofJwk, UnusableJwk } from '../jose/jwk.js';
import { maxSetKeys, type SkippedJwk, skippedKey } from '../jose/jwk-set.js';
import {
  isContentEncryptionName,
  isKeyManagementName,
  type KeyManagementName,
  keyManagement,
  refusalOfAlgorithm,
} from './algorithms.js';
import { createEncryptionKey, type EncryptionKey, type EncryptionOperation } from './key.js';

/** Where a JWK came from, and a `kid` in place of its own. */
interface JwkTraits {
  source?: string | undefined;
  kid?: string | undefined;
}

interface Refusals {
  readonly invalid: (message: string) => JwtkitError;
  readonly unusable: (message: string) => UnusableJwk;
}

/**
 * Imports one JWK for encryption. A JWK for signatures (`use` is `sig`, or its `alg` signs) is refused.
 * @throws {JwtkitError} KEY_INVALID, KEY_TOO_WEAK.
 */
export function importEncryptionJwk(jwk: unknown, traits: JwkTraits = {}): EncryptionKey {
  const where = traits.source === undefined ? '' : `${traits.source}: `;
  if (!isJsonObject(jwk)) {
    throw new JwtkitError('KEY_INVALID', `${where}a JWK is a JSON object, this is ${describeJson(jwk)}`);
  }
  const refusals: Refusals = {
    invalid: (message) => new JwtkitError('KEY_INVALID', `${where}${ofJwk}${message}`),
    unusable: (message) => new UnusableJwk('KEY_INVALID', `${where}${ofJwk}${message}`),
  };
  const { invalid, unusable } = refusals;
  const { use: _use, alg: _alg, kid: _kid, key_ops: _operations, ...material } = jwk;
  const [use, alg, kid, operations] = ['use', 'alg', 'kid', 'key_ops'].map((name) => memberOf(jwk, name));
  for (const [name, value] of Object.entries({ use, alg, kid })) {
    if (value !== undefined && typeof value !== 'string')
      throw invalid(`${name} is ${describeJson(value)}, not a string`);
  }
  if (use !== undefined && use !== 'enc') throw unusable(`use is ${quoteText(use as string)}, not "enc"`);
  // A secret for `dir` may name its content encryption, as that of RFC 7520 §5.6 does.
  const enc = isContentEncryptionName(alg) && own(jwk, 'kty') === 'oct' ? alg : undefined;
  if (alg !== undefined && enc === undefined) refuseAlgorithm(alg as string, unusable);
  const keyObject = importMaterial(material, traits.source, refusals);
  const key = createEncryptionKey(keyObject, {
    source: traits.source,
    kid: traits.kid ?? (kid as string | undefined),
    alg: enc === undefined ? (alg as KeyManagementName | undefined) : 'dir',
    enc,
  });
  return narrowKey(key, operations, refusals);
}

function refuseAlgorithm(alg: string, unusable: Refusals['unusable']): void {
  if (isKeyManagementName(alg) && keyManagement(alg).kind !== 'passphrase') return;
  const reason = refusalOfAlgorithm(alg);
  throw unusable(`alg ${quoteText(alg)} ${reason === undefined ? 'encrypts no key' : `is refused: ${reason}`}`);
}

function importMaterial(jwk: JsonObject, source: string | undefined, { invalid, unusable }: Refusals): KeyObject {
  const kty = own(jwk, 'kty');
  if (kty === 'oct') return createSecretKey(readBytes(jwk, 'k', invalid));
  if (kty !== 'OKP') return importJwk(jwk, { source }).keyObject;
  const crv = own(jwk, 'crv');
  if (crv !== 'X25519')
    throw unusable(`crv ${typeof crv === 'string' ? quoteText(crv) : 'is missing, and'} is not X25519`);
  const [x, d] = ['x', 'd'].map((name) =>
    memberOf(jwk, name) === undefined && name === 'd' ? undefined : readBytes(jwk, name, invalid),
  );
  for (const [name, bytes] of [
    ['x', x],
    ['d', d],
  ] as const) {
    if (bytes !== undefined && bytes.length !== 32) throw invalid(`${name} has ${bytes.length} bytes, X25519 takes 32`);
  }
  const members = { kty, crv, x: own(jwk, 'x') as string };
  if (d === undefined) return createPublicKey({ key: members, format: 'jwk' });
  const privateKey = importPrivate({ ...members, d: own(jwk, 'd') as string });
  if (privateKey !== undefined && createPublicKey(privateKey).export({ format: 'jwk' }).x === members.x)
    return privateKey;
  throw invalid('public members do not belong to its private ones');
}

/** Node 20 takes the public half from `d`; Node 24 compares the halves, and then this is undefined. */
function importPrivate(key: Record<string, string>): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function readBytes(jwk: JsonObject, name: string, invalid: Refusals['invalid']): Buffer {
  const text = own(jwk, name);
  if (text === undefined) throw invalid(`${name} is missing`);
  if (typeof text !== 'string') throw invalid(`${name} is ${describeJson(text)}, not a string`);
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw invalid(`${name} is not canonical base64url`);
  return bytes;
}

const agreement = ['deriveKey', 'deriveBits'];

/**
 * The names in `key_ops` that allow an algorithm (RFC 7517 §4.3). Latchset's jose writes those of wrapping for key agreement, and
 * libraries differ on A*GCMKW.
 */
function namesFor(alg: KeyManagementName): Readonly<Record<EncryptionOperation, readonly string[]>> {
  const { kind } = keyManagement(alg);
  if (alg === 'dir') return { encrypt: ['encrypt'], decrypt: ['decrypt'] };
  if (kind === 'secret' && !alg.includes('GCM')) return { encrypt: ['wrapKey'], decrypt: ['unwrapKey'] };
  const derived = kind === 'ECDH' ? agreement : [];
  return { encrypt: ['encrypt', 'wrapKey', ...derived], decrypt: ['decrypt', 'unwrapKey', ...derived] };
}

/** Narrows a key to the operations and algorithms that `key_ops` allows. */
function narrowKey(key: EncryptionKey, value: unknown, { invalid, unusable }: Refusals): EncryptionKey {
  if (value === undefined) return key;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string') || new Set(value).size !== value.length) {
    throw invalid('key_ops is not an array of distinct strings');
  }
  // A public key for key agreement has no operation of its own.
  if (value.length === 0 && key.keyObject.type === 'public' && key.shape.kty !== 'RSA') return key;
  const allows = (alg: KeyManagementName, operation: EncryptionOperation) =>
    namesFor(alg)[operation].some((name) => value.includes(name));
  const operations = key.operations.filter((each) => key.algorithms.some((alg) => allows(alg, each)));
  const algorithms = key.algorithms.filter((alg) => operations.every((each) => allows(alg, each)));
  if (operations.length > 0 && algorithms.length > 0) return { ...key, operations, algorithms };
  throw unusable('key_ops allows neither encrypting nor decrypting');
}

/** The encryption keys of a JWK Set. */
export interface EncryptionJwkSet {
  readonly keys: readonly EncryptionKey[];
  /** The JWK that each key came from. */
  readonly members: ReadonlyMap<EncryptionKey, JsonObject>;
  /** The members that are left out, such as keys for signatures. */
  readonly skipped: readonly SkippedJwk[];
}

/**
 * Imports the encryption keys of a JWK Set of at most 1000 keys, and leaves out all others. Keys that say what they are for come
 * before keys that do not.
 * @throws {JwtkitError} KEY_INVALID for what is no set, for a broken secret in it, and for secrets beside public keys.
 */
export function importEncryptionJwkSet(
  set: unknown,
  { source, checkTime }: { source?: string | undefined; checkTime?: (() => void) | undefined } = {},
): EncryptionJwkSet {
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${message}`);
  const list = isJsonObject(set) ? own(set, 'keys') : undefined;
  if (!Array.isArray(list)) throw invalid('a JWK Set has an array of keys');
  if (list.length > maxSetKeys) throw invalid(`the JWK Set holds ${list.length} keys, at most ${maxSetKeys} are taken`);
  const found: [EncryptionKey, JsonObject][] = [];
  const skipped: SkippedJwk[] = [];
  for (const member of list) {
    checkTime?.();
    try {
      found.push([importEncryptionJwk(member, { source }), member as JsonObject]);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      if (!(error instanceof UnusableJwk) && error.code !== 'KEY_TOO_WEAK' && holdsSecret(member)) throw error;
      skipped.push(skippedKey(isJsonObject(member) ? own(member, 'kid') : undefined, error, where));
    }
  }
  const isMeant = (member: JsonObject) => own(member, 'use') === 'enc' || own(member, 'alg') !== undefined;
  const members = new Map([...found.filter(([, jwk]) => isMeant(jwk)), ...found.filter(([, jwk]) => !isMeant(jwk))]);
  const keys = [...members.keys()];
  if (new Set(keys.map(({ shape }) => shape.kty === 'oct')).size > 1) {
    throw invalid('secrets and public keys are mixed in one JWK Set');
  }
  return { keys, members, skipped };
}

/** What a person can do if a recipient publishes keys for signatures alone. */
export const askRecipient = 'the recipient has to publish one with use enc, such as by: jwtkit keygen --use enc';

/** The reason why a set has no key for encryption, to complete an error. */
export function noEncryptionKey(skipped: readonly SkippedJwk[]): string {
  const [first] = skipped;
  const kid = first?.kid === undefined ? '' : ` (kid ${quoteText(first.kid)})`;
  return `the JWK Set holds no key for encryption: ${first?.reason ?? 'it is empty'}${kid}`;
}
