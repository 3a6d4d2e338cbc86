/** Keys of other parties to encrypt to: the JWK Sets that they publish. A set that publishes a secret is refused. */
import { JwtkitError } from '../errors.js';
import { own } from '../jose/json.js';
import { checkOptions } from '../jose/options.js';
import { type RefuseText, readJsonFile } from '../jose/text.js';
import { askRecipient, importEncryptionJwkSet, noEncryptionKey } from '../jwe/jwk.js';
import type { EncryptionKey } from '../jwe/key.js';
import { isNumericDate, requireNow } from '../token/time.js';
import { parseAddress } from './address.js';
import { remoteDocument } from './document.js';
import { discoverIssuer } from './issuer.js';
import { refuseSecret, refusing } from './jwks.js';
import { checkRemoteOptions, deadlineOf, type RemoteOptions } from './options.js';

/** The encryption keys of a set at a moment, a NumericDate: those whose `exp` has not passed. */
export type EncryptionKeysAt = (now: number) => readonly EncryptionKey[];

/**
 * Reads the encryption keys of a published JWK Set, or of one JWK.
 * @throws {JwtkitError} JWKS_INVALID for anything but public keys with at least one for encryption.
 */
export function readEncryptionSet(body: Uint8Array, source: string, checkTime?: () => void): EncryptionKeysAt {
  const invalid: RefuseText = (message, hint) => new JwtkitError('JWKS_INVALID', `${source}: ${message}`, { hint });
  const { value: json } = readJsonFile(body, (problem, hint) => invalid(`the JWK Set ${problem}`, hint));
  const set = own(json, 'keys') === undefined && own(json, 'kty') !== undefined ? { keys: [json] } : json;
  const members = own(set, 'keys');
  if (!Array.isArray(members)) throw invalid('this is not a JWK Set: it has no array of keys');
  for (const member of members) refuseSecret(member, invalid);
  const found = refusing(invalid, source, () => importEncryptionJwkSet(set, { source, checkTime }));
  if (found.keys.length === 0) throw invalid(noEncryptionKey(found.skipped), askRecipient);
  return (now) => {
    requireNow(now);
    return found.keys.filter((key) => {
      const exp = own(found.members.get(key) ?? {}, 'exp');
      return exp === undefined || (isNumericDate(exp) && exp > now);
    });
  };
}

/**
 * Fetches the encryption keys at the URL of a JWK Set, or of an issuer, found by its metadata.
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address; JWKS_UNAVAILABLE, JWKS_INVALID, ISSUER_INVALID.
 */
export async function fetchEncryptionKeys(
  place: { readonly kind: 'jwks' | 'issuer'; readonly location: string },
  options: RemoteOptions,
): Promise<EncryptionKeysAt> {
  checkOptions('the first argument', place, { kind: 'a string', location: 'a string' });
  const { kind, location } = place;
  if (kind !== 'jwks' && kind !== 'issuer') throw new JwtkitError('USAGE_INVALID', 'kind is one of jwks, issuer');
  checkRemoteOptions(options);
  const url = kind === 'issuer' ? (await discoverIssuer(location, options)).jwksUri : location;
  const address = parseAddress(url, options, (message, hint) => {
    return new JwtkitError('USAGE_INVALID', `the URL of the JWK Set ${message}`, { hint });
  });
  const document = remoteDocument({ key: address.href, addresses: [address], read: readEncryptionSet }, options);
  return (await document.load(deadlineOf(options))).value;
}
