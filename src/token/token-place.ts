/** Where in a text a token was found: in words for a note, and the name that the text gives it. */
import { quotes } from './token-runs.js';

export interface TokenPlace {
  /** Completes "the token was found …". Holds no part of a token. */
  readonly place: string;
  /** The name of the member, parameter, cookie or variable, in JSON its path; from the text, so not to be trusted. */
  readonly name: string | undefined;
  /** The names of what the token stands in, from outside to inside. */
  readonly names: readonly string[];
}

const anyQuote = new RegExp(`[${quotes}]`);

/** How far before a token its place is looked for, in characters. */
const reach = 4096;
const nearby = 256;

const nameBefore =
  /(?:^|[^\w.-])([A-Za-z_][\w.-]{0,127})["'\\]{0,4}\s{0,8}(=>|:=|[=:])\s{0,8}b?["'`\\<]{0,4}(?:bearer\s{1,8})?$/i;
const isUrl = /^\W?(?:[a-z_]{1,32}[=:]\W?)?(?:[a-z][a-z\d+.-]{0,31}:\/\/|[/?#])/i;

/** The lines that a token stands on, and from how many cookies those of a name were joined. */
interface Shape {
  readonly lines: number;
  readonly parts: ReadonlyMap<string, number>;
}

/** Says where a token stands that begins at `start`. */
export function placeOf(text: string, start: number, { lines, parts }: Shape): TokenPlace {
  const before = text.slice(Math.max(0, start - reach), start);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const near = before.slice(-nearby);
  const [, name, sign] = nameBefore.exec(near) ?? [];
  const wrapped = lines === 1 ? '' : `wrapped over ${lines} lines`;
  const place = describe(line, near, name, sign);
  const count = name === undefined ? undefined : parts.get(name);
  const joined = count === undefined ? '' : `joined from ${count} parts`;
  const all = [place, wrapped, joined].filter((part) => part !== '').join(', ');
  return {
    place: all || 'among other text',
    name,
    names: [...enclosing(before), ...wordsBefore(near), ...(name === undefined ? [] : [name])],
  };
}

/** What a text calls the token behind it, and what may stand between: tags, types and words such as `is`. */
const calledSo =
  /(?:^| )((?:access|refresh|id) ?(?:tokens?|jwts?|jws|jwe))(?: (?:value|is|string|text|raw|optional|some|secret|b|td|dd|dt|th|span|code|strong|pre))*$/;
const longestWords = 96;

/** The name of a token that stands before it as words: in a table, an element, a form, a cookie jar, the option of a command. */
function wordsBefore(near: string): string[] {
  const words = near
    .slice(-longestWords)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim();
  const name = calledSo.exec(words)?.[1];
  return name === undefined ? [] : [name];
}

const deepest = 4;
const yamlParent = /^([ \t]*)(?:- )?["']?([A-Za-z_][\w.-]{0,127})["']?:[ \t]*\r?$/;

/** The names of the objects that a token stands in, in texts that are no JSON: by their brackets, or by the indents of YAML. */
function enclosing(before: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (let at = before.length - 1; at >= 0 && names.length < deepest; at--) {
    const char = before[at];
    if (char === '}') depth++;
    if (char !== '{' || depth-- > 0) continue;
    depth = 0;
    const [, name] = nameBefore.exec(before.slice(Math.max(0, at - nearby), at)) ?? [];
    if (name !== undefined) names.unshift(name);
  }
  const lines = before.split('\n');
  let indent = /^[ \t]*/.exec(lines.pop() ?? '')?.[0].length ?? 0;
  for (const line of lines.reverse()) {
    const [, spaces = '', name] = yamlParent.exec(line) ?? [];
    if (name === undefined || spaces.length >= indent) continue;
    names.unshift(name);
    indent = spaces.length;
    if (indent === 0 || names.length >= deepest) break;
  }
  return names;
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
