import { statSync } from 'node:fs';

/**
 * How long a file is read again for each question after it was changed, in milliseconds: a system's clock for files moves in
 * steps (4 ms and more), so that a second change within one step may leave the same times, and the same size.
 */
const unsettled = 100;

/**
 * Returns a function that answers what `read` returned last as long as the files are those that they were before it read, and
 * reads again once one of them was changed, replaced, made or removed. Links are followed. It takes one look at each
 * file's entry, 3 µs. What `read` throws is thrown each time and not kept.
 * @param now the clock in milliseconds since 1970.
 */
export function watchFile<T>(
  path: string | readonly string[],
  read: () => T,
  { now = Date.now }: { readonly now?: () => number } = {},
): () => T {
  const paths = [path].flat() as string[];
  let last: { readonly identity: string; readonly value: T } | undefined;
  return () => {
    const identity = identify(paths, now());
    if (identity !== undefined && identity === last?.identity) return last.value;
    last = undefined;
    const value = read();
    if (identity !== undefined) last = { identity, value };
    return value;
  };
}

/** What tells a file from its predecessor; undefined where one cannot tell, or not yet. */
function identify(paths: readonly string[], now: number): string | undefined {
  let identity = '';
  for (const path of paths) {
    const stat = look(path);
    if (stat === null) return undefined;
    if (stat === undefined) {
      identity += '-;';
      continue;
    }
    const { dev, ino, size, mtimeNs, ctimeNs } = stat;
    // Either way: the clock of a file server, or one that was set back, may be behind that of the file for long.
    if (Math.abs(now - Number(ctimeNs / 1_000_000n)) < unsettled) return undefined;
    identity += `${dev},${ino},${size},${mtimeNs},${ctimeNs};`;
  }
  return identity;
}

/** Undefined for a file that is not there, null for one that cannot be looked at. */
function look(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return null;
  }
}
