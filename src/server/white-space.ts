/** The white space of HTTP. */

/**
 * Returns a text without spaces and tabs at its ends (RFC 9110 §5.6.3). `trim` of JavaScript would also take off others that headers
 * can hold, such as the byte 0xA0.
 */
export function trimSpaces(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start])) start++;
  while (start < end && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}
