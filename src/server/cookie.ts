/** A token in a cookie, which the application in front of the service sets. The service itself sets none. */

/** The names that a cookie may have (RFC 6265 §4.1.1), in a length that no application needs. */
const cookieName = /^[\w!#$%&'*+.^`|~-]{1,128}$/;

/** Whether a text can be the name of a cookie. */
export function isCookieName(text: string): boolean {
  return cookieName.test(text);
}

/**
 * Returns the values of the cookies with a name, each without quotes and without the word `Bearer` before it, as the tutorials'
 * servers set them: `access_token="Bearer …"`. Values may be empty.
 * @param header the header `Cookie`.
 */
export function cookieTokens(header: string | undefined, name: string): string[] {
  const found: string[] = [];
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at < 0 || pair.slice(0, at).trim() !== name) continue;
    found.push(withoutScheme(withoutQuotes(pair.slice(at + 1).trim())));
  }
  return found;
}

function withoutQuotes(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** A space may be percent-encoded: Express encodes values. */
function withoutScheme(value: string): string {
  const [scheme] = /^bearer(?: |%20|\+|$)/i.exec(value) ?? [''];
  return value.slice(scheme.length).trim();
}
