import type { JsonObject } from '../../jose/json.js';

/** How deep settings are nested at most. */
export const deepest = 64;

/**
 * Parses JSON that the strict parser refuses: one with a repeated name, with comments or with commas behind the last member. Values
 * that lie too deep become null: they would overflow the stack of a rule that compares them.
 * @throws {SyntaxError} if it is no JSON.
 */
export function parseLeniently(text: string): unknown {
  const value = parse(text);
  cutDeepValues(value, 1);
  return value;
}

function cutDeepValues(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  const members = value as JsonObject;
  for (const [name, member] of Object.entries(members)) {
    if (typeof member !== 'object' || member === null) continue;
    if (depth < deepest) cutDeepValues(member, depth + 1);
    else members[name] = null;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(withoutComments(text));
  }
}

/** Leaves out comments, and commas behind the last member, as editors and .NET allow them. Takes linear time. */
function withoutComments(text: string): string {
  const pieces: string[] = [];
  let comma = -1;
  for (let at = 0; at < text.length; ) {
    const start = at;
    const char = text[at] as string;
    if (char === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      const isLine = text[at + 1] === '/';
      const end = text.indexOf(isLine ? '\n' : '*/', at + 2);
      at = end < 0 ? text.length : end + (isLine ? 0 : 2);
      continue;
    }
    if (char === '"') at = endOfString(text, at);
    else at++;
    if (/\s/.test(char)) {
      pieces.push(char);
      continue;
    }
    if ((char === '}' || char === ']') && comma >= 0) pieces[comma] = '';
    comma = char === ',' ? pieces.length : -1;
    pieces.push(text.slice(start, at));
  }
  return pieces.join('');
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
