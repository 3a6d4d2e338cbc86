import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';

/** The name of the policy file in a working folder. */
export const policyFileName = 'jwtkit.config.json';

/**
 * Returns the path of the policy file in a folder; undefined if nothing has its name.
 * @throws {JwtkitError} FILE_NOT_READABLE for a broken link, a folder or a pipe of that name: it may stand for a policy.
 */
export function findPolicyFile(folder: string): string | undefined {
  const file = join(folder, policyFileName);
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw unreadable(`cannot read ${file}`, error);
  }
  throw unreadable(`${file} is not a file`);
}

function unreadable(message: string, cause?: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_READABLE', message, {
    hint: 'name another with --config, or pass --no-config',
    cause,
  });
}
