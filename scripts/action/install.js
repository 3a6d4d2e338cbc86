/** The first step of action.yml: builds jwtkit from its checkout, and puts it on the PATH of the steps that follow. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce } from './build.js';

const binary = buildOnce();
const folder = join(process.env.RUNNER_TEMP, 'jwtkit-bin');
mkdirSync(folder, { recursive: true });
const quoted = `'${binary.replaceAll("'", "'\\''")}'`;
writeFileSync(join(folder, 'jwtkit'), `#!/bin/sh\nexec node ${quoted} "$@"\n`, { mode: 0o755 });
writeFileSync(join(folder, 'jwtkit.cmd'), `@node "${binary}" %*\r\n`);
appendFileSync(process.env.GITHUB_PATH, `${folder}\n`);
