/** Asks GitHub Actions to hide tokens in its log. The runner reads commands on stderr too, so stdout stays as it is. */
import { usage } from './errors.js';
import type { Io } from './io.js';

export interface MaskOptions {
  /** Undefined masks in GitHub Actions alone. */
  mask?: boolean;
}

const isActions = ({ env }: Io) => env.GITHUB_ACTIONS === 'true';

/** Refuses `--mask` where nobody reads the command: there it would show the token. Throws USAGE_INVALID. */
export function refuseUselessMask({ mask }: MaskOptions, io: Io): void {
  if (mask !== true || isActions(io)) return;
  throw usage(
    '--mask: this is no job of GitHub Actions, so its log would show the token',
    'elsewhere keep the token out of the log: a variable, or --out FILE',
  );
}

/** Masks tokens before they are printed or written. */
export function maskTokens(tokens: readonly (string | undefined)[], { mask }: MaskOptions, io: Io): void {
  if (mask === false || !isActions(io)) return;
  for (const token of tokens) {
    if (token === undefined) continue;
    const value = token.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
    // As bytes, in which stderr hides no tokens.
    io.stderr.write(Buffer.from(`::add-mask::${value}\n`));
  }
}
