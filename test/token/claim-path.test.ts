import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/jose/json.js';
import { findByPath } from '../../src/token/claim-path.js';

const claims: JsonObject = {
  sub: 'u',
  'a.b': 'literal',
  a: { b: ['nested'], 'c.d': { e: 1 }, c: { d: 'other' }, '': 'empty' },
  'https://issuer.example/roles': ['admin'],
  'https://hasura.example/jwt/claims': { 'x-hasura-role': 'editor', 'x.y': [{ z: null }] },
  'cognito:groups': ['ops'],
  resource_access: { 'my.app': { roles: ['viewer'] } },
  'a/b': { '~c': true },
  '/pointer': 1,
  '/a/b/0': 'another reading',
  zero: 0,
  empty: '',
  list: [[1, 2], { '0': 'x' }],
};

describe('a path leads to a value', () => {
  test.each<[string, unknown]>([
    ['sub', 'u'],
    ['zero', 0],
    ['empty', ''],
    ['a.b', 'literal'],
    ['/a/b/0', 'nested'],
    ['a.c.d.e', 1],
    ['a.c.d', { e: 1 }],
    ['a.', 'empty'],
    ['https://issuer.example/roles', ['admin']],
    ['https://issuer.example/roles.0', 'admin'],
    ['/https:~1~1issuer.example~1roles/0', 'admin'],
    ['https://hasura.example/jwt/claims.x-hasura-role', 'editor'],
    ['https://hasura.example/jwt/claims.x.y.0.z', null],
    ['cognito:groups.0', 'ops'],
    ['resource_access.my.app.roles.0', 'viewer'],
    ['/resource_access/my.app/roles/0', 'viewer'],
    ['/a~1b/~0c', true],
    ['a/b.~c', true],
    ['/~1pointer', 1],
    ['list.0.1', 2],
    ['list.1.0', 'x'],
  ])('%s', (path, value) => expect(findByPath(claims, path)).toEqual(value));
});

describe('a path leads nowhere', () => {
  test.each([
    '/pointer',
    'toString',
    '__proto__',
    'constructor.name',
    'sub.length',
    'sub.0',
    'a.b.0',
    'a.b.',
    'list.length',
    'list.-1',
    'list.00',
    'list.2',
    'list.0.2',
    'list.',
    '/list/-',
    '/a/b/00',
    '/',
    '',
    '.',
    '..',
    'https://issuer.example',
    'https://issuer.example/role',
    'https://issuer.example/roles.admin',
    'SUB',
    'sub ',
  ])('%j', (path) => {
    expect(findByPath(claims, path)).toBeUndefined();
  });
});

test('takes time in proportion to the claims and the path', () => {
  const names = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${'.'.repeat(at % 50)}${at}`, 1]));
  expect(findByPath({ '': names }, '.'.repeat(60_000))).toBeUndefined();
});
