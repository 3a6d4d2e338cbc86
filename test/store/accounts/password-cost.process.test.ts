/** Passwords at their full cost; unit tests replace it by a small one. */
import { expect, test } from 'vitest';
import { hashPassword, isPassword } from '../../../src/store/accounts/password.js';
import { passwordHashProblem } from '../../../src/store/accounts/password-hash.js';

test('a password hash is argon2id with the parameters of OWASP and a salt of its own', async () => {
  const [one, other] = await Promise.all(['same', 'same'].map(hashPassword));
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(other);
  expect(passwordHashProblem(one as string)).toBeUndefined();
  expect(await isPassword('same', one)).toBe(true);
  expect(await isPassword('other', one)).toBe(false);
});
