import { expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import type { Claims } from '../../src/token/claims.js';
import { decodeToken } from '../../src/token/decode.js';
import { issueToken } from '../../src/token/issue.js';
import type { IssuePolicy } from '../../src/token/issue-policy.js';

const now = Date.UTC(2026, 10, 23, 12) / 1000;
const deps = { key: loadSecret('a secret of thirty-two bytes, for bare'), now, newId: () => 'id' };

test.each<[IssuePolicy, object, object]>([
  [{ bare: true, ttl: 60 }, { alg: 'HS256' }, { iss: '1', exp: now + 60 }],
  [{ bare: true, ttl: null }, { alg: 'HS256' }, { iss: '1' }],
  [
    { bare: true, ttl: 60, typ: 'JWT' },
    { alg: 'HS256', typ: 'JWT' },
    { iss: '1', exp: now + 60 },
  ],
  [{ bare: true, ttl: 60, type: 'access' }, { alg: 'HS256' }, { iss: '1', type: 'access', exp: now + 60 }],
  [
    { without: ['jti', 'type'], ttl: 60 },
    { alg: 'HS256', typ: 'JWT' },
    { iss: '1', iat: now, exp: now + 60 },
  ],
  [{ without: ['iat'] }, { alg: 'HS256', typ: 'JWT' }, { iss: '1', type: 'access', exp: now + 1800, jti: 'id' }],
])('%j', async (policy, header, claims) => {
  const { token } = await issueToken({ iss: '1' }, policy, deps);
  expect(decodeToken(token)).toMatchObject({ header, claims });
  expect([Object.keys(decodeToken(token).header), Object.keys(decodeToken(token).claims)]).toEqual([
    Object.keys(header),
    Object.keys(claims),
  ]);
});

test('a bare token without any exp is refused, and the given claims stay as they are', async () => {
  const given = Object.freeze({ iss: '1', jti: 'j' });
  await expect(issueToken(given, { bare: true }, deps)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  await issueToken(given, { bare: true, ttl: 1, without: ['jti'] }, deps);
  expect(given.jti).toBe('j');
});

test('a bare token has claims of jwtkit in any shape, but those of RFC 7519 as they must be', async () => {
  const odd = { scope: ['GET /v1/apps'], role: { admin: true }, type: 7, family: null };
  const { claims } = await issueToken(odd as unknown as Claims, { bare: true, ttl: 60 }, deps);
  expect(claims).toEqual({ ...odd, exp: now + 60 });
  for (const bad of [{ sub: 1 }, { aud: [1] }, { iat: 'now' }, { exp: null }]) {
    await expect(issueToken(bad as unknown as Claims, { bare: true, ttl: 60 }, deps)).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
  }
});
