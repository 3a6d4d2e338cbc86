/** Names of variables that every object inherits a member of. */
import { expect, test } from 'vitest';
import { runCli } from './fake-io.js';

const names = Object.getOwnPropertyNames(Object.prototype);
const commands = [
  'decode',
  'decode --token-env',
  'verify a.b.c --secret-env',
  'verify a.b.c --key-env',
  'issue --sub u --secret-env',
  'keys thumbprint none.pem --passphrase-env',
  'users add bob --password-env',
];

test.each(commands)('%s takes no inherited member for a variable', async (command) => {
  for (const name of names) {
    const { exitCode, stderr } = await runCli([...command.split(' '), name]);
    // 1 is the exit code of a bug in jwtkit.
    expect(exitCode, `${name}: ${stderr}`).toBeGreaterThan(1);
    expect(stderr).not.toContain('bug');
  }
});
