/** Tables that fit the terminal. */
import { alignColumns } from './output.js';

/** What a table may lose. */
export interface Losses {
  /** Columns that may be left out, the least important first. */
  readonly drops: readonly string[];
  /** Columns whose cells may be cut after that, the least important first. */
  readonly cuts: readonly string[];
}

/** The shortest that a cell is cut to, in characters. */
const leastCell = 12;

/** Returns rows, the first of which is the head, as lines of at most `width` columns where the losses allow it. */
export function fitTable(
  rows: readonly (readonly string[])[],
  width: number,
  { drops, cuts }: Losses,
): { readonly lines: readonly string[]; readonly isWhole: boolean } {
  let table = rows;
  let isWhole = true;
  for (const name of drops) {
    if (excess(table, width) <= 0) break;
    const at = table[0]?.indexOf(name) ?? -1;
    table = table.map((row) => row.filter((_, column) => column !== at));
    isWhole = false;
  }
  for (const name of cuts) {
    const over = excess(table, width);
    if (over <= 0) break;
    const at = table[0]?.indexOf(name) ?? -1;
    const most = Math.max(leastCell, widthOf(table, at) - over);
    table = table.map((row) => row.map((cell, column) => (column === at ? cut(cell, most) : cell)));
    isWhole = false;
  }
  return { lines: alignColumns(table), isWhole };
}

/** Returns by how many columns a table is too wide. */
function excess(table: readonly (readonly string[])[], width: number): number {
  const columns = table[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) => widthOf(table, at));
  return widths.reduce((sum, one) => sum + one, 2 * (columns - 1)) - width;
}

function widthOf(table: readonly (readonly string[])[], at: number): number {
  // A file of accounts may have more rows than a call has arguments.
  return table.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0);
}

function cut(cell: string, most: number): string {
  return cell.length <= most ? cell : `${cell.slice(0, most - 1)}…`;
}
