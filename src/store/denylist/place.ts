/** Where a command's denylist is, as plain values: a worker thread gets the same place and opens the store itself. */
import { mayExist } from '../../files/read-file.js';
import { expectTrusted } from '../../files/trusted-place.js';
import type { Denylist } from '../../token/denylist.js';

export interface DenylistPlace {
  /** As `--store` takes it. */
  readonly location: string;
  /** The denylist folder in the keyring directory; undefined if an option or the policy file names the location. */
  readonly folder?: string;
  /** The unnamed folder that must be trusted, and the hint if it is not. */
  readonly unnamed?: { readonly path: string; readonly wayOut: string };
}

/**
 * Opens the denylist at a place for reading; undefined if there is none yet. A batch calls this before each block.
 * @throws {JwtkitError} FILE_NOT_TRUSTED, STORE_UNAVAILABLE, USAGE_INVALID for a malformed location.
 */
export async function openForReading({ folder, location, unnamed }: DenylistPlace): Promise<Denylist | undefined> {
  if (folder !== undefined && !mayExist(folder)) return undefined;
  if (unnamed !== undefined) expectTrusted(unnamed.path, unnamed.wayOut);
  const { findDenylist } = await import('./open.js');
  // A reader removes no entries, so no store looks at this clock.
  return findDenylist(location, { mode: 'read', now: () => 0 });
}
