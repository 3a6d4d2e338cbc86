/** Where in a text a token was found: in words for a note, and the name that the text gives it. */

import { quotes } from './token-runs.js';

export interface TokenPlace {
  /** Completes "the token was found …". Holds no part of a token. */
  readonly place: string;
  /** The name of the member, parameter, cookie or variable; from the text, so not to be trusted. */
  readonly name: string | undefined;
}

const anyQuote = new RegExp(`[${quotes}]`);

/** How far before a token its place is looked for, in characters. */
const reach = 4096;
const nearby = 256;

const nameBefore =
  /(?:^|[^\w.-])([A-Za-z_][\w.-]{0,63})["'\\]{0,4}\s{0,8}(=>|:=|[=:])\s{0,8}b?["'`\\<]{0,4}(?:bearer\s{1,8})?$/i;
const isUrl = /^\W?(?:[a-z_]{1,32}[=:]\W?)?(?:[a-z][a-z\d+.-]{0,31}:\/\/|[/?#])/i;

/** Says where a token stands that begins at `start`. */
export function placeOf(text: string, start: number, lines: number): TokenPlace {
  const before = text.slice(Math.max(0, start - reach), start);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const near = before.slice(-nearby);
  const [, name, sign] = nameBefore.exec(near) ?? [];
  const wrapped = lines === 1 ? '' : `wrapped over ${lines} lines`;
  const place = describe(line, near, name, sign);
  return { place: [place, wrapped].filter((part) => part !== '').join(', ') || 'among other text', name };
}

function describe(line: string, near: string, name: string | undefined, sign: string | undefined): string {
  if (/(?:^|[^\w])(?:proxy-)?authorization["'\\]{0,4}\s{0,8}[:=]/i.test(line)) return 'in an Authorization header';
  if (/(?:^|[^\w])(?:set-)?cookie["'\\]{0,4}\s{0,8}[:=]/i.test(line)) {
    return name === undefined ? 'in a cookie' : `in the cookie ${name}`;
  }
  const word = line.slice(Math.max(line.lastIndexOf(' '), line.lastIndexOf('"'), line.lastIndexOf("'")) + 1);
  if (isUrl.test(word)) {
    const part = word.includes('#') ? 'fragment' : word.includes('?') ? 'query' : 'path';
    return `in the ${part} of a URL`;
  }
  if (name !== undefined && sign === ':' && /["'\\]\s{0,8}:/.test(near)) return `in JSON at ${name}`;
  if (name !== undefined && !/^(?:https?|bearer)$/i.test(name)) return `after ${name}${sign}`;
  const last = near.at(-1) ?? '';
  if (anyQuote.test(last)) return 'in quotes';
  if (/bearer\s*$/i.test(near)) return 'after Bearer';
  if (last === '>') return 'between tags';
  return last === '<' ? 'in angle brackets' : '';
}
