/** Breaks text at spaces, so that lines fit a width. */

/** Returns lines of at most `width` columns, unless one word is longer; the first is indented by `first`, the rest by `hanging`. */
export function fillLines(text: string, width: number, hanging = 0, first = 0): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(hanging);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return isEmpty ? lines : [...lines, line];
}

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

/** Returns a command as lines that a shell reads as one: they end with a backslash. An option stays with its value. */
export function splitExample(command: string, width: number): string[] {
  const pieces: string[] = [];
  for (const word of wordsOf(command)) {
    const isValue = /^--?[a-z][a-z-]*$/.test(pieces.at(-1) ?? '') && !/^[-|>]/.test(word);
    if (isValue) pieces.push(`${pieces.pop()} ${word}`);
    else pieces.push(word);
  }
  const lines: string[] = [];
  let line = '  $';
  for (const piece of pieces) {
    // Two columns stay free for the backslash.
    if (line.trim() !== '$' && line.length + 1 + piece.length > width - 2) {
      lines.push(`${line} \\`);
      line = '     ';
    }
    line += ` ${piece}`;
  }
  return [...lines, line];
}

/** Divides a command at the spaces where a shell divides it, also within `$(…)`; not at those in quotes. */
function wordsOf(command: string): string[] {
  const words = [''];
  // What surrounds a character: quotes, or a parenthesis for `$(…)`.
  const around: string[] = [];
  for (const [at, character] of [...command].entries()) {
    const inner = around.at(-1);
    if (character === inner || (character === ')' && inner === '(')) around.pop();
    else if (inner !== "'" && (character === "'" || character === '"')) around.push(character);
    else if (inner !== "'" && character === '(' && command[at - 1] === '$') around.push('(');
    if (character === ' ' && (around.at(-1) ?? '(') === '(') words.push('');
    else words.push(`${words.pop()}${character}`);
  }
  return words.filter((word) => word !== '');
}
