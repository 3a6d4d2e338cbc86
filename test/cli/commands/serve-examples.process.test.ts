/** The examples in the help of serve: each starts, listens, and ends with exit code 0 at SIGTERM. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runShell } from '../../shell/bash.js';
import { stdoutOf } from '../fake-io.js';

const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));

/** A keyring and a user, and the environment of a project that has a SECRET_KEY. */
const setup = `
jwtkit keygen --alg ES256 > /dev/null 2>&1 || exit 98
PASSWORD='correct horse' jwtkit users add bob --sub user-124 --password-env PASSWORD 2> /dev/null || exit 98
echo SECRET_KEY=$(head -c 32 /dev/urandom | base64) > .env && echo ALGORITHM=HS256 >> .env
export JWTKIT_PORT=0
`;

/** A service until it listens, and its end. The shell must not stand between. */
function untilItListens(example: string): string {
  const service = example.replace(/^jwtkit/, `'${process.execPath}' '${binary}'`);
  return `{ rm -f err; ${service} > out 2> err & pid=$!; for at in {1..200}; do grep -q listening err && break; sleep 0.05; done; kill $pid; wait $pid; }`;
}

test('the examples in the help of serve run', { tags: 'slow' }, async () => {
  const help = await stdoutOf(['serve', '--help']);
  const examples = [...help.matchAll(/^ {2}\$ ((?:.*\\\n)*.*)$/gm)].map(([, text]) => text ?? '');
  expect(examples.length).toBeGreaterThan(2);
  const lines = examples.map((text) => ({ text: untilItListens(text), exits: 0 }));
  expect(runShell(lines, setup).failure).toBeNull();
});
