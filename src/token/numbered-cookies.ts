/** Cookies are short, so programs split a long token into `name.0`, `name.1` and so on. */

const cookie = /(?<![\w.-])([A-Za-z_][\w.-]{0,127})\.(\d{1,2})=([^;\s"'&,]*)(;[ \t]{0,8})?/g;
/** A name of a part. */
export const numberedName = /\.\d{1,2}$/;

/** A text with joined cookies, and from how many parts those of a name were joined. */
export interface JoinedCookies {
  readonly text: string;
  readonly parts: ReadonlyMap<string, number>;
}

const none: ReadonlyMap<string, number> = new Map();

/**
 * Joins the numbered cookies of a name in the order of their numbers. Leaves them as they are if one is missing or there twice,
 * or if something is glued to one of them, or if the first does not begin like a token.
 */
export function joinNumbered(text: string): JoinedCookies {
  if (!/\.0=e[wy]/.test(text)) return { text, parts: none };
  const values = new Map<string, Map<number, string>>();
  const doubtful = new Set<string>();
  for (const [, name = '', number = '', value = ''] of text.matchAll(cookie)) {
    const ofName = values.get(name) ?? new Map<number, string>();
    if (ofName.has(Number(number)) || !/^[\w.-]+$/.test(value)) doubtful.add(name);
    values.set(name, ofName.set(Number(number), value));
  }
  const joined = new Map<string, string>();
  const parts = new Map<string, number>();
  for (const [name, ofName] of values) {
    const pieces = Array.from({ length: ofName.size }, (_, at) => ofName.get(at));
    if (doubtful.has(name) || pieces.length < 2 || pieces.includes(undefined) || !/^e[wy]/.test(pieces[0] ?? ''))
      continue;
    joined.set(name, pieces.join(''));
    parts.set(name, pieces.length);
  }
  if (parts.size === 0) return { text, parts: none };
  const replaced = text.replace(cookie, (all, name: string, number: string, _, end = '') => {
    const value = joined.get(name);
    if (value === undefined) return all;
    return Number(number) === 0 ? `${name}=${value}${end}` : '';
  });
  return { text: replaced, parts };
}
