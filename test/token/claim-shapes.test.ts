import { expect, test } from 'vitest';
import { claimShapeProblem } from '../../src/token/claims.js';

test.each([
  ['an object whose toString is null', { toString: null }, 'exp is an object, it must be seconds'],
  ['milliseconds', 1_800_000_000_000, ': seconds, not milliseconds'],
  ['a text', '1800000000000', 'exp is a string, it must be seconds since 1970, at most year 9999'],
])('says what is wrong with an exp that is %s', (_, exp, problem) => {
  expect(claimShapeProblem({ exp }, 'exp')).toContain(problem);
});
