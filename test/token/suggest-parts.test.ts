import { expect, test } from 'vitest';
import { suggestNear, suggestParts } from '../../src/token/claims.js';
import { measure } from '../linear-time/measure.js';

test.each<[readonly string[], readonly string[], boolean]>([
  [['a,b'], ['a', 'b', 'c'], true],
  [['x', 'a, b'], ['a', 'b'], true],
  [['a,c'], ['a', 'b'], true],
  [['c,d'], ['a', 'b'], false],
  [['a'], ['b'], false],
  [['a,'], ['a', 'b'], true],
])('%j for a token with %j: %s', (wanted, held, isSuggested) => {
  expect(suggestParts(wanted, held) !== undefined).toBe(isSuggested);
});

test.each<[readonly string[], readonly string[], string | undefined]>([
  [['https://a.example'], ['https://a.example/'], 'only a slash at the end differs'],
  [['https://a.example/'], ['b', 'https://a.example'], 'only a slash at the end differs'],
  [['x', 'API'], ['api'], 'only capital and small letters differ'],
  [['https://A.example'], ['https://a.example/'], 'only capital and small letters differ'],
  [['https://a.example//'], ['https://a.example'], undefined],
  [['api'], ['apis'], undefined],
  [['api'], [], undefined],
])('says what differs between %j and %j: %s', (wanted, held, hint) => {
  expect(suggestNear(wanted, held)).toBe(hint);
});

// Both may be strangers': the demands of a request to /auth, and the scopes of a token.
test('takes linear time for many lists and many values', async () => {
  const texts = {
    many: (length: number) => {
      const wanted = Array.from({ length }, (_, at) => `none,none${at}`);
      const held = Array.from({ length }, (_, at) => `a${at}`);
      return () => suggestParts(wanted, held);
    },
  };
  const { isSteep } = await measure({ name: 'suggestParts', limit: 4000, texts }, 'many', [1 / 4, 1 / 2, 1], {
    measurable: 1,
  });
  expect(isSteep).toBe(false);
});
