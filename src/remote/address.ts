/** Which URLs keys are fetched from, and how they are named in messages. */
import type { JwtkitError } from '../errors.js';

/** What loosens the rules. */
export interface AddressRules {
  /** Plain HTTP to hosts other than this machine. */
  readonly insecureHttp?: boolean | undefined;
}

/** Makes the error for an address that is refused; the message completes "the issuer …". */
type Refuse = (message: string, hint?: string) => JwtkitError;

const maxAddressLength = 2048;

/** A URL to fetch from: HTTPS, or plain HTTP where nobody is on the way. It is never repeated in the error, whose URL may hold a secret. */
export function parseAddress(text: string, rules: AddressRules, refuse: Refuse): URL {
  if (typeof text !== 'string') throw refuse('is not a text');
  if (text.length > maxAddressLength) throw refuse(`is longer than ${maxAddressLength} characters`);
  // URL would drop white space and controls, and fetch from another address than the one shown.
  if (/[\s\p{Cc}]/u.test(text)) throw refuse('holds white space');
  if (!URL.canParse(text)) throw refuse('is not a URL', 'a URL begins with https://');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is not an https URL');
  if (url.username !== '' || url.password !== '') {
    throw refuse('holds a user name or a password', 'keys to verify with are public: no login is needed');
  }
  if (url.protocol === 'http:' && rules.insecureHttp !== true && !isLoopback(url)) {
    throw refuse(
      'is plain HTTP, where anybody on the way can put keys of their own',
      'use https; --insecure-http accepts it nevertheless',
    );
  }
  return url;
}

/** Whether an address is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3); URL has put every spelling of 127.0.0.1 into one. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** An address for messages and reports: without its query, which may hold a secret, and not endless. */
export function showAddress(url: URL): string {
  const text = `${url.origin}${url.pathname}`;
  return `${text.length > 200 ? `${text.slice(0, 200)}…` : text}${url.search === '' ? '' : '?…'}`;
}
