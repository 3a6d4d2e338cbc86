/** The origins that `--cors` names, each as a browser writes it (RFC 6454 §6.1). */
import { usage } from '../../terminal/errors.js';

/**
 * Returns an origin. An app on a phone or a desktop may have a scheme of its own: `capacitor://localhost`.
 * @throws {JwtkitError} USAGE_INVALID for a wildcard, and for a text that no browser sends as an origin.
 */
export function originOption(name: string, text: string): string {
  if (/\*|%2a/i.test(text)) {
    throw usage(
      `${name}: ${JSON.stringify(text)} has a wildcard, and the service compares whole origins`,
      'name each origin that may call: --cors https://app.example --cors https://admin.example',
    );
  }
  const origin = originOf(text);
  if (origin === text) return text;
  const meant = origin === undefined ? '' : `; did you mean ${origin}?`;
  // A URL with credentials is not repeated.
  const shown =
    text.lastIndexOf('@') > text.indexOf(':') && text.includes(':') ? 'a URL with credentials' : JSON.stringify(text);
  throw usage(
    `${name}: ${shown} is not an origin`,
    `an origin is a scheme, a host and perhaps a port, such as https://app.example${meant}`,
  );
}

/** The origin of a URL; undefined where browsers send none, or `null`. */
function originOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.host === '' || /^(?:file|data|blob|about|javascript):$/.test(url.protocol))
    return undefined;
  // For a scheme that it does not know, `URL.origin` is "null".
  return `${url.protocol}//${url.host}`;
}
