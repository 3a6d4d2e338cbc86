/** The folder of a keyring. The denylist and the accounts lie in it as well, and may make it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { makeTargetFolder } from '../files/folders.js';
import { writeFileWhole } from '../files/write-files.js';

/** Makes the folder of a keyring if need be, closed to other users and ignored by git. */
export function makeKeyringFolder(directory: string): void {
  try {
    makeTargetFolder(directory);
    const ignore = { path: join(directory, '.gitignore'), content: '*\n', mode: 0o644 };
    if (!existsSync(ignore.path)) writeFileWhole(ignore, { overwrite: false });
  } catch (error) {
    // Another process made the .gitignore first.
    if (error instanceof JwtkitError && error.code === 'FILE_EXISTS') return;
    throw error;
  }
}
