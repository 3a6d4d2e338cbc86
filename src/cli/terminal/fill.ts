/** Fills lines with the words of a text: for help, and for lists of things with a sentence each. */

/** Words that read badly when a line ends between them; what stands in for their spaces. */
const together =
  /(?<=^|[ (])- (?:is std(?:in|out)|or a pipe)|default: (?=\S)|\([^()]{1,26}\)|\b(?:[Ee]xits?|code|RFC|ISO) (?=\d)|--[a-z-]+ for (?=--)|\bhelp (?=[a-z-]+(?:,|$))/g;
const stuck = '\0';

/**
 * Returns lines of at most `width` columns, unless one word is longer; the first is indented by `first`, the rest by `hanging`.
 * The last line gets a second word if it has only one, unless that is the name of a variable in brackets.
 */
export function fillLines(text: string, width: number, hanging = 0, first = 0): string[] {
  const words = text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(together, (found) => found.replaceAll(' ', stuck))
    .split(' ')
    .filter((word) => word !== '');
  const lines: string[][] = [];
  let length = 0;
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && length + 1 + word.length <= width) {
      line.push(word);
      length += 1 + word.length;
    } else {
      length = (line === undefined ? first : hanging) + word.length;
      lines.push([word]);
    }
  }
  const [before, last] = lines.slice(-2);
  const [lone = '', another] = last ?? [];
  const moved = before?.at(-1) ?? '';
  const isAlone = another === undefined && !/[[\0]/.test(lone);
  if (last !== undefined && isAlone && (before?.length ?? 0) > 2 && hanging + moved.length + 1 + lone.length <= width)
    last.unshift(before?.pop() as string);
  return lines.map((line, at) => (' '.repeat(at === 0 ? first : hanging) + line.join(' ')).replaceAll(stuck, ' '));
}
