import { describe, expect, test } from 'vitest';
import { diffTokens } from '../../src/token/diff.js';

const base = {
  iss: 'a',
  aud: 'api',
  iat: 1000,
  exp: 1900,
  scope: 'read',
  role: ['user'],
  org: { id: 1, plan: 'free' },
};
const diff = (claims: object, header: object = { alg: 'RS256' }) => {
  return diffTokens(
    { header: { alg: 'RS256' }, claims: base },
    { header: { ...header }, claims: { ...base, ...claims } },
  );
};
const without = (name: keyof typeof base) => {
  const { [name]: _, ...claims } = base;
  return diffTokens({ header: {}, claims: base }, { header: {}, claims });
};

test('equal tokens have no difference, whatever the order of their members', () => {
  const reversed = Object.fromEntries(Object.entries(base).reverse());
  expect(diffTokens({ header: {}, claims: base }, { header: {}, claims: reversed })).toEqual([]);
});

test('names members of header and claims by JSON Pointer', () => {
  expect(diff({ org: { id: 1, plan: 'pro' }, 'a/b': 1 }, { alg: 'ES256', kid: 'k' })).toEqual([
    { part: 'header', path: '/alg', kind: 'changed', first: 'RS256', second: 'ES256' },
    { part: 'header', path: '/kid', kind: 'added', second: 'k' },
    { part: 'claims', path: '/org/plan', kind: 'changed', first: 'free', second: 'pro' },
    { part: 'claims', path: '/a~1b', kind: 'added', second: 1 },
  ]);
});

test('shows times as distances in seconds', () => {
  expect(diff({ iat: 900, exp: 1800 })).toMatchObject([
    { path: '/iat', later: -100 },
    { path: '/exp', later: -100 },
  ]);
});

describe('what widens the second token', () => {
  test.each([
    ['another scope', { scope: 'read write' }, 'adds write'],
    ['another role', { role: ['user', 'admin'] }, 'adds admin'],
    ['another audience', { aud: ['api', 'web'] }, 'adds web'],
    ['a longer life', { exp: 4600 }, 'lives 1h, not 15m'],
    ['a later exp of the same life', { iat: 2000, exp: 2900 }, undefined],
    ['fewer scopes', { scope: '' }, undefined],
    ['another sub', { sub: 'admin' }, undefined],
  ])('%s', (_what, claims, widens) => {
    const marked = diff(claims).map((each) => each.widens);
    expect(marked.find((each) => each !== undefined)).toBe(widens);
  });

  test('no exp and no aud, but not a missing scope', () => {
    expect(without('exp')).toMatchObject([{ kind: 'removed', widens: 'never expires' }]);
    expect(without('aud')).toMatchObject([{ kind: 'removed', widens: 'is for any audience' }]);
    expect(without('scope')[0]?.widens).toBeUndefined();
  });
});
