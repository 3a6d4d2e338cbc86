/** Hints for what is no file: a keyring, or the kid of a key in one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../../errors.js';

/** What each place says, with a path that needs no quotes. */
interface Ways {
  /** For the folder of a keyring. */
  readonly keyring: (folder: string) => string;
  /** For a name that may be a kid. */
  readonly kid?: string;
}

/** Runs a function that reads the file at a path. If the path is a keyring, or may be a kid, the error says what to write instead. */
export function withWaysOut<T>(path: string, { keyring, kid }: Ways, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.hint !== undefined) throw error;
    const isKeyring = hasErrorCode(error.cause, 'EISDIR') && existsSync(join(path, 'jwks.json'));
    const mayBeKid = hasErrorCode(error.cause, 'ENOENT') && /^[\w-]{1,64}$/.test(path);
    const hint = isKeyring ? keyring(plainPath(path)) : mayBeKid ? kid : undefined;
    if (hint === undefined) throw error;
    throw new JwtkitError(error.code, error.message, { hint, cause: error.cause });
  }
}

/** Returns a path as a command line takes it; FOLDER for one that needs quotes. */
export function plainPath(path: string): string {
  return /^[\w./@%+:,][\w./@%+:,=-]*$/.test(path) ? path : 'FOLDER';
}
