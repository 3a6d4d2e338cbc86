/** Takes off what stands before and behind each line of a PEM: the marks of a mail, a diff or a log, numbers, visible line ends. */

/** What a program puts before each line. It may change from line to line. */
const beginnings: readonly RegExp[] = [
  // cat -n, nl and grep -n; the time stamps of GitHub, Kubernetes and Docker.
  /^\s*\d{1,6}(?:\t|: ?|\| ?|-|\s{1,4})/,
  /^(?:\S{1,80} {1,8}\| )?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]{0,12}(?:Z|[+-]\d\d:?\d\d)?\]? (?:std(?:out|err) [FP] )?/,
];
/** Visible line ends: of cat -A and vi, and those that psql puts into a value. The last line may have none. */
const endings: readonly RegExp[] = [/(?:\^M)?\$$/, /\^M$/, /\s{0,80}\+$/, /\s{1,80}\|$/];

/**
 * Returns the text with each block taken out of its frame; undefined if no block has one on all its lines. The time grows with the text
 * and with its blocks, of which the caller allows 100.
 */
export function withoutFrames(text: string): string | undefined {
  const lines = text.split(/\r?\n/);
  let isFramed = false;
  for (let start = 0; start < lines.length; start++) {
    const line = lines[start] as string;
    const at = line.indexOf('-----BEGIN');
    if (at < 0) continue;
    const length = lines.slice(start).findIndex((each) => each.includes('-----END')) + 1;
    if (length < 3) continue;
    const block = lines.slice(start, start + length);
    const begun = withoutBeginnings(block, line.slice(0, at)) ?? block;
    const bare = withoutEndings(begun) ?? begun;
    if (bare.some((each, index) => each !== block[index])) {
      isFramed = true;
      lines.splice(start, length, ...bare);
    }
    start += length - 1;
  }
  return isFramed ? lines.join('\n') : undefined;
}

function withoutBeginnings(block: readonly string[], prefix: string): string[] | undefined {
  // Quotes belong to source code.
  if (prefix.trim() === '' || /["'`]/.test(prefix)) return undefined;
  const kind = beginnings.find((each) => each.exec(prefix)?.[0].length === prefix.length);
  if (kind !== undefined && block.every((line) => kind.test(line))) return block.map((line) => line.replace(kind, ''));
  // An empty line may have lost the space behind its mark.
  if (!block.every((line) => line.startsWith(prefix.trimEnd()))) return undefined;
  return block.map((line) => line.slice(line.startsWith(prefix) ? prefix.length : prefix.trimEnd().length));
}

function withoutEndings(block: readonly string[]): string[] | undefined {
  const kind = endings.find((each) => block.slice(0, -1).every((line) => each.test(line)));
  return kind && block.map((line) => line.replace(kind, ''));
}
