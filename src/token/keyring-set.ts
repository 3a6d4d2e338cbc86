/** The JWK Set of a keyring, as its text says it: which keys there are, when each begins and ends. Files are not read here. */
import { JwtkitError } from '../errors.js';
import { isJsonObject, own, quoteText, type ReadJson } from '../jose/json.js';
import { holdsSecret, importJwk, type Jwk } from '../jose/jwk.js';
import { readJsonFile } from '../jose/text.js';
import type { DatedKey, KeyringEntry } from './keyring.js';
import { isNumericDate } from './time.js';

/** The keys of a keyring, each kind apart. */
export interface KeyringMembers {
  /** The signing keys. */
  readonly entries: KeyringEntry[];
  readonly encryptionKeys: DatedKey[];
}

/** Whether a kid can name a file. It may come from an edited `jwks.json`. */
export function isFileSafeKid(kid: string): boolean {
  return /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/.test(kid);
}

/** Reads the text of a set. Messages begin with `path`. @throws {JwtkitError} KEYRING_INVALID. */
export function parseKeyringSet(content: Uint8Array, path: string): ReadJson<{ keys: unknown[] }> {
  const set = readJsonFile(content, (problem, hint) => invalid(`${path} ${problem}`, hint));
  if (!Array.isArray(own(set.value, 'keys'))) throw invalid(`${path} is not a JWK Set: it has no array of keys`);
  return set as ReadJson<{ keys: unknown[] }>;
}

/**
 * Reads the members of a set. `hasHalf` says whether the private half of a kid is here.
 * @throws {JwtkitError} KEYRING_INVALID, KEY_INVALID, KEY_TOO_WEAK. The messages begin with `path`.
 */
export function readKeyringMembers(
  keys: readonly unknown[],
  path: string,
  hasHalf: (kid: string) => boolean,
): KeyringMembers {
  const isForEncryption = (jwk: unknown) => isJsonObject(jwk) && own(jwk, 'use') === 'enc';
  const withHalf = <Entry extends { kid: string }>(entry: Entry) => ({ ...entry, hasPrivateHalf: hasHalf(entry.kid) });
  const entries = keys.filter((jwk) => !isForEncryption(jwk)).map((jwk) => withHalf(toEntry(jwk, path)));
  const encryptionKeys = keys.filter(isForEncryption).map((jwk) => withHalf(toEncryptionKey(jwk as Jwk, path)));
  const kids = new Set<string>();
  for (const { kid } of [...entries, ...encryptionKeys]) {
    if (kids.has(kid)) throw invalid(`${path}: two keys have the kid ${kid}`);
    kids.add(kid);
  }
  return { entries, encryptionKeys };
}

/** @throws {JwtkitError} KEYRING_INVALID, KEY_INVALID, KEY_TOO_WEAK. The messages begin with `path`. */
export function toEntry(jwk: unknown, path: string): Omit<KeyringEntry, 'hasPrivateHalf'> {
  const key = importJwk(jwk, { source: path });
  const { kid } = key;
  if (kid === undefined) throw invalid(`${path}: a key has no kid`);
  checkPlace(kid, jwk as object, path);
  if (key.keyObject.type !== 'public')
    throw invalid(`${path}: the key ${kid} is not a public key; this file is published`);
  return { kid, key, jwk: jwk as Jwk };
}

/** Checks the place of a key for encryption. The key itself is read only by those who need it. */
function toEncryptionKey(jwk: Jwk, path: string): Omit<DatedKey, 'hasPrivateHalf'> {
  const { kid } = jwk;
  if (typeof kid !== 'string') throw invalid(`${path}: a key for encryption has no kid`);
  checkPlace(kid, jwk, path);
  if (holdsSecret(jwk)) throw invalid(`${path}: the key ${kid} is not a public key; this file is published`);
  return { kid, jwk };
}

function checkPlace(kid: string, jwk: object, path: string): void {
  if (!isFileSafeKid(kid)) throw invalid(`${path}: the kid ${quoteText(kid)} cannot name a key`);
  for (const name of ['iat', 'nbf', 'exp']) {
    const moment = own(jwk, name);
    if (moment !== undefined && !isNumericDate(moment))
      throw invalid(`${path}: the ${name} of ${kid} is no NumericDate`);
  }
}

function invalid(message: string, hint?: string): JwtkitError {
  return new JwtkitError('KEYRING_INVALID', message, { hint });
}
