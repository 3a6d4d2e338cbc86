/**
 * The token in a text that is more than a token: quotes, a header, a cookie, a URL, an answer in JSON, wrapped lines. This
 * decides only where the token begins and ends. What is found goes to the strict parser unchanged, so that a damaged token
 * is never mended.
 */
import { readJson } from '../jose/json.js';
import { JsonError } from '../jose/json-reader.js';
import { placeOf, type TokenPlace } from './token-place.js';
import { findRuns } from './token-runs.js';

/** Which token of a pair is meant, by the names of RFC 6749 §5.1. With `no refresh`, a lone refresh token is not taken either. */
export type WantedToken = 'access' | 'refresh' | 'no refresh';

/** What a text holds. */
export type FoundToken =
  /**
   * One token, or several of which one has the wanted name; `place` completes "the token was found …". A damaged token is not
   * whole, and comes with what is glued to it.
   */
  | { readonly kind: 'one'; readonly token: string; readonly isWhole: boolean; readonly place: string }
  /** The number of different tokens, and the names that the text gives them. */
  | { readonly kind: 'several'; readonly count: number; readonly names: readonly string[] }
  /** One token, which the text calls a refresh token; it is not wanted. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'none' };

/**
 * Finds the one token in a text. A token that is there several times counts once, but not in a list of tokens. Of several
 * tokens it takes the one named `access_token` or `refresh_token`, as `wanted` says.
 */
export function findToken(given: string, wanted?: WantedToken): FoundToken {
  const text = given.includes('\u001b[') ? given.replace(colours, '') : given;
  const all = candidatesOf(text, 0);
  if (isList(text, all)) return { kind: 'several', count: all.length, names: [] };
  const found = new Map<string, Candidate>();
  for (const candidate of all) if (!found.has(candidate.token)) found.set(candidate.token, candidate);
  const candidates = [...found.values()];
  const [first] = candidates;
  if (first === undefined) return { kind: 'none' };
  if (candidates.length === 1) {
    // An access token beside it may be opaque. A refresh token of another issuer must not be taken for one.
    return wanted === 'no refresh' && isName(first.at().name, 'refresh') ? { kind: 'refresh' } : resultOf(first);
  }
  // Names take time to read, and an answer holds few tokens.
  const named = candidates.slice(0, mostNamed).map((candidate) => ({ candidate, name: candidate.at().name }));
  const fitting = named.filter(
    ({ name }) => wanted !== undefined && isName(name, wanted === 'refresh' ? wanted : 'access'),
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1 && candidates.length <= mostNamed) return resultOf(only.candidate);
  const names = new Set(named.flatMap(({ name }) => name ?? []));
  return { kind: 'several', count: candidates.length, names: [...names].slice(0, 4) };
}

const mostNamed = 32;

/** What programs write for a terminal, also within a word that they found (ECMA-48 §8.3.117 and §8.3.41). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with an escape.
const colours = /\u001b\[[\d;]{0,32}[mK]/g;

/** Whether a text is tokens and white space alone, as a batch reads them. */
function isList(text: string, all: readonly Candidate[]): boolean {
  if (all.length < 2) return false;
  const words = text.trim().split(/\s+/);
  return words.length === all.length && words.every((word, at) => word === all[at]?.token);
}

function isName(name: string | undefined, wanted: 'access' | 'refresh'): boolean {
  const plain = name?.toLowerCase().replace(/[^a-z]/g, '');
  return plain === `${wanted}token` || plain === wanted;
}

/** A token of the text; a damaged one counts too, so that a good one beside it is not taken silently. */
interface Candidate {
  readonly token: string;
  readonly isWhole: boolean;
  at(): TokenPlace;
}

function resultOf({ token, isWhole, at }: Candidate): FoundToken {
  return { kind: 'one', token, isWhole, place: at().place };
}

/** JSON may hold JSON in a string, and so on. */
const deepest = 3;

function candidatesOf(text: string, depth: number): Candidate[] {
  const json = depth < deepest ? inJson(text, depth) : undefined;
  if (json !== undefined && json.length > 0) return json;
  const plain = undoEscapes(undoPercent(text));
  return findRuns(plain).map(({ token, isWhole, start, lines }) => ({
    token,
    isWhole,
    at: () => placeOf(plain, start, lines),
  }));
}

/** Tokens in a JSON text, and in what stands before it, such as headers; undefined without JSON. */
function inJson(text: string, depth: number): Candidate[] | undefined {
  const isJson = /^[\s\ufeff]*[{["]/.test(text);
  const start = isJson ? 0 : text.search(/\n[ \t]*[{[]/);
  if (start < 0) return undefined;
  const body = text
    .slice(start)
    .replace(/^\ufeff/, '')
    .trim();
  try {
    const { value } = readJson(Buffer.from(body));
    return [...candidatesOf(text.slice(0, start), deepest), ...inValue(value, depth)];
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** The shortest text that can hold a token, in characters. */
const shortestToken = 16;

function inValue(root: unknown, depth: number): Candidate[] {
  const found: Candidate[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'string') {
      if (value.length < shortestToken) return;
      for (const candidate of candidatesOf(value, depth + 1))
        found.push({ ...candidate, at: () => below(path, candidate) });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
    }
  };
  visit(root, []);
  return found;
}

function below(path: readonly string[], inner: Candidate): TokenPlace {
  const { name } = inner.at();
  if (path.length === 0) return { place: 'in quotes', name };
  const shown = path.join('.');
  return { place: `in JSON at ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}`, name: name ?? path.at(-1) };
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ...[...'"\'`/'].map((char) => [char, char] as const),
]);

/** Undoes the escapes of strings around tokens, as logs and programs print them. */
function undoEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\+(u00[0-7][\da-f]|[\s\S]?)/gi, (all, next: string) => {
    if (next.length > 1) return String.fromCharCode(Number.parseInt(next.slice(1), 16));
    return escapes.get(next) ?? all;
  });
}

/** A word of a URL, a form or a cookie; elsewhere `%20` behind a token is a damage of it. */
const isEncodedWord = /=|%2e|%2[027]e[wy]/i;
const mostRounds = 2;

function undoPercent(text: string): string {
  let plain = text;
  for (let round = 0; round < mostRounds && plain.includes('%'); round++) {
    plain = plain.replace(/[^\s"'<>]+/g, (word) => {
      if (!word.includes('%') || !isEncodedWord.test(word)) return word;
      const bytes = (codes: string) => Buffer.from(codes.replaceAll('%', ''), 'hex').toString();
      return word.replace(/(?:%[\da-f]{2})+/gi, bytes);
    });
  }
  // A form writes a space as a plus.
  return plain.replace(/([=:])bearer\+/gi, '$1Bearer ');
}
