/** Finds an issuer's keys by its metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3). */
import { JwtkitError } from '../errors.js';
import { describeJson, own, quoteText } from '../jose/json.js';
import { type RefuseText, readJsonFile } from '../jose/text.js';
import type { FetchedKeys, KeySource } from '../token/key-source.js';
import { type AddressRules, parseAddress } from './address.js';
import { type LoadedDocument, type RemoteDocument, remoteDocument } from './document.js';
import { keysAt } from './jwks.js';
import { deadlineOf, type RemoteOptions } from './options.js';

/** What jwtkit reads of an issuer's metadata. */
export interface IssuerMetadata {
  /** The issuer, exactly as the caller named it: what `iss` must be. */
  readonly issuer: string;
  /** The address of its JWK Set. */
  readonly jwksUri: string;
}

/**
 * Fetches an issuer's metadata: `<issuer>/.well-known/openid-configuration`, else `/.well-known/oauth-authorization-server`
 * between its host and its path (RFC 8414 §3.1).
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address; JWKS_UNAVAILABLE; ISSUER_INVALID for metadata of another
 * issuer or without a `jwks_uri` that may be fetched.
 */
export async function discoverIssuer(issuer: string, options: RemoteOptions): Promise<IssuerMetadata> {
  const { value } = await metadataOf(issuer, options).load(deadlineOf(options));
  return { issuer, jwksUri: value.href };
}

/**
 * Returns the keys of an issuer, found as by {@link discoverIssuer} and fetched as by `remoteKeys`. Demand the issuer as `iss` too.
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address. Its methods throw JWKS_UNAVAILABLE, JWKS_INVALID, ISSUER_INVALID.
 */
export function issuerKeys(issuer: string, options: RemoteOptions): KeySource {
  const metadata = metadataOf(issuer, options);
  let current: { href: string; source: ReturnType<typeof keysAt> } | undefined;
  return {
    async keys(now) {
      const deadline = deadlineOf(options);
      const { value: address } = await metadata.load(deadline);
      const { href } = address;
      if (current?.href !== href) current = { href, source: keysAt(address, options, new URL(issuer).origin) };
      return current.source.keys(now, deadline);
    },
    refresh: async (now) => current?.source.refresh(now),
    skipped: (now) => current?.source.skipped(now) ?? [],
    fetched: () => withMetadata(current?.source.fetched(), metadata.current()),
  };
}

/** Describes the keys for a report. They are also stale if the metadata is. */
function withMetadata(keys: FetchedKeys | undefined, found: LoadedDocument<URL> | undefined): FetchedKeys | undefined {
  if (keys === undefined || found === undefined) return keys;
  const problem = keys.problem ?? found.problem;
  return { ...keys, stale: keys.stale || found.isStale, ...(problem === undefined ? {} : { problem }) };
}

/**
 * Returns the addresses where an issuer may have its metadata.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function metadataAddresses(issuer: string, rules: AddressRules): readonly [URL, URL] {
  const refuse: RefuseText = (message, hint) =>
    new JwtkitError('USAGE_INVALID', `the issuer's URL ${message}`, { hint });
  const url = parseAddress(issuer, rules, refuse);
  // RFC 8414 §2. The test reads the text, since URL drops an empty query or fragment.
  if (/[?#]/.test(issuer)) throw refuse('has a query or a fragment, which no issuer has');
  const path = url.pathname.replace(/\/$/, '');
  const openid = withPath(url, `${path}/.well-known/openid-configuration`);
  const oauth = withPath(url, `/.well-known/oauth-authorization-server${path}`);
  return [openid, oauth];
}

/** Returns a URL with another path. `new URL(path, url)` would take a host from a path that begins with two slashes. */
function withPath(url: URL, path: string): URL {
  return Object.assign(new URL(url), { pathname: path });
}

/** The metadata, read as the address of the JWK Set. */
function metadataOf(issuer: string, options: RemoteOptions): RemoteDocument<URL> {
  const addresses = metadataAddresses(issuer, options);
  const [openid] = addresses;
  const read = (body: Uint8Array, source: string) => readMetadata(body, source, issuer, options);
  return remoteDocument({ key: openid.href, origin: openid.origin, addresses: [...addresses], read }, options);
}

function readMetadata(body: Uint8Array, source: string, issuer: string, options: RemoteOptions): URL {
  const invalid: RefuseText = (message, hint) => new JwtkitError('ISSUER_INVALID', `${source}: ${message}`, { hint });
  const { value: metadata } = readJsonFile(body, (problem, hint) => invalid(`the issuer's metadata ${problem}`, hint));
  const named = own(metadata, 'issuer');
  if (typeof named !== 'string') throw invalid(`the issuer's metadata has no issuer, it is ${describeJson(named)}`);
  if (named !== issuer) throw otherIssuer(named, issuer, invalid);
  const jwksUri = own(metadata, 'jwks_uri');
  if (typeof jwksUri !== 'string')
    throw invalid("the issuer's metadata has no jwks_uri", 'name its JWK Set with --jwks');
  const address = parseAddress(jwksUri, options, (message, hint) => invalid(`the issuer's jwks_uri ${message}`, hint));
  // Without this check, an issuer elsewhere could make jwtkit send requests to services of this machine.
  if (address.protocol === 'http:' && new URL(issuer).protocol === 'https:' && options.insecureHttp !== true) {
    throw invalid("the issuer's jwks_uri is plain HTTP, the issuer itself is not");
  }
  return address;
}

/** RFC 8414 §3.3: the issuer must be identical, or one issuer could speak for another. */
function otherIssuer(named: string, issuer: string, invalid: RefuseText): JwtkitError {
  const message = `the issuer calls itself ${quoteText(named)}, not ${quoteText(issuer)}`;
  if (named !== `${issuer}/` && issuer !== `${named}/`) return invalid(message);
  return invalid(
    `${message}: only a slash at the end differs`,
    `if this is the issuer you trust, write ${quoteText(named)}`,
  );
}
