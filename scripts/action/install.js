/** The first step of action.yml: builds jwtkit from its checkout, and puts it on the PATH of the steps that follow. */
import { execSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = join(root, 'bin', 'jwtkit.js');

// A second use in the same job finds what the first one built. `npm ci` builds too.
if (!existsSync(join(root, 'dist', 'cli', 'main.cjs'))) {
  // Only the build needs a shell: npm is a script on Windows.
  execSync('npm ci --no-audit --no-fund', { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

const folder = join(process.env.RUNNER_TEMP, 'jwtkit-bin');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'jwtkit'), `#!/bin/sh\nexec node '${binary.replaceAll("'", "'\\''")}' "$@"\n`, {
  mode: 0o755,
});
writeFileSync(join(folder, 'jwtkit.cmd'), `@node "${binary}" %*\r\n`);
appendFileSync(process.env.GITHUB_PATH, `${folder}\n`);
