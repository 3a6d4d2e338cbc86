// @module-tag slow
/** The real service with users of other programs: their passwords hold, their hashes become ours, and nobody else waits. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, expect, test } from 'vitest';
import { runBinary, type Served, sendForm, serveBinary, writeAccounts } from '../served.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-hashes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const user = (name: string, passwordHash: string) => ({
  name,
  sub: `sub-of-${name}`,
  roles: [],
  scopes: [],
  passwordHash,
  created: 1,
});

async function serve(name: string, hashes: readonly string[], args: readonly string[] = []): Promise<Served> {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, '.jwtkit'), { recursive: true, mode: 0o700 });
  await runBinary(['keygen', '--alg', 'ES256'], { cwd });
  writeAccounts(
    join(cwd, '.jwtkit'),
    hashes.map((hash, at) => user(`user-${at}`, hash)),
  );
  return serveBinary(['--aud', 'api', ...args], { cwd });
}
const hashesIn = (name: string): string[] => {
  const { users } = JSON.parse(readFileSync(join(folder, name, '.jwtkit', 'users.json'), 'utf8'));
  return users.map(({ password }: { password: string }) => password);
};
const logIn = (service: Served, name: string, password: string) =>
  sendForm(`${service.url}/token`, { username: name, password });

const replacesHash = 'a right password replaces a bcrypt hash by argon2id, a wrong one does not: %s';
test.each([['one process', []]])(replacesHash, expectReplacement);
test.each([['two workers', ['--workers', '2']]])(replacesHash, { tags: 'slow' }, expectReplacement);

async function expectReplacement(name: string, args: readonly string[]): Promise<void> {
  const hash = hashSync('right', 10);
  const service = await serve(name, [hash, hash], args);
  expect((await logIn(service, 'user-0', 'wrong')).status).toBe(401);
  expect(hashesIn(name)).toEqual([hash, hash]);
  // At once: the one that comes later sees the new hash.
  const all = await Promise.all([1, 2, 3].map(() => logIn(service, 'user-0', 'right')));
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
  await expect.poll(() => hashesIn(name)[0]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(hashesIn(name)[1]).toBe(hash);
  expect((await logIn(service, 'user-0', 'right')).status).toBe(200);
  expect((await logIn(service, 'user-0', 'wrong')).status).toBe(401);
  expect((await service.stop()).exitCode).toBe(0);
}

test('other requests are answered while bcrypt works', { tags: 'slow' }, async () => {
  const service = await serve('busy', [hashSync('right', 11)]);
  // The first log-in also starts the thread.
  await logIn(service, 'user-0', 'wrong');
  const begin = performance.now();
  let ended = 0;
  const logins = Promise.all([1, 2, 3].map(() => logIn(service, 'user-0', 'wrong'))).then(() => {
    ended = performance.now() - begin;
  });
  let longest = 0;
  let answered = 0;
  while (ended === 0) {
    const asked = performance.now();
    await fetch(`${service.url}/healthz`).then((response) => response.text());
    longest = Math.max(longest, performance.now() - asked);
    answered++;
  }
  await logins;
  expect(answered).toBeGreaterThan(5);
  expect(longest).toBeLessThan(ended / 2);
  await service.stop();
});

test('a file that cannot be written keeps its hashes, and log-ins go on', async () => {
  const hash = hashSync('right', 4);
  const service = await serve('read-only', [hash]);
  const path = join(folder, 'read-only', '.jwtkit', 'users.json');
  // Root may write into any folder: a folder in the place of the lock stops it, too.
  rmSync(join(folder, 'read-only', '.jwtkit', '.lock'), { recursive: true, force: true });
  writeFileSync(join(folder, 'read-only', '.jwtkit', '.lock'), 'in the way');
  chmodSync(path, 0o400);
  for (const _ of [1, 2]) expect((await logIn(service, 'user-0', 'right')).status).toBe(200);
  await service.until(/note: hashes of other programs stay as they are: /);
  expect(hashesIn('read-only')).toEqual([hash]);
  await service.stop();
  expect(service.written.stderr.match(/hashes of other programs/g)).toHaveLength(1);
});
