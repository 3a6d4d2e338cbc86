import { expect, test } from 'vitest';
import { loginBounds } from '../../../src/store/login-limits/limits.js';

test.each([
  [undefined, { perUserAndAddress: 10, perUser: 100, perAddress: 100 }],
  [3, { perUserAndAddress: 3, perUser: 30, perAddress: 30 }],
])('of %s log-ins a user may fail at one address, and ten times as many from everywhere', (attempts, bounds) => {
  expect(loginBounds(attempts)).toEqual(bounds);
});
