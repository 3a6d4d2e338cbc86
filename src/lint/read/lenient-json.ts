import type { JsonObject } from '../../jose/json.js';

/** How deep settings are nested at most. */
export const deepest = 64;

/**
 * Parses JSON that the strict parser refuses, such as one with a repeated name. Values that lie too deep become null: they would
 * overflow the stack of a rule that compares them.
 * @throws {SyntaxError} if it is no JSON.
 */
export function parseLeniently(text: string): unknown {
  const value: unknown = JSON.parse(text);
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
