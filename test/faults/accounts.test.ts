/** Processes killed while they change users: the file is the old one or the new one, and what was acknowledged stays. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readUsers } from '../../src/store/accounts/users.js';
import { jwtkit, jwtkitKilledAt, jwtkitOut, note, seededRandom, temporaryFolder } from './processes.js';

const passwordFile = () => {
  const path = join(temporaryFolder(), 'password');
  writeFileSync(path, 'correct horse');
  return path;
};

test.each([
  ['add', ['bob', '--sub', 'user-124'], (names: string) => names === 'alice,bob'],
  ['remove', ['alice', '--keep-tokens'], (names: string) => names === ''],
])('users %s, killed before each disk write, leaves the old file or the new one', async (name, args, isNew) => {
  const keyring = join(temporaryFolder(), 'keyring');
  const path = join(keyring, 'users.json');
  const password = ['--password-file', passwordFile()];
  await jwtkitOut('users', 'add', 'alice', '--sub', 'user-123', ...password, '--keyring', keyring);
  const kept = join(temporaryFolder(), 'kept');
  copyFileSync(path, kept);
  const before = readFileSync(path, 'utf8');
  const count = { killed: 0, old: 0, new: 0 };
  for (let call = 1; call < 100; call++) {
    copyFileSync(kept, path);
    const change = ['users', name, ...args, ...(name === 'add' ? password : []), '--keyring', keyring];
    const { exitCode, stderr } = await jwtkitKilledAt(call, change);
    expect([0, null], stderr).toContain(exitCode);
    const names = readUsers(path).map((user) => user.name);
    const isOld = readFileSync(path, 'utf8') === before;
    expect(isOld || isNew(names.join(',')), `call ${call}`).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    count[isOld ? 'old' : 'new']++;
    if (exitCode === 0) {
      expect(isOld).toBe(false);
      break;
    }
    count.killed++;
  }
  note(`users ${name}: ${count.killed} kills, ${count.old} times the old file, ${count.new} times the new one`);
  expect(count.killed).toBeGreaterThan(3);
  expect(count.old).toBeGreaterThan(0);
  expect(count.new).toBeGreaterThan(0);
});

test('kills among 20 simultaneous users add keep every acknowledged user', async () => {
  const random = seededRandom('kill -9 during users add');
  const keyring = join(temporaryFolder(), 'keyring');
  const password = ['--password-file', passwordFile()];
  const add = (name: string, killAfter?: number) =>
    jwtkit(['users', 'add', name, '--sub', name, ...password, '--keyring', keyring], killAfter);
  const { took } = await add('first');
  const acknowledged = ['first'];
  let killed = 0;
  for (let wave = 0; wave < 8; wave++) {
    const names = Array.from({ length: 20 }, (_, at) => `user-${wave}-${at}`);
    const moment = () => (random() < 2 / 3 ? took * (0.5 + 8 * random()) : undefined);
    const ends = await Promise.all(names.map((name) => add(name, moment())));
    for (const [at, { exitCode, stderr }] of ends.entries()) {
      if (exitCode === 0) acknowledged.push(names[at] as string);
      else if (exitCode === null) killed++;
      else throw new Error(`exit ${exitCode}: ${stderr}`);
    }
    const there = readUsers(join(keyring, 'users.json')).map(({ name }) => name);
    expect(acknowledged.filter((name) => !there.includes(name))).toEqual([]);
  }
  note(`8 waves of 20 users add: ${killed} killed, ${acknowledged.length} acknowledged, all there`);
  expect(killed).toBeGreaterThan(0);
  expect((await add('last')).exitCode).toBe(0);
});
