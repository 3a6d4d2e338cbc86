import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds jwtkit in its checkout unless that was done before, and returns the path of the launcher. */
export function buildOnce() {
  if (!existsSync(join(root, 'dist', 'cli', 'main.cjs'))) {
    // `npm ci` builds too. Only this needs a shell: npm is a script on Windows.
    execSync('npm ci --no-audit --no-fund', { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return join(root, 'bin', 'jwtkit.js');
}
