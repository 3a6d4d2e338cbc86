/** Where a report may be written: not over what the command reads. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { statOf } from '../../files/target.js';
import { isEarlierReport } from '../../report/earlier.js';
import { hideTokens } from '../../shown-text.js';
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

/** The largest file that is looked at, in bytes. */
const maxBytes = 64 * 1024 * 1024;

/** Private keys of PEM and PuTTY, of JWKs, and settings or members with the name of a secret. A report is text without NUL. */
const secrets = [
  /\0/,
  /PRIVATE KEY|^PuTTY-User-Key-File/m,
  /"(?:d|k)"\s*:\s*"[\w+/=-]{8,}"/,
  /^[\t ]{0,64}(?:export[\t ]|Environment=)?["']?\w{0,64}(?:secret|passw(?:or)?d|passphrase|private_?key|api_?key|token)\w{0,64}["']?[\t ]*[=:][\t ]*[^\s{[]/im,
];

/**
 * Refuses to replace a file that holds a private key, a secret or a token, and one that is closed to others. An earlier report may
 * be closed as well: the umask says so.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refuseSecretFile(path: string): void {
  const stat = statOf(path);
  if (stat?.isFile() !== true || stat.size === 0) return;
  const text = readIfShort(path);
  if (text !== undefined && isEarlierReport(text)) return;
  if (text !== undefined && (secrets.some((secret) => secret.test(text)) || hideTokens(text) !== text))
    throw replacesInput(path, 'seems to hold a private key, a secret or a token');
  if (process.platform !== 'win32' && (stat.mode & 0o077) === 0)
    throw replacesInput(path, 'is closed to others, and is no report of jwtkit');
}

function readIfShort(path: string): string | undefined {
  try {
    return readFileBounded(path, maxBytes).toString();
  } catch {
    // What cannot be read is closed, or too large for a key.
    return undefined;
  }
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
