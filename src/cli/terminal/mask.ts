/** Asks GitHub Actions to hide in its log what a command prints as a secret. Loads how only there. */
import { usage } from './errors.js';
import type { Io } from './io.js';
import type { Masker, Secrets } from './masking.js';

export interface MaskOptions {
  /** Undefined masks in GitHub Actions alone. */
  mask?: boolean | undefined;
}

const isActions = ({ env }: Io) => env.GITHUB_ACTIONS === 'true';

/** Refuses `--mask` where nobody reads the command: there it would show the secret. Throws USAGE_INVALID. */
export function refuseUselessMask({ mask }: MaskOptions, io: Io): void {
  if (mask !== true || isActions(io)) return;
  throw usage(
    '--mask works only in GitHub Actions; elsewhere the log would show the secret',
    'keep the secret out of the log: in a variable, or in a file',
  );
}

/** Returns a function that masks the secrets of a run; undefined where nothing is masked. */
export async function openMask({ mask }: MaskOptions, io: Io): Promise<Masker | undefined> {
  if (mask === false || !isActions(io)) return undefined;
  return (await import('./masking.js')).openMasker(io);
}

/** Masks secrets before they are printed or written. */
export async function maskSecrets(secrets: Secrets, options: MaskOptions, io: Io): Promise<void> {
  (await openMask(options, io))?.(secrets);
}
