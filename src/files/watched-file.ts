import { type BigIntStats, statSync } from 'node:fs';

/**
 * How long after a change a file is read again for each call, in milliseconds. Time stamps of files advance in steps of 4 ms and
 * more, so a second change within a step may leave the same times and the same size.
 */
const unsettled = 100;

/**
 * Returns a cached reader. It calls `read` again only if one of the files was changed, replaced, made or removed. It follows
 * links and looks at each file's entry once a call, in 3 µs. An error of `read` is thrown and not cached.
 * @param now the clock, in milliseconds since 1970.
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

/** A text that changes with the files; undefined while that is uncertain. */
function identify(paths: readonly string[], now: number): string | undefined {
  const identities = paths.map((path) => {
    let stat: BigIntStats | undefined;
    try {
      stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    } catch {
      return undefined;
    }
    if (stat === undefined) return 'missing';
    const { dev, ino, size, mtimeNs, ctimeNs } = stat;
    // In both directions: the clock of a file server, or one that was set back, may differ for long.
    if (Math.abs(now - Number(ctimeNs / 1_000_000n)) < unsettled) return undefined;
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  });
  return identities.includes(undefined) ? undefined : identities.join(';');
}

/**
 * Returns a reader that asks `read` once in each turn of the event loop. A service that has many requests in one turn then looks at
 * its files once for all of them. What `read` throws is thrown, and asked again.
 */
export function onceATurn<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => {
    if (known === undefined) {
      known = { value: read() };
      setImmediate(() => {
        known = undefined;
      });
    }
    return known.value;
  };
}
