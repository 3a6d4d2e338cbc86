/** A bearer token (RFC 6750 §2.1) for documents that a server shows only to some, such as an API server of Kubernetes. */
import { JwtkitError } from '../errors.js';
import { isLoopback } from './address.js';
import type { RemoteOptions } from './options.js';

/** The longest token that is sent, in characters; servers refuse longer headers. */
const maxTokenLength = 16_384;

/**
 * Whether a request to an address carries the caller's token. `origin` is that of the URL which the caller named: the token is for
 * that server alone, wherever its metadata point.
 * @throws {JwtkitError} USAGE_INVALID for plain HTTP, unless it is this machine's and `insecureHttp` allows it.
 */
export function carriesToken(address: URL, origin: string, { token, insecureHttp }: RemoteOptions): boolean {
  if (token === undefined || address.origin !== origin) return false;
  if (address.protocol === 'https:' || (insecureHttp === true && isLoopback(address))) return true;
  throw new JwtkitError('USAGE_INVALID', 'a bearer token is not sent over plain HTTP', {
    hint: 'use https; to this machine, --insecure-http sends it',
  });
}

/** Returns the header with the caller's token, which may change between two requests. No error repeats the token. */
export function authorizationOf(token: () => string): string {
  const text = token();
  const bare = typeof text === 'string' ? text.trim() : '';
  if (bare.length <= maxTokenLength && /^[\w.~+/-]+=*$/.test(bare)) return `Bearer ${bare}`;
  throw new JwtkitError('FILE_NOT_READABLE', 'the bearer token for the JWK Set is not a token of RFC 6750', {
    hint: 'its file holds the token alone, without the word Bearer',
  });
}
