/** `GET /auth`, by which a proxy lets requests pass: its headers are what a service behind it believes. */
import { request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Claims } from '../../src/token/claims.js';
import { bearer, claimsOf, forged, start, startService, type TestService } from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});

const ask = async (claims: Claims, query = '') => {
  return service.ask(`/auth${query}`, { headers: bearer(await service.sign({ sub: 'user-123', ...claims })) });
};

test('/auth names the subject, scope and roles in headers, with an empty body', async () => {
  const { access_token: token } = await service.login();
  const { status, headers, text } = await service.ask('/auth', { headers: bearer(token) });
  expect({ status, text }).toEqual({ status: 200, text: '' });
  expect(headers.get('x-auth-subject')).toBe('user-123');
  expect(headers.get('x-auth-scope')).toBe('read write');
  expect(headers.get('x-auth-roles')).toBe('user');
  expect(headers.get('cache-control')).toBe('no-store');
});

test('/auth sends empty scope and role headers for a token without them, so that a proxy cannot pass on forged ones', async () => {
  const { status, headers } = await ask({});
  expect(status).toBe(200);
  expect([headers.get('x-auth-scope'), headers.get('x-auth-roles')]).toEqual(['', '']);
});

const refused: [string, string, string, () => Promise<Record<string, string>>][] = [
  ['no token', 'Not authenticated', 'Bearer', async () => ({})],
  ['client credentials', 'Not authenticated', 'Bearer', async () => ({ authorization: 'Basic YTpi' })],
  ['nonsense', 'Invalid token', 'invalid_token', async () => bearer('nonsense')],
  [
    'a refresh token',
    'Invalid token type: expected access',
    'invalid_token',
    async () => bearer((await service.login()).refresh_token),
  ],
  [
    'an expired token',
    'Token has expired',
    'invalid_token',
    async () => bearer(await service.sign({ sub: 'u', iat: start - 9, exp: start - 1 })),
  ],
  [
    'a forged token',
    'Invalid token',
    'invalid_token',
    async () => bearer(forged((await service.login()).access_token, { role: 'admin' })),
  ],
  ['a token of nobody', 'Invalid token', 'invalid_token', async () => bearer(await service.sign({}))],
];
test.each(refused)('/auth answers 401 without identity headers for %s', async (_what, detail, error, make) => {
  for (const query of ['', '?scope=read', '?role=admin']) {
    const { status, headers, body } = await service.ask(`/auth${query}`, { headers: await make() });
    expect({ status, body }).toEqual({ status: 401, body: { detail, path: '/auth' } });
    const challenge = headers.get('www-authenticate');
    // RFC 6750 §3.1: no error code where there was no token.
    expect(challenge).toBe(
      error === 'Bearer' ? 'Bearer' : `Bearer error="invalid_token", error_description="${detail}"`,
    );
    for (const name of ['subject', 'scope', 'roles']) expect(headers.has(`x-auth-${name}`)).toBe(false);
  }
});

describe('the demands in the query of /auth', () => {
  const claims = { scope: 'read write', role: ['user', 'editor'] };
  test.each([
    '?scope=read',
    '?scope=read+write',
    '?scope=write%20read',
    '?scope=read&scope=write',
    '?role=user',
    '?role=user&role=editor',
    '?scope=read&role=editor',
  ])('lets a token pass that meets %s', async (query) => {
    expect((await ask(claims, query)).status).toBe(200);
  });

  test.each([
    '?roles=admin',
    '?scopes=write',
    '?scope[]=write',
    '?Scope=write',
    '?other=x',
    '?scope=read&x',
    '?__proto__=x',
  ])('refuses the unknown demand %s', async (query) => {
    expect((await ask(claims, query)).status).toBe(400);
  });

  test.each<[string, string | undefined]>([
    ['?scope=admin', 'admin'],
    ['?scope=read+admin', 'read admin'],
    ['?scope=read&scope=admin', 'read admin'],
    ['?scope=READ', 'READ'],
    ['?scope=rea', 'rea'],
    ['?scope=read,write', 'read,write'],
    // A proxy that fills in a variable that is empty must not open the door.
    ['?scope=', undefined],
    ['?scope', undefined],
    ['?scope=+', undefined],
    ['?scope=read&scope=', 'read'],
    ['?role=', undefined],
    ['?role', undefined],
    ['?role=admin', undefined],
    ['?role=user&role=admin', undefined],
    ['?role=user,editor', undefined],
    ['?role=user+editor', undefined],
    ['?scope=read&role=admin', undefined],
    ['?scope=%22', undefined],
    ['?scope=read+%0d%0aX-Auth-Subject:admin', 'read'],
    ['?scope=%zz', '%zz'],
  ])('answers 403 to a token that does not meet %s', async (query, scope) => {
    const { status, headers, body } = await ask(claims, query);
    expect({ status, body }).toEqual({ status: 403, body: { detail: 'Not enough permissions', path: '/auth' } });
    const named = scope === undefined ? '' : `, scope="${scope}"`;
    expect(headers.get('www-authenticate')).toBe(`Bearer error="insufficient_scope"${named}`);
    for (const name of ['subject', 'scope', 'roles']) expect(headers.has(`x-auth-${name}`)).toBe(false);
  });

  test.each<[string, Claims, string]>([
    ['no scope', {}, '?scope=read'],
    ['no role', {}, '?role=user'],
    ['a scope that is a list', { scope: ['read'] as unknown as string }, '?scope=read'],
    ['a role that is a number', { role: 1 as unknown as string }, '?role=1'],
    ['a role that is an object', { role: { user: true } as unknown as string }, '?role=user'],
  ])('refuses a token with %s', async (_what, held, query) => {
    const members = { sub: 'user-123', type: 'access', iat: start, exp: start + 60, ...held };
    const token = await service.signText(JSON.stringify(members));
    expect((await service.ask(`/auth${query}`, { headers: bearer(token) })).status).toBe(403);
  });

  test('accepts a role claim that is one string', async () => {
    expect((await ask({ role: 'user' }, '?role=user')).status).toBe(200);
  });
});

describe('a claim stays one word of one header of /auth', () => {
  const words: [string, string, string][] = [
    ['as it is', 'auth0|5f7c8ec7c33c6c004bbafe82', 'auth0|5f7c8ec7c33c6c004bbafe82'],
    ['an address', 'alice@example.com', 'alice@example.com'],
    ['a line end', 'a\r\nX-Auth-Roles: admin', 'a%0D%0AX-Auth-Roles:%20admin'],
    ['a line feed', 'a\nb', 'a%0Ab'],
    ['NUL', 'a\0b', 'a%00b'],
    ['DEL', 'a\u007fb', 'a%7Fb'],
    ['a quote', 'a"b', 'a%22b'],
    ['a backslash', 'a\\b', 'a%5Cb'],
    ['a space', 'a b', 'a%20b'],
    ['a tab', 'a\tb', 'a%09b'],
    ['a comma', 'a,admin', 'a%2Cadmin'],
    ['a semicolon', 'a;admin', 'a%3Badmin'],
    ['a percent sign', '100%', '100%25'],
    ['what looks encoded', '%0D%0A', '%250D%250A'],
    ['beyond ASCII', 'jürgen 李 🔑', 'j%C3%BCrgen%20%E6%9D%8E%20%F0%9F%94%91'],
    ['a line separator', 'a\u2028b\u0085c', 'a%E2%80%A8b%C2%85c'],
  ];
  test.each(words)('%s', async (_what, text, header) => {
    const { status, headers } = await ask({ sub: text, role: [text, 'user'], scope: text });
    expect(status).toBe(200);
    expect(headers.get('x-auth-subject')).toBe(header);
    expect(decodeURIComponent(headers.get('x-auth-subject') ?? '')).toBe(text);
    expect(headers.get('x-auth-roles')).toBe(`${header} user`);
    expect(headers.get('x-auth-scope')?.split(' ').map(decodeURIComponent)).toEqual(text.split(' '));
  });
});

test('/auth refuses a token right after its revocation', async () => {
  const { access_token: token } = await service.login();
  await service.denylist.add({
    kind: 'family',
    id: String(claimsOf(token).family),
    until: start * 2,
  });
  expect((await service.ask('/auth', { headers: bearer(token) })).status).toBe(401);
});

test.each(['/auth', '/users/me'])(
  '%s refuses two Authorization headers, of which an application may read the last',
  async (path) => {
    const { access_token: token } = await service.login();
    const status = (...headers: string[]) =>
      new Promise((resolve, reject) => {
        const asked = request({ port: service.port, host: '127.0.0.1', path, headers: ['Host', 'a', ...headers] });
        asked
          .once('error', reject)
          .once('response', (response) => resolve(response.resume().statusCode))
          .end();
      });
    expect(await status('Authorization', `Bearer ${token}`)).toBe(200);
    expect(await status('Authorization', `bearer \t ${token}`)).toBe(200);
    expect(await status('Authorization', `Bearer \xa0${token}`)).toBe(401);
    for (const second of ['Bearer x.y.z', `Bearer ${token}`, 'Basic YTpi', '']) {
      expect(await status('Authorization', `Bearer ${token}`, 'authorization', second)).toBe(401);
      expect(await status('Authorization', second, 'AUTHORIZATION', `Bearer ${token}`)).toBe(401);
    }
  },
);

test.each(['Authorization', 'Cookie'])('finds a second header %s however many others stand before it', async (name) => {
  const cookies = await startService({ authCookie: 'token' });
  const { access_token: token } = await cookies.login();
  const value = (text: string) => (name === 'Cookie' ? `token=${text}` : `Bearer ${text}`);
  for (const count of [0, 900, 1000, 1999, 2000, 4000, 7000]) {
    const status = async (last: string) => {
      const first = `${name}: ${value(token)}\r\n`;
      const head = `GET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${first}${'a:\r\n'.repeat(count)}${last}\r\n`;
      return (await cookies.raw(head)).slice(9, 12);
    };
    expect([count, await status('')]).toEqual([count, '200']);
    expect([count, await status(`${name}: ${value('other')}\r\n`)]).toEqual([count, '401']);
    expect([count, await status('Authorization: Basic YTpi\r\n')]).toEqual([count, '401']);
  }
});
