/** How wide help and tables may be. */
import type { Environment, Io, Output } from './io.js';

/** Returns the width for text: `COLUMNS`, else the terminal's own, else 80; at least 50, at most 120. */
export function columnsOf({ env, stdout }: Io): number {
  return columnsFor(stdout, env);
}

function columnsFor(output: Output, env: Environment, least = 50): number {
  const named = /^\d{1,5}$/.test(env.COLUMNS ?? '') ? Number(env.COLUMNS) : 0;
  // A terminal that does not know its width has 0 columns.
  const columns = named || (output.isTerminal && output.columns) || 80;
  return Math.min(Math.max(columns, least), 120);
}

/** Returns the width at which a line for a person is broken; none in a pipe, where a line stays a line. */
export function lineWidth(io: Io): number | undefined {
  return io.stdout.isTerminal ? columnsOf(io) : undefined;
}

/** Returns the width at which an error and its hint on stderr are broken, at least 30; none in a pipe. */
export function errorWidth({ env, stderr }: Io): number | undefined {
  return stderr.isTerminal ? columnsFor(stderr, env, 30) : undefined;
}
