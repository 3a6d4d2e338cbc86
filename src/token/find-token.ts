/**
 * The token in a text that is more than a token: quotes, a header, a cookie, a URL, an answer in JSON, wrapped lines. This
 * decides only where the token begins and ends. What is found goes to the strict parser unchanged, so that a damaged token
 * is never mended.
 */
import { requireText } from '../jose/arguments.js';
import { readJson } from '../jose/json.js';
import { JsonError } from '../jose/json-reader.js';
import { joinNumbered, numberedName } from './numbered-cookies.js';
import { isPlainName, labelsOf, roleOfNames } from './token-name.js';
import { placeOf, type TokenPlace } from './token-place.js';
import { findRuns, isComplete } from './token-runs.js';
import { undoEncodings } from './undone-text.js';

/** Which token of a pair is meant, by the names of RFC 6749 §5.1. With `no refresh`, a lone refresh token is not taken either. */
export type WantedToken = 'access' | 'refresh' | 'no refresh';

/** What a text holds. */
export type FoundToken =
  /**
   * One token, or several of which one has the wanted name; `place` completes "the token was found …". A damaged token is not
   * whole, and comes with what is glued to it.
   */
  | { readonly kind: 'one'; readonly token: string; readonly isWhole: boolean; readonly place: string }
  /** The number of different tokens, and the names that the text gives them; in JSON their paths. */
  | { readonly kind: 'several'; readonly count: number; readonly names: readonly string[] }
  /** One token, which the text calls a refresh token; it is not wanted. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'none' };

/**
 * Finds the one token in a text. A token that is there several times counts once, but not in a list of tokens. Of several
 * tokens it takes the one named `access_token` or `refresh_token`, as `wanted` says.
 */
export function findToken(given: string, wanted?: WantedToken): FoundToken {
  requireText(given, 'the text');
  const text = given.includes('\u001b[') ? given.replace(colours, '') : given;
  const all = candidatesOf(text, 0);
  if (isList(text, all)) return { kind: 'several', count: all.length, names: [] };
  const found = new Map<string, Candidate[]>();
  for (const candidate of all) {
    const same = found.get(candidate.token);
    if (same === undefined) found.set(candidate.token, [candidate]);
    else if (same.length < mostNamed) same.push(candidate);
  }
  const candidates = [...found.values()];
  const [first] = candidates;
  if (first === undefined) return { kind: 'none' };
  if (candidates.length === 1) {
    // An access token beside it may be opaque. A refresh token of another issuer must not be taken for one.
    return wanted === 'no refresh' && isRefreshToken(first) ? { kind: 'refresh' } : resultOf(first[0] as Candidate);
  }
  // Names take time to read, and an answer holds few tokens.
  const named = candidates
    .slice(0, mostNamed)
    .map((same) => same.map((candidate) => ({ candidate, at: candidate.at() })));
  const only = candidates.length <= mostNamed ? pickNamed(named, wanted) : undefined;
  if (only !== undefined) return resultOf(only);
  const names = new Set(named.flatMap(([one]) => one?.at.name ?? []));
  return { kind: 'several', count: candidates.length, names: [...names].slice(0, 4) };
}

/** The places of one token. */
type NamedToken = readonly { readonly candidate: Candidate; readonly at: TokenPlace }[];

/** Returns the only token with the wanted name; one with nothing around its name comes first. */
function pickNamed(tokens: readonly NamedToken[], wanted: WantedToken | undefined): Candidate | undefined {
  if (wanted === undefined) return undefined;
  const role = wanted === 'refresh' ? wanted : 'access';
  const tests = [
    ({ names }: TokenPlace) => isPlainName(names.at(-1), role),
    ({ names }: TokenPlace) => roleOfNames(names) === role,
  ];
  for (const fits of tests) {
    const fitting = tokens.flatMap((same) => same.find(({ at }) => fits(at)) ?? []);
    if (fitting.length > 0) return fitting.length === 1 ? fitting[0]?.candidate : undefined;
  }
  return undefined;
}

/** Whether a name of a token says that it is a refresh token, and none that it is an access token. */
function isRefreshToken(same: readonly Candidate[]): boolean {
  const roles = same.map((candidate) => roleOfNames(candidate.at().names));
  return roles.includes('refresh') && !roles.includes('access');
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

/** A token of the text; a damaged one counts too, so that a good one beside it is not taken silently. */
interface Candidate {
  readonly token: string;
  readonly isWhole: boolean;
  at(): TokenPlace;
}

function resultOf({ token, isWhole, at }: Candidate): FoundToken {
  const { place, names } = at();
  // The other parts of a split cookie are missing, or elsewhere.
  const isPart = isWhole && names.some((name) => numberedName.test(name)) && !isComplete(token);
  return { kind: 'one', token, isWhole: isWhole && !isPart, place };
}

/** JSON may hold JSON in a string, and so on. */
const deepest = 3;

function candidatesOf(text: string, depth: number): Candidate[] {
  const json = depth < deepest ? inJson(text, depth) : undefined;
  if (json !== undefined && json.length > 0) return json;
  const { text: plain, parts } = joinNumbered(undoEncodings(text));
  return findRuns(plain).map(({ token, isWhole, start, lines }) => ({
    token,
    isWhole,
    at: () => placeOf(plain, start, { lines, parts }),
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
  /** `names` are the path and what the objects on it are called. */
  const visit = (value: unknown, path: readonly string[], names: readonly string[]): void => {
    if (typeof value === 'string') {
      if (value.length < shortestToken) return;
      for (const candidate of candidatesOf(value, depth + 1))
        found.push({ ...candidate, at: () => below(path, names, candidate) });
    } else if (typeof value === 'object' && value !== null) {
      const own = [...names, ...labelsOf(value)];
      for (const [name, member] of Object.entries(value)) visit(member, [...path, name], [...own, name]);
    }
  };
  visit(root, [], []);
  return found;
}

function below(path: readonly string[], outer: readonly string[], inner: Candidate): TokenPlace {
  const { name, names } = inner.at();
  if (path.length === 0) return { place: 'in quotes', name, names };
  const whole = path.join('.');
  const shown = whole.length > 80 ? `${whole.slice(0, 80)}…` : whole;
  return { place: `in JSON at ${shown}`, name: shown, names: [...outer, ...names] };
}
