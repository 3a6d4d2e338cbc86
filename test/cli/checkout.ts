/** A working folder with a whole keyring and its denylist, in which a token was revoked: a new copy for each test. */
import { chmodSync, cpSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach } from 'vitest';
import { type FakeWorld, runCli, stdoutOf, temporaryFolder } from './fake-io.js';

/** Makes the checkout before the tests of this file, and copies it before each. */
export function useCheckout() {
  let original = '';
  const tokens = { good: '', revoked: '', refresh: '', encrypted: '' };
  beforeAll(async () => {
    original = temporaryFolder();
    const keyring = join(original, '.jwtkit');
    const now = Math.floor(Date.now() / 1000);
    const run = (...args: string[]) => stdoutOf([...args, '--keyring', keyring], { now });
    await run('keygen', '--alg', 'ES256', '--kid', 'k1');
    await run('keys', 'export', 'k1', '--out', join(original, 'public.pem'));
    await stdoutOf(['keygen', '--alg', 'ES256', '--private', join(original, 'other.pem')]);
    writeFileSync(join(original, 'password'), 'correct horse');
    writeFileSync(join(original, 'users.csv'), 'name,sub,password\neve,eve,correct horse\n');
    await run('users', 'add', 'bob', '--sub', 'bob', '--password-file', join(original, 'password'));
    await run('clients', 'add', 'reports');
    tokens.good = await run('issue', '--sub', 'a', '--ttl', '10d', '--jti', 'good');
    tokens.revoked = await run('issue', '--sub', 'a', '--ttl', '10d', '--jti', 'revoked');
    tokens.refresh = await run('issue', '--sub', 'a', '--type', 'refresh', '--jti', 'refresh');
    await run('revoke', tokens.revoked);
    await run('keygen', '--use', 'enc', '--kid', 'e1');
    tokens.encrypted = await run('encrypt', join(original, 'password'));
    cpSync(join(keyring, 'jwks.json'), join(original, 'set.json'));
  });

  const here: { folder: string; world: FakeWorld } = { folder: '', world: {} };
  beforeEach(() => {
    here.folder = temporaryFolder();
    cpSync(original, here.folder, { recursive: true });
    here.world = { workingFolder: here.folder, now: Math.floor(Date.now() / 1000) };
  });
  const inCheckout = (name: string) => join(here.folder, name);
  return {
    here,
    tokens,
    inCheckout,
    run: (...args: string[]) => runCli(args, here.world),
    openToAll: (name: string) => chmodSync(inCheckout(name), statSync(inCheckout(name)).mode | 0o022),
    policy: (members: object) => writeFileSync(inCheckout('jwtkit.config.json'), JSON.stringify(members)),
  };
}
