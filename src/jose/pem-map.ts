/** Maps from `kid` to PEM, as Google publishes its certificates and public keys. A map is read as a set. */
import { JwtkitError } from '../errors.js';
import { describeJson, type JsonObject, own, quoteText } from './json.js';
import { type ImportedJwkSet, maxSetKeys, type SkippedJwk, skippedKey } from './jwk-set.js';
import type { Key } from './key.js';

/** How {@link importPemMap} works. */
export interface ImportPemMapOptions {
  /** Loads the keys of one PEM, of either half, with a `kid`. */
  readonly load: (pem: string, kid: string) => readonly Key[];
  readonly source?: string | undefined;
  /** Called before each key. It throws if the work has taken too long. */
  readonly checkTime?: (() => void) | undefined;
}

/** Whether JSON is a map with PEM in it, and neither a JWK nor a JWK Set. */
export function isPemMap(json: JsonObject): boolean {
  if (own(json, 'keys') !== undefined || own(json, 'kty') !== undefined) return false;
  return Object.values(json).some((value) => typeof value === 'string' && value.includes('-----BEGIN '));
}

/**
 * Imports a map from `kid` to the PEM of a certificate or public key. Leaves out members that cannot be used, with the reason.
 * @throws {JwtkitError} KEY_INVALID for more than 1000 members, and for a map with a private key in it.
 */
export function importPemMap(map: JsonObject, { load, source, checkTime }: ImportPemMapOptions): ImportedJwkSet {
  const where = source === undefined ? '' : `${source}: `;
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const isPrivate = (kid: string) => {
    return invalid(`the key ${quoteText(kid)} is a private key, and the set is public`, replaceIt);
  };
  const entries = Object.entries(map);
  if (entries.length > maxSetKeys) {
    throw invalid(`the map holds ${entries.length} keys, at most ${maxSetKeys} are taken`);
  }
  const members = new Map<Key, JsonObject>();
  const skipped: SkippedJwk[] = [];
  for (const [kid, pem] of entries) {
    checkTime?.();
    try {
      if (typeof pem !== 'string') throw invalid(`it is ${describeJson(pem)}, not PEM`);
      const keys = load(pem, kid);
      if (keys.some(({ keyObject }) => keyObject.type !== 'public')) throw isPrivate(kid);
      for (const key of keys) members.set(key, {});
    } catch (error) {
      if (!(error instanceof JwtkitError) || error.hint === replaceIt) throw error;
      const isLocked = error.code === 'KEY_ENCRYPTED' || (typeof pem === 'string' && pem.includes('PRIVATE KEY-----'));
      if (isLocked) throw isPrivate(kid);
      skipped.push(skippedKey(kid, error, where));
    }
  }
  return { keys: [...members.keys()], members, skipped };
}

/** The hint for a set with a key in it that is not for everybody. */
export const replaceIt = 'its publisher must replace that key';
