/** Breaks a line at its spaces, so that it fits a width. */

/** Returns a line as lines of at most `width` columns, if it has spaces to break at. All characters but those spaces stay. */
export function breakLine(line: string, width: number, hanging: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    let at = Math.max(rest.lastIndexOf(' ', width), rest.indexOf(' ', hanging));
    const wordEnd = rest.indexOf(' ', at + 1);
    const word = (wordEnd < 0 ? rest.length : wordEnd) - at - 1;
    // A word that fits no line stays where it is.
    if (hanging + word > width) at = wordEnd;
    if (at <= hanging) break;
    lines.push(rest.slice(0, at));
    rest = ' '.repeat(hanging) + rest.slice(at + 1);
  }
  return [...lines, rest];
}
