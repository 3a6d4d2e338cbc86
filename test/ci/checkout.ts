/** A copy of the checkout, as git would give it to somebody. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './runner.js';

/** Copies every file that git knows, or would add, into a folder. */
export function copyCheckout(folder: string): string {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const { stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  for (const file of stdout.trim().split('\n')) {
    // A link stays where it is: `npm ci` in the copy would empty the folder behind a linked node_modules.
    if (lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile() !== true) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  return folder;
}
