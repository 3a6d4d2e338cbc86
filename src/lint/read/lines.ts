/** Returns a function that tells the line of a place in a text. Ask in ascending order: it reads on from the last place. A negative place is in line 1. */
export function lineFinder(text: string): (at: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  return (at) => {
    if (at < 0) return 1;
    for (; next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++;
    return line;
  };
}
