import type { SkippedJwk } from '../../jose/jwk-set.js';
import { listBroken } from '../../jose/key-choice.js';
import type { Io } from './io.js';

/** Names the keys of a set that are broken. Keys for another purpose are normal in a set and not named. */
export function noteSkippedKeys(skipped: readonly SkippedJwk[] | undefined, { note }: Io): void {
  const broken = listBroken(skipped ?? []);
  if (broken !== undefined) note(`keys that cannot be used are left out: ${broken}`);
}

/** The broken keys as the output of `--json` shows them; undefined if there are none. */
export function skippedToJson(skipped: readonly SkippedJwk[] | undefined) {
  const broken = skipped?.filter(({ isBroken }) => isBroken) ?? [];
  return broken.length === 0 ? undefined : broken.map(({ kid = null, reason }) => ({ kid, reason }));
}
