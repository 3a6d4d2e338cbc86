/** Returns a function that tells the line of a place in a text; 1 for a negative place. Takes linear time for places in their order. */
export function lineFinder(text: string): (at: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  return (at) => {
    if (at < 0) return 1;
    for (; next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++;
    return line;
  };
}
