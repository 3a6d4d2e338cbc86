/** The contract that the OAuth2 tutorials teach, bodies and all, as any client of theirs knows it. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Claims } from '../../src/token/claims.js';
import {
  aliceForm,
  bearer,
  claimsOf,
  encodeForm,
  type Form,
  forged,
  formType,
  keyPair,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService({}, { keys: await keyPair('HS256') });
});
beforeEach(() => {
  service.now = start;
});

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('POST /token', () => {
  test('issues a token pair for a name and a password', async () => {
    const { status, headers, body } = await service.send('/token', aliceForm);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 1800,
      scope: 'read write',
    });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('pragma')).toBe('no-cache');
    const { access_token: access, refresh_token: refresh } = body as Tokens;
    const shared = {
      iss: service.origin,
      sub: 'user-123',
      scope: 'read write',
      role: ['user'],
      family: expect.stringMatching(uuid),
      jti: expect.stringMatching(uuid),
      iat: start,
    };
    expect(claimsOf(access)).toEqual({ ...shared, type: 'access', exp: start + 1800 });
    expect(claimsOf(refresh)).toEqual({ ...shared, type: 'refresh', exp: start + 604_800 });
    expect(claimsOf(access).jti).not.toBe(claimsOf(refresh).jti);
    expect(claimsOf(access).family).toBe(claimsOf(refresh).family);
  });

  test.each<[string, Form]>([
    ['another password', { ...aliceForm, password: 'looking-glass' }],
    ['a password in other letters', { ...aliceForm, password: 'Wonderland' }],
    ['a password with a space after it', { ...aliceForm, password: 'wonderland ' }],
    ['nobody we know', { username: 'mallory', password: 'wonderland' }],
    ['a name in other letters', { ...aliceForm, username: 'Alice' }],
    ['the name of a property', { ...aliceForm, username: '__proto__' }],
    ['the sub instead of the name', { ...aliceForm, username: 'user-123' }],
    ['what no argument of a hash may be', { ...aliceForm, password: '\0\u0000' }],
  ])('answers 401 without a reason for %s', async (_what, form) => {
    const { status, headers, body } = await service.send('/token', form);
    expect(status).toBe(401);
    expect(body).toEqual({
      detail: 'Incorrect username or password',
      path: '/token',
      error: 'invalid_grant',
      error_description: 'Incorrect username or password',
    });
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('does the same work for an unknown name as for a wrong password', async () => {
    service.passwordChecks.length = 0;
    await service.send('/token', { ...aliceForm, password: 'a' });
    await service.send('/token', { username: 'nobody', password: 'b' });
    expect(service.passwordChecks).toEqual([
      { password: 'a', hasHash: true },
      { password: 'b', hasHash: false },
    ]);
  });

  const missing = (...names: string[]) =>
    names.map((name) => ({ type: 'missing', loc: ['body', name], msg: 'Field required', input: null }));

  test.each<[string, Form, string[]]>([
    ['an empty form', {}, ['username', 'password']],
    ['no password', { username: 'alice' }, ['password']],
    ['an empty password', { username: 'alice', password: '' }, ['password']],
    ['no name', { password: 'wonderland' }, ['username']],
    ['fields in other letters', { Username: 'alice', PASSWORD: 'wonderland' }, ['username', 'password']],
    ['the refresh grant without a token', { grant_type: 'refresh_token' }, ['refresh_token']],
  ])('answers 422 with each faulty field for %s', async (_what, form, names) => {
    const { status, body } = await service.send('/token', form);
    expect(status).toBe(422);
    expect(body).toEqual({
      detail: missing(...names),
      path: '/token',
      error: 'invalid_request',
      error_description: names.map((name) => `${name}: Field required`).join('; '),
    });
  });

  test.each(['username', 'password', 'grant_type', 'scope', 'client_id', 'client_secret'])(
    'refuses a form with %s twice',
    async (name) => {
      const { status, body } = await service.send('/token', { ...aliceForm, [name]: ['a', 'b'] });
      expect(status).toBe(422);
      expect(body).toMatchObject({
        detail: [{ type: 'string_type', loc: ['body', name] }],
        error: 'invalid_request',
      });
    },
  );

  test('treats a missing body as a form without fields', async () => {
    const { status, body } = await service.ask('/token', { method: 'POST' });
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: missing('username', 'password') });
  });

  test.each([
    ['application/x-www-form-urlencoded;charset=UTF-8'],
    ['application/x-www-form-urlencoded; charset="utf-8"'],
    ['Application/X-WWW-Form-Urlencoded'],
  ])('accepts a form with the content type %s', async (type) => {
    const question = { method: 'POST', headers: { 'content-type': type }, body: encodeForm(aliceForm) };
    expect((await service.ask('/token', question)).status).toBe(200);
  });

  test('ignores a name and a password in the query', async () => {
    const { status } = await service.ask(`/token?${encodeForm(aliceForm)}`, { method: 'POST', headers: formType });
    expect(status).toBe(422);
  });

  test('ignores unknown fields of a form', async () => {
    const { status } = await service.send('/token', { ...aliceForm, remember_me: 'on', client: 'app' });
    expect(status).toBe(200);
  });
});

describe('GET /users/me', () => {
  test('returns the subject of the access token', async () => {
    const { access_token: token } = await service.login();
    const { status, headers, body } = await service.ask('/users/me', { headers: bearer(token) });
    expect({ status, body }).toEqual({ status: 200, body: { user_id: 'user-123' } });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test.each(['bearer', 'BEARER', 'Bearer  '])('accepts the authorization scheme written %j', async (scheme) => {
    const { access_token: token } = await service.login();
    const { status } = await service.ask('/users/me', { headers: { authorization: `${scheme} ${token}` } });
    expect(status).toBe(200);
  });

  const notAuthenticated: [string, string | undefined][] = [
    ['no header', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic YWxpY2U6d29uZGVybGFuZA=='],
    ['a scheme without a token', 'Bearer'],
    ['a scheme and white space', 'Bearer  '],
    ['a token without a scheme', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'],
    ['a longer scheme', 'BearerToken abc'],
  ];
  test.each(notAuthenticated)('%s is answered "Not authenticated"', async (_what, authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await service.ask('/users/me', { headers });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ detail: 'Not authenticated', path: '/users/me' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('ignores a token in the query or in a form', async () => {
    const { access_token: token } = await service.login();
    const { body } = await service.ask(`/users/me?access_token=${token}`);
    expect(body).toEqual({ detail: 'Not authenticated', path: '/users/me' });
  });

  const refused: [string, string, () => Promise<string>][] = [
    ['a refresh token', 'Invalid token type: expected access', async () => (await service.login()).refresh_token],
    ['a token of another type', 'Invalid token type: expected access', () => service.sign({ sub: 'u', type: 'id' })],
    ['nonsense', 'Invalid token', async () => 'nonsense'],
    ['three dots', 'Invalid token', async () => '...'],
    ['a forged token', 'Invalid token', async () => forged((await service.login()).access_token, { sub: 'admin' })],
    ['a token without its signature', 'Invalid token', async () => cut(await service.login())],
    ['an unsigned token', 'Invalid token', async () => unsigned({ sub: 'user-123', exp: start + 60, type: 'access' })],
    ['a token by another key of the same kid', 'Invalid token', () => foreign('key-1')],
    ['a token by a key that nobody knows', 'Invalid token', () => foreign('key-2')],
    ['a token of tomorrow', 'Invalid token', () => service.sign({ sub: 'u', nbf: start + 60 })],
    ['a token that never ends', 'Invalid token', () => service.sign({ sub: 'u' }, { ttl: null })],
    ['a token of nobody', 'Invalid token', () => service.sign({})],
    ['a token with a critical extension', 'Invalid token', async () => critical()],
    ['a token of 20,000 characters', 'Invalid token', async () => `a.b.${'c'.repeat(20_000)}`],
  ];
  test.each(refused)('%s is answered %j', async (_what, detail, make) => {
    const { status, headers, body } = await service.ask('/users/me', { headers: bearer(await make()) });
    expect({ status, body }).toEqual({ status: 401, body: { detail, path: '/users/me' } });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('accepts an access token until its last second, then answers that it has expired', async () => {
    const { access_token: token } = await service.login();
    service.now = start + 1799;
    expect((await service.ask('/users/me', { headers: bearer(token) })).status).toBe(200);
    service.now = start + 1800;
    const { status, headers, body } = await service.ask('/users/me', { headers: bearer(token) });
    expect({ status, body }).toEqual({ status: 401, body: { detail: 'Token has expired', path: '/users/me' } });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('calls an expired forged token invalid, not expired', async () => {
    const token = forged((await service.login()).access_token, { sub: 'admin' });
    service.now = start + 1800;
    const { body } = await service.ask('/users/me', { headers: bearer(token) });
    expect(body).toEqual({ detail: 'Invalid token', path: '/users/me' });
  });
});

describe('POST /token/refresh', () => {
  test('issues an access token alone for a refresh token', async () => {
    const { refresh_token: token } = await service.login();
    service.now = start + 600;
    const { status, headers, body } = await service.send('/token/refresh', { refresh_token: token });
    expect(status).toBe(200);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer' });
    expect(headers.get('cache-control')).toBe('no-store');
    const { access_token: access } = body as Tokens;
    expect(claimsOf(access)).toEqual({
      ...claimsOf(token),
      type: 'access',
      jti: expect.stringMatching(uuid),
      iat: start + 600,
      exp: start + 2400,
    });
    expect((await service.ask('/users/me', { headers: bearer(access) })).body).toEqual({ user_id: 'user-123' });
  });

  test('accepts the same refresh token several times', async () => {
    const { refresh_token: token } = await service.login();
    for (let round = 0; round < 3; round++) {
      expect((await service.send('/token/refresh', { refresh_token: token })).status).toBe(200);
    }
  });

  const refused: [string, string, () => Promise<string>][] = [
    ['an access token', 'Invalid token type: expected refresh', async () => (await service.login()).access_token],
    ['nonsense', 'Invalid token', async () => 'nonsense'],
    ['a forged token', 'Invalid token', async () => forged((await service.login()).refresh_token, { scope: 'admin' })],
    ['a token by a key that nobody knows', 'Invalid token', () => foreign('key-2', 'refresh')],
  ];
  test.each(refused)('%s is answered %j', async (_what, detail, make) => {
    const { status, headers, body } = await service.send('/token/refresh', { refresh_token: await make() });
    expect({ status, body }).toEqual({
      status: 401,
      body: { detail, path: '/token/refresh', error: 'invalid_grant', error_description: detail },
    });
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('answers that a refresh token has expired', async () => {
    const { refresh_token: token } = await service.login();
    service.now = start + 604_800;
    const { status, body } = await service.send('/token/refresh', { refresh_token: token });
    expect({ status, body }).toMatchObject({ status: 401, body: { detail: 'Token has expired' } });
  });

  test('answers 422 to a form without a refresh token', async () => {
    const { status, body } = await service.send('/token/refresh', {});
    expect(status).toBe(422);
    expect(body).toMatchObject({
      detail: [{ type: 'missing', loc: ['body', 'refresh_token'], msg: 'Field required', input: null }],
      path: '/token/refresh',
    });
  });
});

describe('unknown paths', () => {
  test.each(['/nope', '/token/', '/users', '/users/me/', '//token', '/TOKEN', '/.git/config', '/users/me%00'])(
    '%s is answered as the tutorials do',
    async (path) => {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const { status, body, headers } = await service.ask(path, { method });
        expect({ status, body }).toEqual({ status: 404, body: { detail: 'Not Found' } });
        expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      }
    },
  );
});

/** A token by a key that is not the service's. */
async function foreign(kid: string, type: 'access' | 'refresh' = 'access'): Promise<string> {
  const other = await startService({}, { keys: await keyPair('ES256', kid) });
  return other.sign({ sub: 'user-123', iss: service.origin }, { type });
}

function cut({ access_token: token }: Tokens): string {
  return token.slice(0, token.lastIndexOf('.') + 1);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function unsigned(claims: Claims): string {
  return `${encode({ alg: 'none' })}.${encode(claims)}.`;
}

async function critical(): Promise<string> {
  const [, payload, signature] = (await service.login()).access_token.split('.');
  return `${encode({ alg: 'ES256', kid: 'key-1', crit: ['x'], x: 1 })}.${payload}.${signature}`;
}
