/** A token in a cookie, which the application in front of the service sets. The service itself sets none. */

import { trimSpaces } from './white-space.js';

/** The names that a cookie may have (RFC 6265 §4.1.1), in a length that no application needs. */
const cookieName = /^[\w!#$%&'*+.^`|~-]{1,128}$/;

/** A text without the characters at its ends that no name has. */
const nameWithin = /[\w!#$%&'*+.^`|~-](?:.*[\w!#$%&'*+.^`|~-])?/s;

/** Whether a text can be the name of a cookie. */
export function isCookieName(text: string): boolean {
  return cookieName.test(text);
}

/**
 * Returns the values of the cookies with a name, each without quotes and without the word `Bearer` before it, as the tutorials'
 * servers set them: `access_token="Bearer …"`. Values may be empty.
 *
 * Many frameworks take other white space off a name, and browsers do not guard `__Host-` behind it. Such a cookie, which a page of another
 * subdomain may have set, counts and has no value.
 * @param header the header `Cookie`.
 */
export function cookieTokens(header: string | undefined, name: string): string[] {
  const found: string[] = [];
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    const written = at < 0 ? '' : trimSpaces(pair.slice(0, at));
    if (nameWithin.exec(written)?.[0] !== name) continue;
    found.push(written === name ? withoutScheme(withoutQuotes(trimSpaces(pair.slice(at + 1)))) : '');
  }
  return found;
}

function withoutQuotes(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** A space may be percent-encoded: Express encodes values. */
function withoutScheme(value: string): string {
  const [scheme] = /^bearer(?: |%20|\+|$)/i.exec(value) ?? [''];
  return trimSpaces(value.slice(scheme.length));
}
