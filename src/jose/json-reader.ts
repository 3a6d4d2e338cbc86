/** Reads JSON value by value. JSON.parse would lose equal names and the digits of numbers. */

/** The deepest nesting that is accepted; the outermost object is depth 1. */
export const maxJsonDepth = 64;

/** Why a text is refused. The message completes "the payload …". */
export class JsonError extends Error {}

/** How to read values. */
export interface ReadValuesOptions {
  /** Refuse duplicate names, lone surrogates and deep nesting. */
  readonly isStrict?: boolean;
  readonly readNumber?: (text: string) => unknown;
}

/** Reads a text that JSON.parse accepts. Throws {@link JsonError} if `isStrict`. */
export function readValues(text: string, { isStrict = false, readNumber = Number }: ReadValuesOptions): unknown {
  let at = 0;
  const skipSpace = () => {
    while (' \n\r\t'.includes(text.charAt(at)) && at < text.length) at++;
  };
  const readString = () => {
    const start = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    const written = text.slice(start, ++at);
    if (!written.includes('\\')) return written.slice(1, -1);
    const string = JSON.parse(written) as string;
    if (isStrict && !string.isWellFormed()) throw new JsonError('has a lone surrogate');
    return string;
  };
  /** Reads the items of an array or an object, with its closing bracket. */
  const readItems = (end: string, readItem: () => void) => {
    at++;
    for (skipSpace(); text[at] !== end; skipSpace()) {
      if (text[at] === ',') at++;
      skipSpace();
      readItem();
    }
    at++;
  };
  const read = (depth: number): unknown => {
    skipSpace();
    const first = text[at];
    if (first === '"') return readString();
    if ((first === '[' || first === '{') && isStrict && depth > maxJsonDepth) throw tooDeep();
    if (first === '[') {
      const items: unknown[] = [];
      readItems(']', () => items.push(read(depth + 1)));
      return items;
    }
    if (first === '{') {
      const members = new Map<string, unknown>();
      readItems('}', () => {
        const name = readString();
        if (isStrict && members.has(name)) throw duplicateName();
        skipSpace();
        at++;
        members.set(name, read(depth + 1));
      });
      // Unlike an assignment, this makes a plain member of `__proto__`.
      return Object.fromEntries(members);
    }
    const start = at;
    while (at < text.length && !',]} \n\r\t'.includes(text.charAt(at))) at++;
    const word = text.slice(start, at);
    return /^[tfn]/.test(word) ? JSON.parse(word) : readNumber(word);
  };
  return read(1);
}

/** The error for a text that is nested too deep. */
export function tooDeep(): JsonError {
  return new JsonError(`is nested deeper than ${maxJsonDepth} levels`);
}

/** The error for an object with two members of one name. */
export function duplicateName(): JsonError {
  return new JsonError('has a duplicate member name');
}
