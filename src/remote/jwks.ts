/** JWK Sets of other issuers (RFC 7517 §5): public keys for signatures. A set that publishes a secret is refused. */
import { JwtkitError } from '../errors.js';
import { foreignJsonHint, foreignTextHint } from '../jose/foreign-key.js';
import { isJsonObject, own, quoteText } from '../jose/json.js';
import { holdsSecret, privateMembers } from '../jose/jwk.js';
import { type ImportedJwkSet, importJwkSet, noUsableKey, type SkippedJwk } from '../jose/jwk-set.js';
import type { Key } from '../jose/key.js';
import { isJsonText } from '../jose/key-content.js';
import { arrayNote, formOf, listHint, notJsonHint, readKeyObject } from '../jose/key-json.js';
import { loadKeys, loadPemMap } from '../jose/keys.js';
import { mendingNote, openWrappedKey } from '../jose/mended-key.js';
import { replaceIt } from '../jose/pem-map.js';
import { encodingOf, type RefuseText, textProblem, withoutMark } from '../jose/text.js';
import type { FetchedKeys, KeySource } from '../token/key-source.js';
import { isNumericDate, requireNow } from '../token/time.js';
import { parseAddress } from './address.js';
import { remoteDocument } from './document.js';
import { deadlineOf, type RemoteOptions } from './options.js';

/** The JWK Set of an issuer. */
export interface PublishedSet {
  /** Returns the keys that verify at a time, a NumericDate: those whose `exp` has not passed. */
  readonly keysAt: (now: number) => readonly Key[];
  readonly skipped: readonly SkippedJwk[];
  /** Returns the keys whose `exp` has passed at a time. */
  readonly endedAt: (now: number) => readonly SkippedJwk[];
}

/**
 * Reads what an issuer publishes: a JWK Set, one JWK, a map from `kid` to PEM, or PEM. It calls `checkTime` before each key, which
 * throws when the time is over.
 * @throws {JwtkitError} JWKS_INVALID for anything but public keys with at least one for signatures.
 */
export function readJwkSet(body: Uint8Array, source: string, checkTime?: () => void): PublishedSet {
  return readPublished(body, source, { checkTime });
}

/**
 * Reads a file as {@link readJwkSet} reads what was fetched. A file may also be wrapped as a key may, such as in base64; `note` is
 * called with what was mended.
 * @throws {JwtkitError} JWKS_INVALID.
 */
export function readJwkSetFile(body: Uint8Array, source: string, note: (text: string) => void): PublishedSet {
  return readPublished(body, source, { note });
}

interface ReadOptions {
  readonly checkTime?: (() => void) | undefined;
  readonly note?: ((text: string) => void) | undefined;
}

function readPublished(body: Uint8Array, source: string, options: ReadOptions): PublishedSet {
  const invalid: RefuseText = (message, hint) => new JwtkitError('JWKS_INVALID', `${source}: ${message}`, { hint });
  const { keys, members, skipped, hint } = refusing(invalid, source, () =>
    importPublished(body, source, invalid, options),
  );
  const ends = new Map<Key, number>();
  const usable = keys.filter((key) => {
    const exp = own(members.get(key) ?? {}, 'exp') ?? undefined;
    if (isNumericDate(exp)) ends.set(key, exp);
    else if (exp !== undefined) skipped.push({ kid: key.kid, reason: 'its exp is no NumericDate', isBroken: true });
    return exp === undefined || ends.has(key);
  });
  if (usable.length === 0) throw invalid(noUsableKey(skipped), hint);
  if (ends.size === 0) return { keysAt: () => usable, skipped, endedAt: () => [] };
  const keysAt = (now: number) => {
    const current = usable.filter((key) => (ends.get(key) ?? Infinity) > now);
    // The same list each time: callers compare lists to notice new keys.
    return current.length === usable.length ? usable : current;
  };
  const endedAt = (now: number) =>
    usable
      .filter((key) => (ends.get(key) ?? Infinity) <= now)
      .map(({ kid }) => ({ kid, reason: 'its exp has passed', isBroken: false }));
  return { keysAt, skipped, endedAt };
}

/** The first byte of a certificate, a key or PKCS#12 in DER. */
const sequenceTag = 0x30;

function importPublished(
  body: Uint8Array,
  source: string,
  invalid: RefuseText,
  { checkTime, note }: ReadOptions,
): ImportedJwkSet {
  const start = Buffer.from(withoutMark(body).subarray(0, 64)).toString('latin1');
  // AWS load balancers publish each key as a PEM of its own.
  if (/^\s*-----BEGIN /.test(start))
    return { keys: loadPublicPem(body, source, invalid, note), members: new Map(), skipped: [] };
  if (note !== undefined && !/^\s*[{[]/.test(start) && encodingOf(body) === undefined) {
    const { content, mended } = openWrappedKey(Buffer.from(body), `${source}: `);
    if (mended.length > 0) {
      note(mendingNote(`${source}: `, mended));
      if (isJsonText(content)) return importPublished(content, source, invalid, { checkTime });
      return { keys: loadPublicPem(content, source, invalid, note), members: new Map(), skipped: [] };
    }
  }
  if (body[0] === sequenceTag && textProblem(body) !== undefined) {
    const way = 'make a set of its public half: jwtkit keys convert FILE --public-half --format jwks';
    throw invalid('this is not a JWK Set: it is binary, such as DER or PKCS#12', way);
  }
  const refuse: RefuseText = (problem, hint) => {
    const text = Buffer.from(withoutMark(body)).toString();
    const isBroken = problem === 'is not JSON' && /^\s*[{[]/.test(text);
    const way = isBroken ? notJsonHint(text) : hint;
    return invalid(`the JWK Set ${problem}`, way ?? foreignTextHint(text));
  };
  const { json, isArray } = readKeyObject(body, refuse);
  if (isArray && own(json, 'keys') === undefined) throw refuse('is an array, not a JSON object', listHint);
  if (isArray) note?.(`${source}: ${arrayNote}`);
  const form = formOf(json);
  if (form === 'PEM map') return loadPemMap(json, source, checkTime);
  const set = form === 'JWK' && own(json, 'keys') === undefined ? { keys: [json] } : json;
  const members = own(set, 'keys');
  if (!Array.isArray(members)) {
    const hint = foreignJsonHint(json) ?? 'a JWK and a map from kid to PEM are read too';
    throw invalid('this is not a JWK Set: it has no array of keys', hint);
  }
  for (const member of members) refuseSecret(member, invalid);
  return importJwkSet(set, { source, checkTime });
}

function loadPublicPem(
  body: Uint8Array,
  source: string,
  invalid: RefuseText,
  note: ((text: string) => void) | undefined,
): Key[] {
  const keys = loadKeys(body, { purpose: 'any', source, note });
  if (keys.every(({ keyObject }) => keyObject.type === 'public')) return keys;
  throw invalid('this is a private key, and a set is public', replaceIt);
}

/** Refuses a private or shared key in a set that everybody can read. */
export function refuseSecret(member: unknown, invalid: RefuseText): void {
  if (!holdsSecret(member)) return;
  const kid = isJsonObject(member) ? own(member, 'kid') : undefined;
  const isShared = isJsonObject(member) && (own(member, 'kty') === 'oct' || own(member, 'k') !== undefined);
  const name = typeof kid === 'string' ? ` ${quoteText(kid)}` : '';
  if (isJsonObject(member) && privateMembers.every((each) => (own(member, each) ?? '') === '')) {
    const problem = isShared ? 'is a shared secret without its k' : 'has an empty private member';
    const hint = `nothing secret was published: its publisher must leave out ${isShared ? 'the key' : 'the member'}`;
    throw invalid(`the key${name} ${problem}, and the set is public`, hint);
  }
  const problem = isShared ? 'is a shared secret' : 'has its private half in it';
  throw invalid(`the key${name} ${problem}, and the set is public`, replaceIt);
}

/** Makes errors about keys errors about the set. */
export function refusing<T>(invalid: RefuseText, source: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.code !== 'KEY_INVALID') throw error;
    const where = `${source}: `;
    throw invalid(error.message.startsWith(where) ? error.message.slice(where.length) : error.message, error.hint);
  }
}

/**
 * Returns the keys of a JWK Set at a URL. They are fetched when needed, and again when they are stale; concurrent callers share
 * one request.
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address. Its methods throw JWKS_UNAVAILABLE, JWKS_INVALID.
 */
export function remoteKeys(url: string, options: RemoteOptions): KeySource {
  const address = parseAddress(url, options, (message, hint) => {
    return new JwtkitError('USAGE_INVALID', `the URL of the JWK Set ${message}`, { hint });
  });
  return keysAt(address, options);
}

/**
 * As {@link remoteKeys}, for an address that was checked. The request for keys may share a deadline with others. `origin` gets
 * the bearer token.
 */
export function keysAt(address: URL, options: RemoteOptions, origin = address.origin) {
  const document = remoteDocument({ key: address.href, origin, addresses: [address], read: readJwkSet }, options);
  return {
    keys: async (now: number, deadline = deadlineOf(options)) => {
      requireNow(now);
      return (await document.load(deadline)).value.keysAt(now);
    },
    refresh: async (now: number) => {
      requireNow(now);
      return (await document.reload(deadlineOf(options)))?.value.keysAt(now);
    },
    skipped: (now?: number): readonly SkippedJwk[] => {
      const set = document.current()?.value;
      if (set === undefined) return [];
      return now === undefined ? set.skipped : [...set.skipped, ...set.endedAt(now)];
    },
    fetched: (): FetchedKeys | undefined => {
      const current = document.current();
      if (current === undefined) return undefined;
      const { source, fetchedAt, isStale, problem } = current;
      const age = Math.max(0, options.now() - fetchedAt);
      return { url: source, at: fetchedAt, age, stale: isStale, ...(problem === undefined ? {} : { problem }) };
    },
  };
}
