/** Which URLs keys may be fetched from, and how messages show them. */
import type { RefuseText } from '../jose/text.js';

/** Exceptions from the rules for addresses. */
export interface AddressRules {
  /** Allow plain HTTP to other machines. */
  readonly insecureHttp?: boolean | undefined;
}

const maxAddressLength = 2048;

/**
 * Reads a URL to fetch keys from: HTTPS, or plain HTTP on this machine. `refuse` makes the error; its message completes "the issuer's
 * URL …" and does not repeat the URL, which may hold a secret.
 */
export function parseAddress(text: string, rules: AddressRules, refuse: RefuseText): URL {
  if (typeof text !== 'string') throw refuse('is not a text');
  if (text.length > maxAddressLength) throw refuse(`is longer than ${maxAddressLength} characters`);
  // URL drops white space and control characters, and would fetch from another address than the one shown.
  if (/[\s\p{Cc}]/u.test(text)) throw refuse('holds white space');
  if (!URL.canParse(text)) throw refuse('is not a URL', 'a URL begins with https://');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse('is not an https URL', 'a URL begins with https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('holds a user name or a password', 'public keys need no login');
  }
  if (url.protocol === 'http:' && rules.insecureHttp !== true && !isLoopback(url)) {
    throw refuse(
      'is plain HTTP, where anybody on the network can replace the keys',
      'use https; --insecure-http, in a program insecureHttp, accepts plain HTTP',
    );
  }
  return url;
}

/** Whether an address is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3). URL normalizes every spelling of 127.0.0.1. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Returns an address for messages and reports: shortened, and without its query, which may hold a secret. */
export function showAddress(url: URL): string {
  const text = `${url.origin}${url.pathname}`;
  return `${text.length > 200 ? `${text.slice(0, 200)}…` : text}${url.search === '' ? '' : '?…'}`;
}
