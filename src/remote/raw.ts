/** Documents as a server sends them, for a look at them: no cache, nothing is trusted. */
import { JwtkitError } from '../errors.js';
import { parseAddress, showAddress } from './address.js';
import { fetchFirst } from './fetch.js';
import { metadataAddresses } from './issuer.js';
import { deadlineOf, type RemoteOptions } from './options.js';

/** A document, and what its server says about keeping it. */
export interface RawDocument {
  /** The address that answered, for people. */
  readonly name: string;
  readonly body: Uint8Array;
  readonly cacheControl: string | undefined;
}

/**
 * Fetches what a URL gives.
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address; JWKS_UNAVAILABLE.
 */
export function fetchRaw(url: string, options: RemoteOptions): Promise<RawDocument> {
  const address = parseAddress(
    url,
    options,
    (message, hint) => new JwtkitError('USAGE_INVALID', `the URL ${message}`, { hint }),
  );
  return fetchOne([address], options);
}

/**
 * Fetches the metadata of an issuer, whatever is in them.
 * @throws {JwtkitError} USAGE_INVALID for a bad or refused address; JWKS_UNAVAILABLE.
 */
export function fetchRawMetadata(issuer: string, options: RemoteOptions): Promise<RawDocument> {
  return fetchOne(metadataAddresses(issuer, options), options);
}

async function fetchOne(addresses: readonly URL[], options: RemoteOptions): Promise<RawDocument> {
  const { env } = options;
  const { address, body, headers } = await fetchFirst(addresses, {
    deadline: deadlineOf(options),
    env,
    known: undefined,
  });
  const cacheControl = [headers['cache-control'] ?? []].flat().join(', ');
  return {
    name: showAddress(address),
    body: body ?? Buffer.alloc(0),
    cacheControl: cacheControl === '' ? undefined : cacheControl,
  };
}
