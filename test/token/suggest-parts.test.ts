import { expect, test } from 'vitest';
import { suggestParts } from '../../src/token/claims.js';
import { measure } from '../linear-time/measure.js';

test.each<[readonly string[], readonly string[], boolean]>([
  [['a,b'], ['a', 'b', 'c'], true],
  [['x', 'a, b'], ['a', 'b'], true],
  [['a,c'], ['a', 'b'], false],
  [['a'], ['b'], false],
  [['a,'], ['a', 'b'], false],
])('%j for a token with %j: %s', (wanted, held, isSuggested) => {
  expect(suggestParts(wanted, held) !== undefined).toBe(isSuggested);
});

// Both may be strangers': the demands of a request to /auth, and the scopes of a token.
test('takes linear time for many lists and many values', async () => {
  const texts = {
    many: (length: number) => {
      const wanted = Array.from({ length }, (_, at) => `a${at},none`);
      const held = Array.from({ length }, (_, at) => `a${at}`);
      return () => suggestParts(wanted, held);
    },
  };
  const { isSteep } = await measure({ name: 'suggestParts', limit: 4000, texts }, 'many', [1 / 4, 1 / 2, 1], 1);
  expect(isSteep).toBe(false);
});
