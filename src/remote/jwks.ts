/** JWK Sets from elsewhere (RFC 7517 §5): public keys for signatures, and nothing that should not have been published. */
import { JwtkitError } from '../errors.js';
import { isJsonObject, JsonError, type JsonObject, own, parseJsonObject, quoteText } from '../jose/json.js';
import { importJwkSet } from '../jose/jwk.js';
import type { Key } from '../jose/key.js';
import type { FetchedKeys, KeySource } from '../token/key-source.js';
import { isNumericDate } from '../token/time.js';
import { parseAddress } from './address.js';
import { deadlineOf, type LoadedDocument, type RemoteOptions, remoteDocument } from './document.js';
import type { Deadline } from './fetch.js';

/** The keys of a set that verify at a moment, a NumericDate: a member whose `exp` has passed does not, as in a keyring. */
export type KeysAt = (now: number) => readonly Key[];

/**
 * Reads the JWK Set of somebody else.
 * @throws {JwtkitError} JWKS_INVALID for anything but a set of public keys with at least one for signatures.
 */
export function readJwkSet(body: Uint8Array, source: string): KeysAt {
  const invalid = (message: string, hint?: string) =>
    new JwtkitError('JWKS_INVALID', `${source}: ${message}`, { hint });
  let set: JsonObject;
  try {
    set = parseJsonObject(body);
  } catch (error) {
    throw error instanceof JsonError ? invalid(`the JWK Set ${error.message}`) : error;
  }
  const members = own(set, 'keys');
  if (!Array.isArray(members)) {
    throw invalid('this is not a JWK Set: it has no array of keys', 'a single key in a file is named with --key');
  }
  for (const member of members.filter(isJsonObject)) refuseSecret(member, invalid);
  const { keys, skipped } = importPublic(set, source, invalid);
  if (keys.length === 0) {
    throw invalid(`the JWK Set holds no usable signature key: ${skipped[0]?.reason ?? 'it is empty'}`);
  }
  const ends = members.flatMap((member) => own(member as JsonObject, 'exp') ?? []);
  if (ends.length === 0) return () => keys;
  if (!ends.every(isNumericDate)) throw invalid('the exp of a key is no NumericDate');
  const isInTime = (member: unknown, now: number) => ((own(member as JsonObject, 'exp') as number) ?? now + 1) > now;
  return (now) => {
    const current = members.filter((member) => isInTime(member, now));
    return current.length === members.length ? keys : importPublic({ keys: current }, source, invalid).keys;
  };
}

/** What everybody can fetch is no secret any more, and whatever it signs proves nothing. */
function refuseSecret(member: JsonObject, invalid: (message: string, hint?: string) => JwtkitError): void {
  const kid = own(member, 'kid');
  const name = typeof kid === 'string' ? ` ${quoteText(kid)}` : '';
  const what = own(member, 'kty') === 'oct' ? 'is a shared secret' : 'has its private half in it';
  if (own(member, 'kty') !== 'oct' && own(member, 'd') === undefined) return;
  throw invalid(`the key${name} ${what}, and the set is public`, 'whoever publishes the set must replace that key');
}

function importPublic(set: JsonObject, source: string, invalid: (message: string, hint?: string) => JwtkitError) {
  try {
    return importJwkSet(set, { source });
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    throw invalid(error.message.startsWith(`${source}: `) ? error.message.slice(source.length + 2) : error.message);
  }
}

/**
 * The keys of a JWK Set at a URL, fetched when they are asked for and again when they are stale. Concurrent callers share
 * one request.
 * @throws {JwtkitError} USAGE_INVALID for an address that is none or is refused. Its methods throw JWKS_UNAVAILABLE, JWKS_INVALID.
 */
export function remoteKeys(url: string, options: RemoteOptions): KeySource {
  const address = parseAddress(url, options, (message, hint) => {
    return new JwtkitError('USAGE_INVALID', `the URL of the JWK Set ${message}`, { hint });
  });
  return keysAt(address, options);
}

/** A {@link KeySource} whose requests may share a deadline with others. */
export interface FetchedKeySource extends KeySource {
  keys(now: number, deadline?: Deadline): Promise<readonly Key[]>;
  refresh(now: number): Promise<readonly Key[] | undefined>;
  fetched(): FetchedKeys | undefined;
}

/** As {@link remoteKeys}, of an address that was checked. */
export function keysAt(address: URL, options: RemoteOptions): FetchedKeySource {
  const document = remoteDocument({ key: address.href, addresses: [address], read: readJwkSet }, options);
  return {
    keys: async (now, deadline = deadlineOf(options)) => (await document.load(deadline)).value(now),
    refresh: async (now) => (await document.reload(deadlineOf(options)))?.value(now),
    fetched: () => {
      const current = document.current();
      return current === undefined ? undefined : describeFetched(current, options);
    },
  };
}

function describeFetched(
  { source, fetchedAt, isStale, problem }: LoadedDocument<unknown>,
  { now }: RemoteOptions,
): FetchedKeys {
  return {
    url: source,
    at: fetchedAt,
    age: Math.max(0, now() - fetchedAt),
    stale: isStale,
    ...(problem === undefined ? {} : { problem }),
  };
}
