/** `X-Refused`, which says to the log of a proxy what a refused request lacks. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Claims } from '../../src/token/claims.js';
import { bearer, forged, keyPair, start, startService, type TestService } from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService({ audience: ['api'] });
});

const ask = async (query: string, claims: Claims) => {
  service.logs();
  const members = { sub: 'user-123', aud: 'api', type: 'access', iat: start, exp: start + 60, ...claims };
  return service.ask(`/auth${query}`, { headers: bearer(await service.signText(JSON.stringify(members))) });
};

describe('X-Refused names the demands of /auth that a token does not meet', () => {
  const held = { scope: 'read write', role: ['user', 'editor'] };
  test.each([
    ['?scope=admin', 'scope=admin'],
    ['?scope=read+admin', 'scope=admin'],
    ['?scope=a+b&scope=c', 'scope=a, scope=b, scope=c'],
    ['?role=admin', 'role=admin'],
    ['?role=user&role=admin', 'role=admin'],
    ['?role=admin|root', 'role=admin|root'],
    ['?role=admin%7Croot&role=user|admin&role=x', 'role=admin|root, role=x'],
    ['?scope=admin&role=root', 'scope=admin, role=root'],
    ['?scope=', 'scope='],
    ['?role', 'role='],
    ['?role=|', 'role=|'],
    // The text of a demand stays one word, whatever a client of Envoy writes there.
    ['?role=on+call', 'role=on%20call'],
    ['?role=a%0d%0aX-Auth-Subject:+root', 'role=a%0D%0AX-Auth-Subject:%20root'],
    ['?scope=a,b;c%22', 'scope=a%2Cb%3Bc%22'],
    ['?role=ü', 'role=%C3%BC'],
  ])('%s: %s', async (query, failed) => {
    for (const path of ['', '/']) {
      const { status, headers } = await ask(`${path}${query}`, held);
      expect({ status, failed: headers.get('x-refused') }).toEqual({ status: 403, failed });
      expect([...headers.keys()].filter((name) => name.startsWith('x-auth-'))).toEqual([]);
      expect(service.logs().filter(({ msg }) => msg === 'refused')).toMatchObject([{ failed }]);
    }
  });

  test('in at most 256 characters', async () => {
    const { headers } = await ask(`?${Array.from({ length: 900 }, (_, at) => `role=role-${at}`).join('&')}`, held);
    expect(headers.get('x-refused')).toMatch(/^role=role-0, role=role-1, .*\.\.\.$/);
    expect(headers.get('x-refused')).toHaveLength(256);
  });

  test('without a token that somebody put into a demand', async () => {
    const token = await service.sign({ sub: 'u' });
    for (const text of [token, `Bearer+${token}`, encodeURIComponent(encodeURIComponent(`x ${token}`))]) {
      const { headers } = await ask(`?role=${text}`, held);
      expect(headers.get('x-refused')).toContain('[token]');
      expect(headers.get('x-refused')).not.toContain(token.slice(-40));
    }
    expect(service.lines.join('')).not.toContain(token.slice(-40));
  });

  test('and an unknown demand by that word alone', async () => {
    const { status, headers } = await ask('?roles=admin', held);
    expect({ status, failed: headers.get('x-refused') }).toEqual({ status: 400, failed: 'unknown demand' });
  });

  test('and is absent where the token passes', async () => {
    const { status, headers } = await ask('?role=admin|editor&scope=read', held);
    expect(status).toBe(200);
    expect(headers.has('x-refused')).toBe(false);
  });
});

describe('?role=a|b is met by any of the roles', () => {
  test.each<[string, string | string[], number]>([
    ['admin|editor', ['editor'], 200],
    ['admin|editor', ['admin', 'editor'], 200],
    ['admin|editor', 'admin', 200],
    ['admin%7Ceditor', ['admin'], 200],
    ['a|b|c|d', ['d'], 200],
    ['admin|editor&role=on+call|boss', ['editor', 'boss'], 200],
    ['admin|editor&role=on+call|boss', ['editor'], 403],
    ['admin|editor', ['user'], 403],
    ['admin|editor', [], 403],
    // A bar separates, also where a role has one in its name.
    ['admin|editor', ['admin|editor'], 403],
    ['admin,editor', ['admin'], 403],
    // Unset variables of a proxy.
    ['|', ['admin', ''], 403],
    ['admin|', ['user', ''], 403],
    ['admin|', ['admin'], 200],
    ['|editor', ['editor'], 200],
  ])('?role=%s, role %j: %i', async (query, role, status) => {
    expect((await ask(`?role=${query}`, { role })).status).toBe(status);
  });

  test('a scope with a bar stays one scope (RFC 6749 §3.3)', async () => {
    expect((await ask('?scope=a|b', { scope: 'a' })).status).toBe(403);
    expect((await ask('?scope=a|b', { scope: 'a|b' })).status).toBe(200);
  });
});

describe('X-Refused names the checks that a token fails', () => {
  test.each<[string, Claims, string]>([
    ['an expired token', { exp: start - 1 }, 'exp'],
    ['a refresh token', { type: 'refresh' }, 'type'],
    ['a token for another audience', { aud: 'other' }, 'aud'],
    ['a token for an empty list of audiences', { aud: [] }, 'aud'],
    ['an expired token for another audience', { aud: 'other', exp: start - 1 }, 'exp, aud'],
    ['a token from the future', { iat: start + 2, exp: start + 99 }, 'iat: issued 2 s in the future; see --leeway'],
    ['a token from the far future', { iat: start + 7200, exp: start + 9999 }, 'iat: issued 2h in the future'],
    ['a token that begins later', { nbf: start + 60 }, 'nbf: not valid for another 60 s; see --leeway'],
  ])('%s', async (_what, claims, failed) => {
    const { status, headers, body } = await ask('', claims);
    expect({ status, failed: headers.get('x-refused') }).toEqual({ status: 401, failed });
    const verb = failed.startsWith('iat') ? 'was' : 'is';
    const { detail } = body as { detail: string };
    const description = / error_description="([^"]*)"$/.exec(headers.get('www-authenticate') ?? '')?.[1];
    expect(description).toBe(failed.includes(':') ? `Token ${verb} ${failed.slice(5)}` : detail);
    expect(service.logs().filter(({ msg }) => msg === 'refused')).toMatchObject([{ failed }]);
  });

  test('names the denylist for a revoked token', async () => {
    const { access_token: token } = await service.login();
    await service.send('/revoke', { token });
    const { headers } = await service.ask('/auth', { headers: bearer(token) });
    expect(headers.get('x-refused')).toBe('denylist');
  });

  test('and says nothing of a token that is not ours', async () => {
    const { access_token: token } = await service.login();
    const other = await startService({ audience: ['api'] }, { keys: await keyPair('ES256', 'key-2') });
    const tokens = [
      'nonsense',
      forged(token, { exp: start - 1 }),
      forged(token, { iat: start + 2 }),
      forged(token, { aud: 'other' }),
      (await other.login()).access_token,
      `${token}A`,
    ];
    for (const each of tokens) {
      const { status, headers } = await service.ask('/auth?role=admin', { headers: bearer(each) });
      expect({ status, failed: headers.get('x-refused') }).toEqual({ status: 401, failed: 'token' });
    }
    expect((await service.ask('/auth')).headers.get('x-refused')).toBe('no token');
  });

  test('every route that reads a token names a clock that is ahead', async () => {
    const ahead = await service.sign({ sub: 'user-123', aud: 'api', iat: start + 1, exp: start + 99 });
    const failed = 'iat: issued 1 s in the future; see --leeway';
    const me = await service.ask('/users/me', { headers: bearer(ahead) });
    expect(me.body).toEqual({ detail: 'Invalid token', path: '/users/me' });
    expect(me.headers.get('x-refused')).toBe(failed);
    const refresh = await service.signText(
      JSON.stringify({ sub: 'user-123', type: 'refresh', aud: 'api', jti: 'j', iat: start + 1, exp: start + 99 }),
    );
    const renewed = await service.send('/token/refresh', { refresh_token: refresh });
    expect([renewed.status, renewed.headers.get('x-refused')]).toEqual([401, failed]);
    const lenient = await startService({ audience: ['api'], leeway: 5 }, { keys: service.keys });
    expect((await lenient.ask('/users/me', { headers: bearer(ahead) })).status).toBe(200);
  });
});
