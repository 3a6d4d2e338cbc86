/** Dumps of bytes, as `hexdump`, `od` and `xxd` print them. */

/** How words are written, by their length in characters: the digits, their base, and the bytes of a word. */
const forms: Readonly<Record<number, readonly [digits: RegExp, base: number, size: number]>> = {
  2: [/^[\da-f]+$/i, 16, 1],
  3: [/^[0-3][0-7]+$/, 8, 1],
  4: [/^[\da-f]+$/i, 16, 2],
  6: [/^[01][0-7]+$/, 8, 2],
  8: [/^[\da-f]+$/i, 16, 4],
  11: [/^[0-3][0-7]+$/, 8, 4],
  16: [/^[\da-f]+$/i, 16, 8],
};
const binary = [/^[01]+$/, 2, 1] as const;

/** Returns the bytes of a dump, in the order of its words and with the bytes of each word turned round; nothing for another text. */
export function undoDump(text: string): Buffer[] {
  const lines = text.split(/\r?\n/);
  const characters = bytesOfCharacters(lines);
  const first = wordsOf(lines[0] ?? '');
  const [one = '', two = one] = first;
  const hasOffset = one.endsWith(':') || one.length !== two.length;
  const width = hasOffset ? two.length : one.length;
  const rows = lines.map((line) => wordsOf(line).slice(hasOffset ? 1 : 0));
  const isBinary = width === 8 && (rows[0] ?? []).every((word) => binary[0].test(word));
  const form = isBinary ? binary : forms[width];
  if (form === undefined) return characters;
  const [digits, base, size] = form;
  const words = rows.flatMap((row) => {
    const end = row.findIndex((word) => word.length !== width || !digits.test(word));
    return end === -1 ? row : row.slice(0, end);
  });
  if (words.length * size < leastBytes) return characters;
  const straight = words.map((word) => {
    const value = base === 16 ? BigInt(`0x${word}`) : BigInt(Number.parseInt(word, base));
    return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
  });
  if (size === 1) return [Buffer.concat(straight)];
  return [Buffer.concat(straight), Buffer.concat(straight.map((word) => Buffer.from(word).reverse()))];
}

/** The shortest key is longer. */
const leastBytes = 28;

/** The offset and the words of a line, without the characters at its end. */
function wordsOf(line: string): string[] {
  const shown = /^\s*[\da-f]{6,16}:\s/i.test(line)
    ? line.replace(/^\s*/, '').split(/ {2}/)[0]
    : line.split(/ {2}[|>]/)[0];
  return (shown ?? '').trim().split(/\s+/);
}

const named: Readonly<Record<string, number>> = {
  '': 0x20,
  '\\0': 0,
  '\\a': 7,
  '\\b': 8,
  '\\t': 9,
  '\\n': 10,
  '\\v': 11,
  '\\f': 12,
  '\\r': 13,
};

/** What `od -c` prints: columns of four characters, behind an offset or not. */
function bytesOfCharacters(lines: readonly string[]): Buffer[] {
  const bytes: number[] = [];
  for (const [at, line] of lines.entries()) {
    const columns = line.replace(/^[0-7]{7}(?= |$)/, '');
    // The white space around the text was dropped.
    const padded = at === 0 && columns === line ? columns.padStart(Math.ceil(line.length / 4) * 4) : columns;
    for (let start = 0; start < padded.length; start += 4) {
      const cell = padded.slice(start, start + 4).trim();
      const byte =
        named[cell] ??
        (cell.length === 1 ? cell.charCodeAt(0) : /^[0-3][0-7]{2}$/.test(cell) ? Number.parseInt(cell, 8) : -1);
      if (byte === -1) return [];
      bytes.push(byte);
    }
  }
  return bytes.length < leastBytes ? [] : [Buffer.from(bytes)];
}
