/** Arguments of the functions that change a keyring, checked for callers without a compiler. */
import { requireText } from '../../jose/arguments.js';
import { checkOptions, type OptionKinds } from '../../jose/options.js';
import { requireNow } from '../../token/time.js';

const password = 'it is passphrase';
const otherWords = { password };

/**
 * Checks the folder and the options. Under a misspelt name a passphrase would encrypt nothing.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkKeyringOptions<Options extends { readonly now: number }>(
  directory: string,
  options: Options,
  kinds: OptionKinds<Options>,
): void {
  requireText(directory, 'directory');
  requireNow(options?.now);
  checkOptions('options', options, kinds, otherWords);
}
