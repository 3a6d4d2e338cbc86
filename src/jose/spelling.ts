/** Whether one name may be a misspelling of another: they differ by two edits, or by one if the name is short. */
export function isMisspelt(name: string, meant: string): boolean {
  return editDistance(name, meant) <= (name.length > 4 ? 2 : 1);
}

/** The fewest letters to change, add, drop or swap with a neighbour (optimal string alignment distance). */
function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let row = [...Array(other.length + 1).keys()];
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (letter === other[to - 1] ? 0 : 1);
      const isSwap = to > 1 && letter === other[to - 2] && one[at - 1] === other[to - 1];
      const swapped = isSwap ? (before[to - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
