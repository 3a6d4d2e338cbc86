import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadArgon2 } from '../../../src/store/accounts/argon2.js';
import { hashPassword, isPassword } from '../../../src/store/accounts/password.js';
import { passwordHashProblem } from '../../../src/store/accounts/password-hash.js';
import { passwordProblem } from '../../../src/token/account.js';

const argon2 = loadArgon2();
afterEach(() => vi.restoreAllMocks());

test('accepts the password that was set, and no other', async () => {
  const hash = await hashPassword('correct horse');
  expect(await isPassword('correct horse', hash)).toBe(true);
  for (const other of ['', 'correct hors', 'correct horse ', 'Correct horse', hash])
    expect(await isPassword(other, hash)).toBe(false);
});

test.each([
  ['\u00e4', 'a\u0308'],
  ['\ufb01sh', 'fish'],
  ['\uff50\uff11', 'p1'],
  ['\uac00', '\u1100\u1161'],
])('treats %j as %j, since keyboards differ', async (one, other) => {
  expect(await isPassword(other, await hashPassword(one))).toBe(true);
  expect(await isPassword(one, await hashPassword(other))).toBe(true);
});

describe('without a hash', () => {
  test('does the same work and refuses', async () => {
    const hash = await hashPassword('right');
    const verify = vi.spyOn(argon2, 'verify');
    expect(await isPassword('wrong', hash)).toBe(false);
    expect(await isPassword('wrong', undefined)).toBe(false);
    expect(await isPassword('', undefined)).toBe(false);
    expect(verify).toHaveBeenCalledTimes(3);
    const work = verify.mock.calls.map(([phc]) => phc.split('$').slice(1, 4));
    expect(work[1]).toEqual(work[0]);
    expect(work[2]).toEqual(work[0]);
  });

  test('does the same work for a password in two Unicode forms', async () => {
    const hash = await hashPassword('right');
    const verify = vi.spyOn(argon2, 'verify');
    for (const given of [hash, undefined]) expect(await isPassword('\ufb01sh', given)).toBe(false);
    expect(verify).toHaveBeenCalledTimes(4);
  });

  test('does the same work for a password that is too long', async () => {
    const hash = await hashPassword('right');
    const verify = vi.spyOn(argon2, 'verify');
    for (const long of ['x'.repeat(1025), '\u00e4'.repeat(513), 'x'.repeat(1_000_000)])
      expect(await isPassword(long, hash)).toBe(false);
    expect(verify).toHaveBeenCalledTimes(3);
    for (const [, given] of verify.mock.calls) expect(given).toHaveLength(0);
  });
});

test.each([
  ['', 'is empty'],
  ['x'.repeat(1025), 'more than 1024 bytes'],
  ['\u20ac'.repeat(342), 'more than 1024 bytes'],
  ['\ufdfa'.repeat(300), 'more than 1024 bytes'],
  ['a\nb', 'a line end or another control character'],
  ['a\u0000b', 'a line end or another control character'],
  ['\ud800', 'not Unicode'],
])('refuses to set %#: %s', async (password, problem) => {
  expect(passwordProblem(password)).toContain(problem);
  await expect(hashPassword(password)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
});

test('accepts the longest password, also typed decomposed', async () => {
  const longest = '\u00e4'.repeat(512);
  const hash = await hashPassword(longest);
  expect(await isPassword(longest.normalize('NFD'), hash)).toBe(true);
});

const [salt, sum] = ['A'.repeat(22), `${'B'.repeat(42)}A`];
test.each([
  [`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${sum}`, undefined],
  [`$argon2id$v=19$m=65536,t=3,p=4$${salt}$${sum}`, undefined],
  [`$argon2i$v=19$m=19456,t=2,p=1$${salt}$${sum}`, 'is not a PHC string'],
  [`$argon2id$v=16$m=19456,t=2,p=1$${salt}$${sum}`, 'is not a PHC string'],
  [`$argon2id$v=19$m=19456,t=2,p=1$${salt}`, 'is not a PHC string'],
  [`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${sum}\n`, 'is not a PHC string'],
  [`$argon2id$v=19$m=19456,t=2,p=1$${'B'.repeat(22)}$${'A'.repeat(43)}`, 'is not a PHC string'],
  ['$2b$12$abc', 'is not a PHC string'],
  ['', 'is not a PHC string'],
  [`$argon2id$v=19$m=1048576,t=2,p=1$${salt}$${sum}`, 'asks for more work'],
  [`$argon2id$v=19$m=262144,t=3,p=1$${salt}$${sum}`, undefined],
  [`$argon2id$v=19$m=262144,t=4,p=1$${salt}$${sum}`, 'asks for more work'],
  [`$argon2id$v=19$m=262144,t=10,p=4$${salt}$${sum}`, 'asks for more work'],
  [`$argon2id$v=19$m=19456,t=99,p=1$${salt}$${sum}`, 'asks for more work'],
  [`$argon2id$v=19$m=19456,t=0,p=1$${salt}$${sum}`, 'asks for'],
  [`$argon2id$v=19$m=19456,t=2,p=0$${salt}$${sum}`, 'asks for'],
])('%s as a hash: %s', (hash, problem) => {
  if (problem === undefined) expect(passwordHashProblem(hash)).toBeUndefined();
  else expect(passwordHashProblem(hash)).toContain(problem);
});

test('accepts only hashes that argon2 reads', async () => {
  for (const hash of [
    `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(11)}$${'A'.repeat(22)}`,
    `$argon2id$v=19$m=64,t=1,p=8$${salt}$${'A'.repeat(86)}`,
  ]) {
    expect(passwordHashProblem(hash)).toBeUndefined();
    expect(await isPassword('x', hash)).toBe(false);
  }
});
