/** What the names around a token say of it: whether it is an access token or a refresh token. */
import { numberedName } from './numbered-cookies.js';

/** What a name says of a token. An ID token is neither of a pair. */
export type TokenRole = 'access' | 'refresh' | 'id';

const suffixes = '(?:tokens?|jwts?|jws|jwe|cookie|value|raw|string|text|encoded)';
const telling = new RegExp(`(?:(access|refresh)(?: ?${suffixes})*|(?:^| )id ?(?:token|jwt)(?: ?${suffixes})*)$`);

/**
 * Returns the role that a name ends with, such as `accessJwt`, `__Host-refresh_token` or `refresh_token_cookie`; undefined for a
 * name that says nothing.
 */
function roleOfName(name: string): TokenRole | undefined {
  const words = name
    .slice(-longestName)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim();
  const match = telling.exec(words);
  return match === null ? undefined : ((match[1] as TokenRole | undefined) ?? 'id');
}

const longestName = 128;

/** Returns the role by the innermost name that says one. The names come from outside to inside. */
export function roleOfNames(names: readonly string[]): TokenRole | undefined {
  for (let at = names.length - 1; at >= 0; at--) {
    const role = roleOfName(names[at] as string);
    if (role !== undefined) return role;
  }
  return undefined;
}

/** Whether a name is that of RFC 6749 §5.1 in any spelling, without anything around it. */
export function isPlainName(name: string | undefined, wanted: 'access' | 'refresh'): boolean {
  const plain = name?.toLowerCase().replace(/[^a-z]/g, '');
  return plain === `${wanted}token` || plain === wanted;
}

const labels = /^(?:name|key|label|kind|type|use|credential_?type|(?:issued_?)?token_?(?:name|kind|type|use))$/i;

/** Returns what an object calls the token in it, as `{"name": "refresh_token", "value": …}` does. */
export function labelsOf(value: object): string[] {
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'string' && labels.test(name) && isTelling(member) ? [member] : [],
  );
}

function isTelling(name: string): boolean {
  return name.length <= longestName && (numberedName.test(name) || roleOfName(name) !== undefined);
}
