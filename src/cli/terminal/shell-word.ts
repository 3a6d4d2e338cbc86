import { escapeText } from '../../shown-text.js';

/** Returns a text as one word of a command that a person may copy into a shell. */
export function quoteWord(text: string): string {
  return /^[\w.@%+:/-]+$/.test(text) ? text : `'${escapeText(text).replaceAll("'", "'\\''")}'`;
}
