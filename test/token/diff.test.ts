import { describe, expect, test } from 'vitest';
import { parseExactJson } from '../../src/jose/exact-json.js';
import { type ComparedToken, diffTokens } from '../../src/token/diff.js';

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

  test('what a session holds, for refresh tokens in their own form alone', () => {
    const session = { scope: 'read', role: ['user'], aud: 'api', client_id: 'c' };
    const more = { scope: 'read write', role: ['user', 'admin'], client_id: 'd' };
    const marks = (typ: string) => {
      const [one, other] = [session, more].map((held) => ({ header: { typ }, claims: { aud: 'i', session: held } }));
      return diffTokens(one as ComparedToken, other as ComparedToken).map(({ path, widens }) => [path, widens]);
    };
    expect(marks('refresh+jwt')).toEqual([
      ['/session/scope', 'adds write'],
      ['/session/role', 'adds admin'],
      ['/session/aud', 'is for any audience'],
      ['/session/client_id', undefined],
    ]);
    expect(marks('JWT').map(([, widens]) => widens)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('no exp and no aud, but not a missing scope', () => {
    expect(without('exp')).toMatchObject([{ kind: 'removed', widens: 'never expires' }]);
    expect(without('aud')).toMatchObject([{ kind: 'removed', widens: 'is for any audience' }]);
    expect(without('scope')[0]?.widens).toBeUndefined();
  });
});

describe('numbers are compared as decimals, wherever they stand', () => {
  const read = (json: string) => parseExactJson(Buffer.from(json)) as Record<string, unknown>;
  const places = ['{"n":N}', '{"in":{"n":N}}', '{"n":[N]}', '{"n":[{"n":N}]}'];
  const between = (place: string, one: string, other: string) => {
    const [first, second] = [one, other].map((number) => read(place.replace('N', number)));
    const inClaims = diffTokens({ header: {}, claims: first ?? {} }, { header: {}, claims: second ?? {} });
    const inHeader = diffTokens({ header: first ?? {}, claims: {} }, { header: second ?? {}, claims: {} });
    expect(inHeader.length).toBe(inClaims.length);
    return inClaims;
  };

  test.each([
    ['12345678901234567890', '12345678901234567891'],
    ['100002348117421473', '100002348117421470'],
    ['1E400', '1e401'],
    ['1.0', '{}'],
    ['1.0', '1.5'],
    ['0.1', '0.10000000000000000001'],
    ['4102444800.0', '9999999999.0'],
  ])('%s is another number than %s', (one, other) => {
    for (const place of places) expect(between(place, one, other)).toMatchObject([{ kind: 'changed' }]);
  });

  test.each([
    ['1.0', '1'],
    ['100', '1e2'],
    ['-0', '0'],
    ['12345678901234567890', '1234567890123456789e1'],
  ])('%s is the same number as %s', (one, other) => {
    for (const place of places) expect(between(place, one, other)).toEqual([]);
  });

  test('a later exp is later, however it is written', () => {
    const [first, second] = [read('{"exp":4102444800.0}'), read('{"exp":9.9e9}')];
    expect(diffTokens({ header: {}, claims: first }, { header: {}, claims: second })).toMatchObject([
      { path: '/exp', later: 5_797_555_200, widens: 'expires later' },
    ]);
  });
});

test('objects in a list are equal, whatever the order of their members', () => {
  const [first, second] = [{ grants: [{ a: 1, b: 2 }] }, { grants: [{ b: 2, a: 1 }] }];
  expect(diffTokens({ header: {}, claims: first }, { header: {}, claims: second })).toEqual([]);
});
