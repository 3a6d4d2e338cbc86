/** What the subcommands of `keys` share. */
import type { Command } from 'commander';
import { type KeyUse, keyWords } from '../../../token/key-words.js';
import { type Invocation, readInvocation } from '../../grammar/invocation.js';
import { wholeKid } from '../../grammar/kids.js';
import { addCommonOptions, keyringOption } from '../../grammar/shared-options.js';
import { keyringFolder } from '../../grammar/unnamed-places.js';
import type { Io } from '../../terminal/io.js';

/** The argument of a command that changes or prints one key. */
export const kidArgument = ['<kid>', 'the ID of the key, or its beginning'] as const;

/** Adds the keyring's option, those that every command has, and the examples. */
export function addKeyringOptions(command: Command, examples: readonly string[]): void {
  addCommonOptions(command.addOption(keyringOption()), examples);
}

/**
 * Reads the options of a command that uses the keyring.
 * @throws {JwtkitError} as `readInvocation`; FILE_NOT_TRUSTED for an unnamed keyring that others can write.
 */
export function readKeyringInvocation<T>(command: Command, io: Io): Invocation<T & { keyring: string }> {
  const invocation = readInvocation<T & { keyring: string }>(command);
  invocation.options.keyring = keyringFolder(invocation, io);
  return invocation;
}

/**
 * Returns the whole kid that an argument names, perhaps by its beginning.
 * @throws {JwtkitError} as `openKeyring`; USAGE_INVALID if several kids begin so.
 */
export async function kidOf(given: string, keyring: string): Promise<string> {
  const { openKeyring } = await import('../../../store/keyring/directory.js');
  const { entries, encryptionKeys } = openKeyring(keyring);
  const kids = [...entries, ...encryptionKeys].map(({ kid }) => kid);
  return wholeKid(given, kids);
}

/** Says which key signs now, or is encrypted to, unless JSON has said it; a note if there is none. */
export function tellSigner(kid: string | null, use: KeyUse, { json }: { readonly json?: boolean }, io: Io): void {
  const { signs, noneSigns, rotate } = keyWords[use];
  if (kid === null) io.note(`${noneSigns}; make one with: ${rotate}`);
  else if (json !== true) io.say(`${kid} ${signs} now`);
}
