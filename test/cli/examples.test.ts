/** The examples that `--help` shows, run as they stand by a shell, each command's in a folder of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCli, temporaryFolder, textOf } from './fake-io.js';

const isPosix = process.platform !== 'win32';

describe.skipIf(!isPosix)(`examples${isPosix ? '' : ' (skipped: they are written for a POSIX shell)'}`, () => {
  const programs = temporaryFolder();
  const env = { PATH: `${programs}${delimiter}${process.env.PATH}` };
  beforeAll(() => {
    const launcher = `#!/bin/sh\nexec '${process.execPath}' '${resolve('bin/jwtkit.js')}' "$@"\n`;
    writeFileSync(join(programs, 'jwtkit'), launcher, { mode: 0o755 });
  });

  test.each(['keygen', 'issue', 'decode', 'verify', 'inspect'])('of %s', { timeout: 20_000 }, async (verb) => {
    const { stdout: help } = await runCli([verb, '--help']);
    const examples = [...help.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThan(1);
    const cwd = temporaryFolder();
    const jwtkit = (...args: string[]) => execFileSync(join(programs, 'jwtkit'), args, { cwd, env, stdio: 'pipe' });
    if (verb !== 'keygen') {
      const kid = jwtkit('keygen').toString().trim();
      const pem = createPublicKey(textOf(join(cwd, '.jwtkit', `${kid}.pem`))).export({ format: 'pem', type: 'spki' });
      writeFileSync(join(cwd, 'verify.pem'), pem);
    }
    const claims = ['--iss', 'https://issuer.example', '--aud', 'api', '--scope', 'read write', '--role', 'admin'];
    const token =
      verb === 'keygen'
        ? ''
        : jwtkit('issue', '--sub', 'user-123', ...claims)
            .toString()
            .trim();
    for (const example of examples) {
      const { status, stderr } = spawnSync('sh', ['-c', example], {
        cwd,
        env: { ...env, TOKEN: token },
        encoding: 'utf8',
      });
      expect(stderr, example).not.toContain('error:');
      expect(status, example).toBe(0);
    }
  });
});
