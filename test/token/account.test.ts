import { describe, expect, test } from 'vitest';
import {
  type Client,
  grantScopes,
  hashClientSecret,
  isClientId,
  isClientSecret,
  labelProblem,
  scopeProblem,
  subjectProblem,
} from '../../src/token/account.js';

describe('grantScopes', () => {
  test.each([
    [undefined, ['read', 'write'], ['read', 'write']],
    [[], ['read', 'write'], ['read', 'write']],
    [
      ['write', 'read'],
      ['read', 'write'],
      ['write', 'read'],
    ],
    [['admin', 'read'], ['read', 'write'], ['read']],
    [['read', 'read'], ['read'], ['read']],
    [['admin'], ['read'], []],
    [['read'], [], []],
    [undefined, [], []],
  ])('requested %j, allowed %j: grants %j', (asked, allowed, granted) => {
    expect(grantScopes(asked, allowed)).toEqual(granted);
  });

  test('grantScopes returns a copy', () => {
    const allowed = ['read'];
    grantScopes(undefined, allowed).push('admin');
    expect(allowed).toEqual(['read']);
  });
});

describe('isClientSecret', () => {
  const secret = 'W6ph5Mm5Pz8GgiULbPgzG37mj9g1JDnHl5xFvhTQYSc';
  const client: Client = { id: 'client-1', name: 'billing', scopes: [], secretHash: hashClientSecret(secret) };

  test('accepts the secret and nothing else', () => {
    expect(isClientSecret(client, secret)).toBe(true);
    for (const other of ['', `${secret} `, secret.toLowerCase(), client.secretHash])
      expect(isClientSecret(client, other)).toBe(false);
  });

  test('an unknown client has no right secret', () => {
    expect(isClientSecret(undefined, secret)).toBe(false);
    expect(isClientSecret(undefined, '')).toBe(false);
  });

  test.each([[''], ['A'], [`${hashClientSecret(secret)}=`], [Buffer.alloc(31).toString('base64url')]])(
    'a damaged hash %j matches no secret',
    (secretHash) => {
      expect(isClientSecret({ ...client, secretHash }, secret)).toBe(false);
    },
  );

  test('the hash is the SHA-256 that other programs make', () => {
    // printf abc | openssl dgst -sha256 -binary | base64, in the alphabet of base64url (FIPS 180-4's example).
    expect(hashClientSecret('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });
});

describe('names', () => {
  test.each(['alice', 'alice@example.com', 'Zoë van der Meer', '\u5c71\u7530', 'x'.repeat(255), '-dash', 'a\u0308'])(
    'accepts the name %j',
    (name) => {
      expect(labelProblem(name)).toBeUndefined();
    },
  );

  test.each([
    ['', 'empty'],
    ['x'.repeat(256), 'longer'],
    [' alice', 'white space'],
    ['alice\u00a0', 'white space'],
    ['al\nice', 'control'],
    ['al\u0000ice', 'control'],
    ['al\u200bice', 'invisible'],
    ['\u202ealice', 'invisible'],
    ['al\u2028ice', 'invisible'],
    ['\ud800', 'surrogate'],
  ])('refuses the name %j', (name, problem) => {
    expect(labelProblem(name)).toContain(problem);
    expect(subjectProblem(name)).toContain(problem);
  });

  test('the sub of a user is never that of a client', () => {
    expect(subjectProblem('client-AAAAAAAAAAAAAAAAAAAAAA')).toContain('begins with client-');
    expect(subjectProblem('client-')).toBeDefined();
    expect(subjectProblem('clients')).toBeUndefined();
  });

  test('a name such as client-billing is not a client id', () => {
    expect(isClientId('client-billing')).toBe(false);
    expect(isClientId('client-AAAAAAAAAAAAAAAAAAAA_-')).toBe(true);
  });

  test('a scope is one token (RFC 6749 §3.3)', () => {
    expect(scopeProblem('invoices:read')).toBeUndefined();
    for (const bad of ['', 'read write', 'a"b', 'a\\b', 'lés']) expect(scopeProblem(bad)).toBeDefined();
  });
});
