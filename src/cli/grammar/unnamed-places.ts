/** Places that the user did not name: `./.jwtkit`, the policy file of the working folder, and what that file names. */
import { join } from 'node:path';
import { expectTrusted } from '../../files/trusted-place.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import { defaultKeyring } from './shared-options.js';

/** The places that a run has checked, so that each gets one note. */
const judged = new WeakMap<Io, Set<string>>();

/**
 * Refuses a place that others can write; root gets a note if the place belongs to another user. `wayOut` says how to trust the
 * place by name, such as `--keyring .jwtkit trusts it`.
 * @throws {JwtkitError} FILE_NOT_TRUSTED, FILE_NOT_READABLE.
 */
export function refuseUntrusted(path: string, wayOut: string, io: Io): void {
  const before = judged.get(io) ?? new Set();
  judged.set(io, before);
  if (before.has(path)) return;
  const remarks = expectTrusted(path, wayOut);
  before.add(path);
  if (remarks.length > 0) io.note(`${path} ${remarks.join(', and ')}`);
}

/**
 * Whether the user named the value of an option: by a flag, a variable, or a policy file that the user named. A policy file of
 * the working folder does not count.
 */
export function isNamed<T>({ origin, config }: Invocation<T>, name: keyof T & string): boolean {
  const from = origin(name);
  return from === 'flag' || from === 'variable' || (from === 'config' && config?.isNamed === true);
}

/** Returns the keyring directory of a command, after a check of its trust if nobody named it. */
export function keyringFolder(invocation: Invocation<{ keyring?: string }>, io: Io): string {
  const folder = keyringOf(invocation, io);
  if (!isNamed(invocation, 'keyring')) refuseUntrusted(folder, `--keyring ${folder} trusts it`, io);
  return folder;
}

/** Returns the keyring directory without a check of its trust. */
export function keyringOf({ options, origin }: Invocation<{ keyring?: string }>, { workingFolder = '' }: Io): string {
  const { keyring } = options;
  return origin('keyring') === undefined || keyring === undefined ? join(workingFolder, defaultKeyring) : keyring;
}
