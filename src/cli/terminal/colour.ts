/** Colours, for an output that shows them. */
import type { Environment, Output } from './io.js';

/** When to colour: `auto` follows NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, and whether the output is a terminal. */
export type ColorMode = 'auto' | 'always' | 'never';

/** Colours text for one output; without colours every style returns the text unchanged. */
export type Painter = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

const same = (text: string) => text;
const plainPainter: Painter = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** Returns the painter for an output; loads chalk only for colours. */
export async function painterFor(output: Output, mode: ColorMode, env: Environment): Promise<Painter> {
  if (!wantsColor(output, mode, env)) return plainPainter;
  const { Chalk } = await import('chalk');
  return new Chalk({ level: 1 });
}

/** Returns the mode of the last of `--color WHEN` and `--no-color` in a command line. */
export function colorModeOf(flags: readonly string[]): ColorMode {
  let mode: string | undefined;
  for (const [at, flag] of flags.entries()) {
    if (flag === '--no-color') mode = 'never';
    else if (flag === '--color') mode = flags[at + 1];
    else if (flag.startsWith('--color=')) mode = flag.slice('--color='.length);
  }
  return mode === 'always' || mode === 'never' ? mode : 'auto';
}

/** A flag beats NO_COLOR, that beats FORCE_COLOR, that beats CLICOLOR_FORCE; else a terminal gets colours. An empty variable counts as unset. */
export function wantsColor(output: Output, mode: ColorMode, env: Environment): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.CLICOLOR_FORCE && env.CLICOLOR_FORCE !== '0') return true;
  return output.isTerminal && env.TERM !== 'dumb' && env.CLICOLOR !== '0';
}
