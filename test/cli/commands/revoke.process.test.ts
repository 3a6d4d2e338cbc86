import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makeKeyring, runCli, stdoutOf, temporaryFolder } from '../fake-io.js';

const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));

test.each(['default', 'named'])('a batch notices the first revocation of a %s store', async (where) => {
  const ring = await makeKeyring();
  const named = where === 'named' ? ['--store', `lmdb:${join(temporaryFolder(), 'denylist')}`] : [];
  const token = await stdoutOf(['issue', '--keyring', ring, '--sub', 'u', '--jti', 'a']);
  // The key by its file: a keyring directory that is not there yet is no mistake.
  const later = join(temporaryFolder(), 'keyring');
  const chunks = function* () {
    yield Buffer.from(`${token}\n`);
    const args = [binary, 'revoke', '--jti', 'a', '--until', '+1d', '--keyring', later, ...named];
    expect(spawnSync(process.execPath, args).status).toBe(0);
    yield Buffer.from(`${token}\n`);
  };
  const args = ['verify', '--batch', '--key', join(ring, 'jwks.json'), ...named];
  const { exitCode, stdout } = await runCli(args, { chunks, env: { JWTKIT_KEYRING: later } });
  const verdicts = stdout.split('\n').slice(0, -1);
  expect(verdicts.map((line) => JSON.parse(line).code ?? 'valid')).toEqual(['valid', 'TOKEN_REVOKED']);
  expect(exitCode).toBe(10);
});
