/**
 * Paths to a value in the claims: the name of a claim, a JSON Pointer (RFC 6901), or names and array indexes joined by dots. Names
 * may hold dots themselves, as `https://issuer.example/roles` does: the longest name that fits is taken. A JSON Pointer has one
 * reading, whatever names the token has.
 */
import { JwtkitError } from '../errors.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from '../jose/json.js';

/** How far a path leads. */
export interface ClaimWalk {
  /** The value at the end of the path; undefined if there is none. */
  readonly value: unknown;
  /** The last value on the way, and the part of the path that leads to it; empty for the claims themselves. */
  readonly reached: unknown;
  readonly at: string;
}

/** Finds a value by path. Only own members count. A claim that has a path with dots as its name comes first. */
export function findByPath(claims: JsonObject, path: string): unknown {
  return walkPath(claims, path).value;
}

/** {@link findByPath} that also says how far the path leads. */
export function walkPath(claims: JsonObject, path: string): ClaimWalk {
  const isPointer = path.startsWith('/');
  if (!isPointer && Object.hasOwn(claims, path)) return { value: claims[path], reached: claims, at: '' };
  let value: unknown = claims;
  let begin = isPointer ? 1 : 0;
  for (;;) {
    const at = path.slice(0, Math.max(begin - 1, 0));
    const step = isPointer ? pointerStep(path, begin) : dottedStep(value, path, begin);
    const next = memberOf(value, step.name);
    const isLast = step.end === path.length;
    if (next === undefined || isLast) return { value: isLast ? next : undefined, reached: value, at };
    value = next;
    begin = step.end + 1;
  }
}

/** Says what is there where a path ends without a value, as a hint. */
export function describeReached({ reached, at }: ClaimWalk): string {
  const place = at === '' ? 'the token' : quoteText(at);
  if (Array.isArray(reached)) {
    return reached.length === 0 ? `${place} is an empty list` : `${place} is a list of ${reached.length}, from index 0`;
  }
  if (!isJsonObject(reached)) return `${place} is ${describeJson(reached)}`;
  const names = Object.keys(reached);
  const what = at === '' ? 'claims' : 'members';
  return names.length === 0 ? `${place} has no ${what}` : `${place} has the ${what} ${listTexts(names)}`;
}

/** Lists the first of some texts, each quoted and shortened, for a message. */
export function listTexts(texts: readonly string[]): string {
  const shown = texts.slice(0, 10).map(quoteText);
  if (texts.length > 10) shown.push(`… ${texts.length - 10} more`);
  return shown.join(', ');
}

interface Step {
  readonly name: string;
  /** Where the step ends in the path. */
  readonly end: number;
}

function pointerStep(path: string, begin: number): Step {
  const end = endOfStep(path, '/', begin);
  return { name: path.slice(begin, end).replaceAll('~1', '/').replaceAll('~0', '~'), end };
}

/** Looks through the names of the object, not through the dots of the path: this takes time in proportion to the object. */
function dottedStep(value: unknown, path: string, begin: number): Step {
  let end = -1;
  if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const nameEnd = begin + name.length;
      const isWhole = nameEnd === path.length || path[nameEnd] === '.';
      if (isWhole && nameEnd > end && path.startsWith(name, begin)) end = nameEnd;
    }
  }
  if (end < 0) end = endOfStep(path, '.', begin);
  return { name: path.slice(begin, end), end };
}

function endOfStep(path: string, separator: string, begin: number): number {
  const end = path.indexOf(separator, begin);
  return end < 0 ? path.length : end;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(name)) return undefined;
  return own(value, name);
}

/**
 * Returns the value of the claim at a path.
 * @throws {JwtkitError} CLAIM_MISSING.
 */
export function findClaim(claims: JsonObject, path: string): unknown {
  const value = findByPath(claims, path);
  if (value === undefined) {
    throw new JwtkitError('CLAIM_MISSING', `token has no claim ${JSON.stringify(path)}`, {
      hint: 'jwtkit decode shows all claims',
    });
  }
  return value;
}
