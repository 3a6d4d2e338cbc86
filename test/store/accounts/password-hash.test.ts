/** Hashes of other programs: which are taken, what matches them, and that they are replaced by ours. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { describe, expect, test } from 'vitest';
import { loadArgon2 } from '../../../src/store/accounts/argon2.js';
import { openAccounts } from '../../../src/store/accounts/open-accounts.js';
import { isPassword } from '../../../src/store/accounts/password.js';
import { openPasswordCheck } from '../../../src/store/accounts/password-check.js';
import { isOwnKind, passwordHashProblem, withoutPassword, workOf } from '../../../src/store/accounts/password-hash.js';
import { openPasswordRenewal } from '../../../src/store/accounts/password-renewal.js';
import { addUser, readUsers } from '../../../src/store/accounts/users.js';
import { fileWith, temporaryFolder } from '../../cli/fake-io.js';
import { within } from '../../time-limit.js';

const salt = 'A'.repeat(22);
const digest = 'A'.repeat(43);
const bcrypt = (password: string, cost = 4) => hashSync(password, cost);
/** argon2id with three passes, as other libraries write it. */
const foreignArgon2 = (password: string) =>
  loadArgon2().hash(password, { memoryCost: 64, timeCost: 3, parallelism: 2 } as never);

describe('the parameters of argon2id may stand in any order', () => {
  const orders = ['m,t,p', 'm,p,t', 't,m,p', 't,p,m', 'p,m,t', 'p,t,m'];
  test.each(orders)('%s', async (order) => {
    const hash = await foreignArgon2('correct horse');
    const values: Record<string, string> = { m: 'm=64', t: 't=3', p: 'p=2' };
    const names = order.split(',').map((name) => values[name]);
    const reordered = hash.replace('m=64,t=3,p=2', names.join(','));
    expect(passwordHashProblem(reordered)).toBeUndefined();
    expect(await isPassword('correct horse', reordered)).toBe(true);
    expect(await isPassword('wrong', reordered)).toBe(false);
  });

  test.each([
    `$argon2id$v=19$m=64,t=3$${salt}$${digest}`,
    `$argon2id$v=19$m=64,m=64,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=3,p=1,t=3$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=3,x=1$${salt}$${digest}`,
    `$argon2id$v=16$m=64,t=3,p=1$${salt}$${digest}`,
    `$argon2id$m=64,t=3,p=1$${salt}$${digest}`,
    `$argon2i$v=19$m=64,t=3,p=1$${salt}$${digest}`,
    `$argon2d$v=19$m=64,t=3,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=3,p=1$${salt}==$${digest}`,
    `$argon2id$v=19$m=64,t=100,p=1$${salt}$${digest}`,
  ])('refuses %s', (hash) => {
    expect(passwordHashProblem(hash)).toContain('is not a PHC string of argon2id');
  });

  test('refuses more work than is allowed, in any order', () => {
    for (const parameters of ['m=262145,t=1,p=1', 't=1,p=1,m=999999', 'm=8,t=0,p=1', 'p=2,m=8,t=1']) {
      expect(passwordHashProblem(`$argon2id$v=19$${parameters}$${salt}$${digest}`)).toContain('more work');
    }
  });
});

describe('bcrypt', () => {
  // The vectors of jBCrypt.
  test.each([
    ['a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
    ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
    ['abcdefghijklmnopqrstuvwxyz', '$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC'],
  ])('matches %j, and nothing else', async (password, hash) => {
    for (const version of ['$2a$', '$2b$', '$2y$']) {
      const renamed = `${version}${hash.slice(4)}`;
      expect(passwordHashProblem(renamed)).toBeUndefined();
      expect(await isPassword(password, renamed)).toBe(true);
      expect(await isPassword(`${password}x`, renamed)).toBe(false);
    }
  });

  test("matches what the system's crypt makes", ({ skip }) => {
    const script = 'print crypt($ARGV[0], q($2y$04$abcdefghijklmnopqrstuu))';
    const made = ['correct horse', 'pässwörd', 'x'.repeat(80)].map((password) => [
      password,
      execFileSync('perl', ['-e', script, password], { encoding: 'utf8' }),
    ]);
    if (!made.every(([, hash = '']) => hash.startsWith('$2y$'))) skip('this crypt has no bcrypt');
    return Promise.all(
      made.map(async ([password = '', hash]) => expect(await isPassword(password, hash), password).toBe(true)),
    );
  });

  test('matches a hash with stray bits in its last characters, as some programs write them', async () => {
    const hash = '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe';
    // O is 16: its last four bits are unused, as are the last two of e.
    const stray = `${hash.slice(0, 28)}b${hash.slice(29, 59)}f`;
    expect(passwordHashProblem(stray)).toBeUndefined();
    expect(await isPassword('a', stray)).toBe(true);
    expect(await isPassword('b', stray)).toBe(false);
  });

  test('matches what was typed, whatever Unicode form it was hashed in', async () => {
    for (const form of ['\u00e4', 'a\u0308', '\ufb01']) expect(await isPassword(form, bcrypt(form))).toBe(true);
    expect(await isPassword('a\u0308', bcrypt('\u00e4'))).toBe(true);
  });

  test.each([
    `$2x$10$${'a'.repeat(53)}`,
    `$2$10$${'a'.repeat(53)}`,
    `$2b$10$${'a'.repeat(52)}`,
    `$2b$10$${'a'.repeat(54)}`,
    `$2b$10$${'a'.repeat(52)}!`,
    `$2b$9$${'a'.repeat(53)}`,
    '$pbkdf2-sha256$29000$a$b',
    'hunter2',
    '',
  ])('refuses %s', (hash) => {
    expect(passwordHashProblem(hash)).toContain('nor bcrypt');
  });

  test.each(['00', '03', '15', '31', '99'])('refuses the cost %s, which is too little or too much work', (cost) => {
    expect(passwordHashProblem(`$2b$${cost}$${'a'.repeat(53)}`)).toContain('a bcrypt cost that is not from 4 to 14');
  });
});

test('knows its own kind of hash, and which of two is more work', async () => {
  const path = join(temporaryFolder(), 'users.json');
  const { passwordHash: own } = await addUser(path, { name: 'a', sub: 'a', password: 'p' }, { now: 1 });
  expect(isOwnKind(own)).toBe(true);
  expect([bcrypt('p'), await foreignArgon2('p')].map(isOwnKind)).toEqual([false, false]);
  expect(workOf(bcrypt('p', 6))).toBeGreaterThan(workOf(bcrypt('p', 5)));
  expect(workOf(bcrypt('p', 4))).toBeGreaterThan(workOf(own));
  for (const hash of [own, bcrypt('p'), await foreignArgon2('p')]) {
    expect(passwordHashProblem(withoutPassword(hash))).toBeUndefined();
    expect(await isPassword('p', withoutPassword(hash))).toBe(false);
  }
});

describe('the time of an answer', () => {
  const slow = bcrypt('right');
  const delay = 60;
  const compareFor = (milliseconds: number) => async () => {
    await wait(milliseconds);
    return true;
  };
  const compare = compareFor(delay);
  const timeOf = async (work: () => Promise<unknown>) => {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  };

  test('is that of the slowest hash in the file, for known and unknown users, quick and slow hashes', async () => {
    const quick = await loadArgon2().hash('right', { memoryCost: 8, timeCost: 1, parallelism: 1 } as never);
    const check = openPasswordCheck({ slowestHash: () => slow }, compare);
    expect([await check('right', slow), await check('right', quick), await check('right', undefined)]).toEqual([
      true,
      true,
      false,
    ]);
    for (const hash of [slow, quick, undefined]) {
      const taken = await timeOf(() => check('wrong', hash));
      expect(taken).toBeGreaterThan(delay - 5);
    }
  });

  test('is twice that for a password in two Unicode forms, for unknown users too', async () => {
    const compareWrong = async () => {
      await compare();
      return false;
    };
    const check = openPasswordCheck({ slowestHash: () => slow }, compareWrong);
    for (const hash of [slow, undefined]) {
      expect(await timeOf(() => check('\ufb01sh', hash))).toBeGreaterThan(2 * (delay - 5));
    }
  });

  test('is not lengthened if all hashes are of our kind', async () => {
    const check = openPasswordCheck({ slowestHash: () => undefined }, compareFor(10_000));
    await within(5000, () => check('wrong', undefined));
  });

  test('is measured again after a failure', async () => {
    let fails = true;
    const check = openPasswordCheck({ slowestHash: () => slow }, async () => {
      if (fails) throw new Error('the thread ended');
      return true;
    });
    await expect(check('right', slow)).rejects.toThrow('the thread ended');
    fails = false;
    expect(await check('right', slow)).toBe(true);
  });
});

describe('after a right password', () => {
  const fileOf = async (...hashes: string[]) => {
    const path = join(temporaryFolder(), 'users.json');
    for (const [at, passwordHash] of hashes.entries()) {
      await addUser(path, { name: `user-${at}`, sub: `user-${at}`, passwordHash }, { now: 1 });
    }
    return path;
  };
  const failures: unknown[] = [];
  const renewAll = async (path: string, password: string) => {
    const renewal = openPasswordRenewal(path, (error) => failures.push(error));
    for (const user of readUsers(path)) renewal.renew(user, password);
    await renewal.close();
    return readUsers(path).map(({ passwordHash }) => passwordHash);
  };

  test('foreign hashes are replaced by ours, and the file needs no slow checks any more', async () => {
    const path = await fileOf(bcrypt('right'), await foreignArgon2('right'));
    const accounts = openAccounts({ users: path, clients: undefined });
    expect(accounts.slowestHash()).toMatch(/^\$2b\$/);
    const hashes = await renewAll(path, 'right');
    expect(hashes.map(isOwnKind)).toEqual([true, true]);
    for (const hash of hashes) expect(await isPassword('right', hash)).toBe(true);
    expect(accounts.slowestHash()).toBeUndefined();
    expect(await renewAll(path, 'right')).toEqual(hashes);
  });

  test('a password that was changed in the meantime stays', async () => {
    const path = await fileOf(bcrypt('right'));
    const [user] = readUsers(path);
    const other = await fileOf(bcrypt('other'));
    const renewal = openPasswordRenewal(other, (error) => failures.push(error));
    if (user !== undefined) renewal.renew(user, 'right');
    await renewal.close();
    expect(await isPassword('other', readUsers(other)[0]?.passwordHash)).toBe(true);
  });

  test('a password of more than 72 bytes keeps its bcrypt hash, which says nothing of the rest', async () => {
    const long = 'x'.repeat(73);
    const hash = bcrypt(long);
    const path = await fileOf(hash);
    expect(await isPassword(`${'x'.repeat(72)}y`, hash)).toBe(true);
    expect(await renewAll(path, long)).toEqual([hash]);
    expect((await renewAll(path, 'x'.repeat(72))).map(isOwnKind)).toEqual([true]);
  });

  test('a large file is written seldom, however many log in one after the other, and all at the end', {
    tags: 'slow',
  }, async () => {
    const count = 4000;
    const password = bcrypt('right');
    const shared = { roles: [], scopes: [], password, created: 1 };
    const users = Array.from({ length: count }, (_, at) => ({ name: `user-${at}`, sub: `user-${at}`, ...shared }));
    const path = fileWith(JSON.stringify({ users }), 'users.json');
    const files = new Set([statSync(path).ino]);
    const renewal = openPasswordRenewal(path, (error) => failures.push(error));
    const logIns = readUsers(path).slice(0, 40);
    for (const user of logIns) {
      renewal.renew(user, 'right');
      await wait(30);
      files.add(statSync(path).ino);
    }
    // One write at once, and none soon after it.
    expect(files.size - 1).toBeLessThan(5);
    await within(5000, () => renewal.close());
    expect(readUsers(path).filter(({ passwordHash }) => isOwnKind(passwordHash))).toHaveLength(logIns.length);
  });

  test('a file that cannot be written keeps its hashes', async () => {
    const hash = bcrypt('right');
    const path = await fileOf(hash);
    const renewal = openPasswordRenewal(join(path, 'no-folder', 'users.json'), (error) => failures.push(error));
    for (const user of readUsers(path)) renewal.renew(user, 'right');
    await renewal.close();
    expect(failures).toHaveLength(1);
    expect(readUsers(path).map(({ passwordHash }) => passwordHash)).toEqual([hash]);
  });
});
