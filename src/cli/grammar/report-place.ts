/** Where a report may be written: not over what the command reads. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JwtkitError } from '../../errors.js';
import { usage } from '../terminal/errors.js';
import type { Invocation } from './invocation.js';
import { defaultKeyring } from './shared-options.js';

/**
 * Refuses to replace a file that an option, an argument or a policy names as an input, whatever its path looks like, or a file
 * of the keyring. An argument may be one that `isReport` knows as an earlier report, and a folder to lint may have some in it.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refuseInput(
  path: string,
  invocation: Invocation<{ keyring?: string }>,
  isReport: (path: string) => boolean = () => false,
): void {
  const place = placeOf(path);
  if (place === undefined) return;
  const { options, args, config, label } = invocation;
  const { report: _, ...others } = options as typeof options & { report?: unknown };
  const named = Object.entries(others).flatMap(([name, value]) =>
    [value].flat().map((each) => [label(name as 'keyring'), each] as const),
  );
  const inputs = [...named, ...[...args, config?.file].map((each) => ['the command', each] as const)];
  const reader = inputs.find(([, input]) => typeof input === 'string' && placeOf(input) === place)?.[0];
  const folder = placeOf(dirname(path));
  const isOfKeyring = [options.keyring, defaultKeyring].some(
    (keyring) => keyring !== undefined && folder !== undefined && placeOf(keyring) === folder,
  );
  if (!isOfKeyring && (reader === undefined || (reader === 'the command' && isReport(path)))) return;
  throw replacesInput(path, reader === undefined ? 'is in the keyring' : `is what ${reader} reads`);
}

/** Returns the error for a report over a file that must stay. `problem` completes "the file …". */
export function replacesInput(path: string, problem: string): JwtkitError {
  return usage(`--report: the file ${path} ${problem}`, 'name another file for the report');
}

/** Returns what is the same for all paths of one file; undefined if there is none. */
export function placeOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
