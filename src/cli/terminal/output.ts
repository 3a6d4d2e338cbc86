/** What commands print on stdout. Text that came with a token is escaped before a person sees it. */
import { JwtkitError } from '../../errors.js';
import { toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import { formatDistance, formatMoment } from '../../token/time.js';
import type { Io } from './io.js';

/** Prints one JSON value: a line in a pipe, indented on a terminal. */
export function printJson(io: Io, value: unknown): void {
  io.stdout.write(`${toJson(value, io.stdout.isTerminal ? 2 : undefined)}\n`);
}

/** Returns an Io for output after a change: if writing fails, the error says that the change was made. */
export function afterChange(io: Io, done: string, hint?: string): Io {
  const write = (content: string | Uint8Array) => {
    try {
      io.stdout.write(content);
    } catch (cause) {
      if (!(cause instanceof JwtkitError)) throw cause;
      throw new JwtkitError(cause.code, `${cause.message}; ${done}`, { hint, cause });
    }
  };
  return { ...io, stdout: Object.assign(Object.create(io.stdout), { write }) };
}

/** Prints one claim for a script: a string raw (escaped on a terminal), anything else or with `asJson` as JSON. */
export function printClaim(io: Io, value: unknown, asJson = false): void {
  const isRaw = typeof value === 'string' && !asJson;
  const text = isRaw ? (io.stdout.isTerminal ? escapeText(value) : value) : toJson(value);
  io.stdout.write(`${text}\n`);
}

/** Returns a moment with its distance from now; both are NumericDates. */
export function showMoment(moment: number, now: number): string {
  return `${formatMoment(moment)}, ${formatDistance(moment, now)}`;
}

/** The widest column, in characters: a long name in a token would pad each other one to its length. */
const widestColumn = 120;

/** Returns rows of cells as lines with aligned columns; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, Math.min(cell.length, widestColumn));
    });
  }
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '),
  );
}
