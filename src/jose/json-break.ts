/** Says where a text stops being JSON, and what to do. JSON.parse names no place in every case, and repeats what it read. */

/** A token of JSON (RFC 8259 §2). */
const token =
  /[ \t\r\n]*(?:("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)|([{}[\],:]))/uy;

/** What stands where no token of JSON can be, by its beginning. */
const strange: readonly (readonly [pattern: RegExp, way: string])[] = [
  [/^[\u201c-\u201f\u2018-\u201b\u2033\u00ab\u00bb]/, 'a program made its quotes typographic: write plain ones (")'],
  [
    /^[\p{Zs}\ufeff\u200b-\u200d\u2060]/u,
    'a space there is no plain one, as copying from web pages makes it: replace it',
  ],
  [/^'/, 'JSON has its names and texts in double quotes'],
  [/^(?:\/\/|\/\*|#)/, 'JSON has no comments: remove them'],
  [/^&(?:quot|#34|#x22);/, 'its quotes are written as in HTML: write " for each of them'],
  [/^\\/, 'a program escaped its quotes: remove the backslashes'],
  [/^[\w$]+\s*:/, 'JSON has each name in double quotes'],
];

/** The hint for a text that is not JSON. Takes linear time. */
export function jsonBreakHint(text: string): string {
  let at = 0;
  let depth = 0;
  /** The sign of the last token; `value` for a whole value. */
  let before = '';
  const say = (way: string) => `${placeOf(text, at)}: ${way}`;
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text);
    const isOver = depth === 0 && before !== '';
    if (found === null || isOver) {
      const rest = text.slice(at).replace(/^[ \t\r\n]*/, '');
      at = text.length - rest.length;
      return say(isOver ? trailing(rest) : oddity(rest));
    }
    const sign = found[2] ?? '';
    const isOpening = sign === '{' || sign === '[';
    const isClosing = sign === '}' || sign === ']';
    // A message names the last character of the token.
    at = token.lastIndex - 1;
    if (isClosing && before === ',') return say('remove the comma before the closing bracket');
    if ((sign === '' || isOpening) && before === 'value') return say('a comma is missing there');
    at++;
    if (isOpening) depth++;
    if (isClosing) depth--;
    before = sign === '' || isClosing ? 'value' : sign;
  }
}

function trailing(rest: string): string {
  if (rest.startsWith('%')) return 'remove the %: a shell shows it where the last line has no end';
  if (/^,?\s*\{/.test(rest)) return 'a second JWK begins: several become a set as {"keys": […]}';
  return rest === '' ? 'look at its brackets' : 'the JSON ends, and other text follows: keep the JSON alone';
}

function oddity(rest: string): string {
  if (rest === '') return 'its end is missing: copy all of it';
  if (rest.startsWith('"')) {
    const isLine = /^"(?:[^"\\\p{Cc}]|\\.)*[\r\n]/u.test(rest);
    return isLine ? 'JSON needs \\n for each line end inside a text' : 'a text there has no end, or a bad escape';
  }
  return strange.find(([pattern]) => pattern.test(rest))?.[1] ?? 'this is no JSON';
}

function placeOf(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `in line ${lines.length}, character ${(lines.at(-1) ?? '').length + 1}`;
}
