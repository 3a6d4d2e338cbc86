/** An issuer's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3), of which the place of its keys is taken, and nothing else. */
import { JwtkitError } from '../errors.js';
import { describeJson, JsonError, type JsonObject, own, parseJsonObject, quoteText } from '../jose/json.js';
import type { FetchedKeys, KeySource } from '../token/key-source.js';
import { parseAddress } from './address.js';
import {
  deadlineOf,
  type LoadedDocument,
  type RemoteDocument,
  type RemoteOptions,
  remoteDocument,
} from './document.js';
import { type FetchedKeySource, keysAt } from './jwks.js';

/** What an issuer says of itself. */
export interface IssuerMetadata {
  /** Exactly as it was asked for: what `iss` must be. */
  readonly issuer: string;
  /** Where its JWK Set is. */
  readonly jwksUri: string;
}

/**
 * Fetches an issuer's metadata: `<issuer>/.well-known/openid-configuration`, else `/.well-known/oauth-authorization-server`
 * between its host and its path (RFC 8414 §3.1).
 * @throws {JwtkitError} USAGE_INVALID for an address that is none or is refused; JWKS_UNAVAILABLE; ISSUER_INVALID for
 * metadata of another issuer or without a `jwks_uri` that may be fetched.
 */
export async function discoverIssuer(issuer: string, options: RemoteOptions): Promise<IssuerMetadata> {
  const { value } = await issuerDocument(issuer, options).load(deadlineOf(options));
  return { issuer, jwksUri: value.href };
}

/**
 * The keys of an issuer, found by {@link discoverIssuer} and fetched as by `remoteKeys`. Demand the issuer as `iss` too.
 * @throws {JwtkitError} USAGE_INVALID for an address that is none or is refused. Its methods throw JWKS_UNAVAILABLE,
 * JWKS_INVALID, ISSUER_INVALID.
 */
export function issuerKeys(issuer: string, options: RemoteOptions): KeySource {
  const metadata = issuerDocument(issuer, options);
  let current: { href: string; source: FetchedKeySource } | undefined;
  return {
    async keys(now) {
      const deadline = deadlineOf(options);
      const { value: address } = await metadata.load(deadline);
      const { href } = address;
      if (current?.href !== href) current = { href, source: keysAt(address, options) };
      return current.source.keys(now, deadline);
    },
    async refresh(now) {
      return current?.source.refresh?.(now);
    },
    fetched: () => withMetadata(current?.source.fetched(), metadata.current()),
  };
}

function withMetadata(keys: FetchedKeys | undefined, found: LoadedDocument<URL> | undefined): FetchedKeys | undefined {
  if (keys === undefined || found === undefined) return keys;
  const problem = keys.problem ?? found.problem;
  return { ...keys, stale: keys.stale || found.isStale, ...(problem === undefined ? {} : { problem }) };
}

/** The metadata, of which the address of the JWK Set is read. */
function issuerDocument(issuer: string, options: RemoteOptions): RemoteDocument<URL> {
  const refuse = (message: string, hint?: string) =>
    new JwtkitError('USAGE_INVALID', `the issuer's URL ${message}`, { hint });
  const url = parseAddress(issuer, options, refuse);
  // RFC 8414 §2. The text is looked at: URL drops an empty one of either.
  if (/[?#]/.test(issuer)) throw refuse('has a query or a fragment, which no issuer has');
  const path = url.pathname.replace(/\/$/, '');
  const openid = new URL(`${path}/.well-known/openid-configuration`, url);
  const oauth = new URL(`/.well-known/oauth-authorization-server${path}`, url);
  return remoteDocument(
    {
      key: openid.href,
      addresses: [openid, oauth],
      read: (body, source) => readMetadata(body, source, issuer, options),
    },
    options,
  );
}

function readMetadata(body: Uint8Array, source: string, issuer: string, options: RemoteOptions): URL {
  const invalid = (message: string, hint?: string) =>
    new JwtkitError('ISSUER_INVALID', `${source}: ${message}`, { hint });
  let metadata: JsonObject;
  try {
    metadata = parseJsonObject(body);
  } catch (error) {
    throw error instanceof JsonError ? invalid(`the issuer's metadata ${error.message}`) : error;
  }
  const named = own(metadata, 'issuer');
  if (typeof named !== 'string') throw invalid(`the issuer's metadata has no issuer, it is ${describeJson(named)}`);
  if (named !== issuer) throw mismatch(named, issuer, invalid);
  const jwksUri = own(metadata, 'jwks_uri');
  if (typeof jwksUri !== 'string')
    throw invalid("the issuer's metadata has no jwks_uri", 'name its JWK Set with --jwks');
  const address = parseAddress(jwksUri, options, (message, hint) => invalid(`the issuer's jwks_uri ${message}`, hint));
  // Else any issuer could have this machine ask itself.
  if (address.protocol === 'http:' && new URL(issuer).protocol === 'https:' && options.insecureHttp !== true) {
    throw invalid("the issuer's jwks_uri is plain HTTP, the issuer itself is not");
  }
  return address;
}

/** RFC 8414 §3.3: identical, character by character; else one issuer could speak for another. */
function mismatch(
  named: string,
  issuer: string,
  invalid: (message: string, hint?: string) => JwtkitError,
): JwtkitError {
  const isSlash = named === `${issuer}/` || issuer === `${named}/`;
  return invalid(
    `the issuer calls itself ${quoteText(named)}, not ${quoteText(issuer)}${isSlash ? ': a slash at the end makes the difference' : ''}`,
    isSlash ? `if this is the issuer you trust, write ${quoteText(named)}` : undefined,
  );
}
