// @module-tag slow
/** A keyring as Kubernetes mounts a Secret: links through `..data`, which changes by one rename, and nothing to write. */
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasModes, segmentOf, stdoutOf, temporaryFolder } from '../cli/fake-io.js';
import { startService } from './service-process.js';

/** Puts the files of a folder where a Secret is mounted, as the kubelet does it. */
function mount(source: string, target: string, version: string): void {
  const folder = join(target, `..${version}`);
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { name } of files) copyFileSync(join(source, name), join(folder, name));
  symlinkSync(`..${version}`, join(target, '..data_tmp'));
  renameSync(join(target, '..data_tmp'), join(target, '..data'));
  const linked = readdirSync(target).filter((name) => !name.startsWith('..'));
  for (const { name } of files) {
    if (!linked.includes(name)) symlinkSync(join('..data', name), join(target, name));
  }
}

// Making links takes a right of its own on Windows.
test.skipIf(!hasModes)('the next request sees a rotated key and a new user of a mounted secret', async () => {
  const world = { now: Date.now() / 1000, env: { PASSWORD: 'wonderland' } };
  const [source, target, state] = ['source', 'target', 'state'].map((name) => join(temporaryFolder(), name)) as [
    string,
    string,
    string,
  ];
  const add = (name: string) => {
    const options = ['--keyring', source, '--password-env', 'PASSWORD'];
    return stdoutOf(['users', 'add', name, '--sub', `user-${name}`, ...options], world);
  };
  const old = await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', source], world);
  await add('alice');
  mount(source, target, 'first');
  const service = await startService(['--keyring', target, '--store', `lmdb:${state}`]);
  try {
    const logIn = async (username: string) => {
      const body = new URLSearchParams({ username, password: 'wonderland' });
      const answer = await fetch(`${service.url}/token`, { method: 'POST', body });
      return { status: answer.status, ...((await answer.json()) as { access_token?: string }) };
    };
    const kidOf = ({ access_token: token = '' }) => segmentOf(token, 0).kid;
    const isGood = async ({ access_token: token }: { access_token?: string }) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${service.url}/users/me`, { headers })).status === 200;
    };
    const before = await logIn('alice');
    expect(kidOf(before)).toBe(old);
    expect((await logIn('bob')).status).toBe(401);

    const rotated = await stdoutOf(['keys', 'rotate', '--keyring', source], world);
    await add('bob');
    expect(await isGood(before)).toBe(true);
    mount(source, target, 'second');
    rmSync(join(target, '..first'), { recursive: true });
    const after = await logIn('bob');
    expect(kidOf(after)).toBe(rotated);
    expect(await Promise.all([before, after].map(isGood))).toEqual([true, true]);
  } finally {
    await service.stop();
  }
});
