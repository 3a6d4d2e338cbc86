/** What a refresh token is good for as time goes by: sessions, users who change, and tokens that are used twice. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Answer,
  alice,
  basic,
  bearer,
  billing,
  claimsOf,
  type Form,
  post,
  reports,
  sessionOf,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

const [steady, rotating] = await Promise.all([startService(), startService({ rotatesRefreshTokens: true })]);
beforeEach(() => {
  for (const service of [steady, rotating]) Object.assign(service, { now: start, users: [alice], keepsUsers: true });
});

const renew = (service: TestService, token: string, form: Form = {}, headers = {}) =>
  service.send('/token', { grant_type: 'refresh_token', refresh_token: token, ...form }, headers);
const isAccepted = async (service: TestService, token: string) =>
  (await service.ask('/users/me', { headers: bearer(token) })).status === 200;
const tokensOf = (answer: Answer) => answer.body as Tokens;
const refusal = ({ status, body }: Answer) => [status, (body as { error?: string }).error];

describe('with rotation', () => {
  test.each(['/token', '/token/refresh'])(
    '%s answers with the next refresh token, of the same session',
    async (path) => {
      const { refresh_token: first } = await rotating.login();
      const answer = await rotating.send(path, { grant_type: 'refresh_token', refresh_token: first });
      expect(answer.status).toBe(200);
      expect(Object.keys(tokensOf(answer)).sort()).toEqual(
        path === '/token'
          ? ['access_token', 'expires_in', 'refresh_token', 'token_type']
          : ['access_token', 'refresh_token', 'token_type'],
      );
      const { access_token: access, refresh_token: second } = tokensOf(answer);
      expect(claimsOf(second)).toEqual({ ...claimsOf(first), jti: expect.any(String) });
      expect(claimsOf(second).jti).not.toBe(claimsOf(first).jti);
      expect(claimsOf(access)).toMatchObject({ family: claimsOf(first).family, scope: 'read write', role: ['user'] });
      expect((await renew(rotating, second)).status).toBe(200);
    },
  );

  test('a second use of a refresh token ends its session, and no other', async () => {
    const other = await rotating.login();
    const { refresh_token: first, access_token: early } = await rotating.login();
    const { refresh_token: second, access_token: late } = tokensOf(await renew(rotating, first));
    expect(await isAccepted(rotating, early)).toBe(true);
    for (const path of ['/token', '/token/refresh']) {
      const answer = await rotating.send(path, { grant_type: 'refresh_token', refresh_token: first });
      expect(answer.body).toEqual({
        detail: 'Invalid token',
        path,
        error: 'invalid_grant',
        error_description: 'Invalid token',
      });
    }
    expect(refusal(await renew(rotating, second))).toEqual([400, 'invalid_grant']);
    for (const token of [early, late]) expect(await isAccepted(rotating, token)).toBe(false);
    expect(await isAccepted(rotating, other.access_token)).toBe(true);
    expect((await renew(rotating, other.refresh_token)).status).toBe(200);
    expect(rotating.logs().filter(({ reason }) => reason === 'TOKEN_REUSED')).not.toEqual([]);
  });

  test('of 20 simultaneous uses of a refresh token one succeeds, and the session ends', async () => {
    const { refresh_token: token } = await rotating.login();
    const answers = await Promise.all(Array.from({ length: 20 }, () => renew(rotating, token)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(refusal(await renew(rotating, tokensOf(winners[0] as Answer).refresh_token))[0]).toBe(400);
  });

  test.each<[string, Form, Record<string, string>]>([
    ['with a wrong secret', post(billing, 'wrong'), {}],
    ['with a wrong secret in the header', {}, basic(billing, 'wrong')],
    ['by an unknown client', { client_id: 'nobody', client_secret: 'x' }, {}],
    ['with a scope that it never had', { scope: 'admin' }, {}],
  ])('a second use %s ends the session', async (_how, form, headers) => {
    const { refresh_token: first } = await rotating.login();
    const { refresh_token: second } = tokensOf(await renew(rotating, first));
    expect(refusal(await renew(rotating, first, form, headers))).toEqual([400, 'invalid_grant']);
    expect(refusal(await renew(rotating, second))).toEqual([400, 'invalid_grant']);
  });

  test('a refused request does not consume the token', async () => {
    const { refresh_token: token } = await rotating.login();
    expect(refusal(await renew(rotating, token, { scope: 'admin' }))).toEqual([400, 'invalid_scope']);
    expect(refusal(await renew(rotating, token, post(billing, 'wrong')))).toEqual([401, 'invalid_client']);
    rotating.users = [];
    expect(refusal(await renew(rotating, token))).toEqual([400, 'invalid_grant']);
    rotating.users = [alice];
    expect((await renew(rotating, token)).status).toBe(200);
  });

  test.each<[string, Partial<typeof alice>, unknown, unknown]>([
    ['all roles', { roles: [] }, undefined, 'read write'],
    ['a scope', { scopes: ['write'] }, ['user'], 'write'],
    ['all', { roles: [], scopes: [] }, undefined, undefined],
  ])('%s that a user lost leave the session; returned ones need a new log-in', async (_what, lost, role, scope) => {
    const { refresh_token: first } = await rotating.login();
    rotating.users = [{ ...alice, ...lost }];
    let { access_token: access, refresh_token: refresh } = tokensOf(await renew(rotating, first));
    for (const token of [access, refresh]) {
      expect([sessionOf(token).role, sessionOf(token).scope]).toEqual([role, scope]);
    }
    rotating.users = [alice];
    ({ access_token: access, refresh_token: refresh } = tokensOf(await renew(rotating, refresh)));
    for (const token of [access, refresh]) {
      expect([sessionOf(token).role, sessionOf(token).scope]).toEqual([role, scope]);
    }
    expect(claimsOf((await rotating.login()).access_token)).toMatchObject({ role: ['user'], scope: 'read write' });
  });

  test('the next refresh token lacks revoked scopes, but not those that were not requested', async () => {
    const { refresh_token: first } = await rotating.login();
    rotating.users = [{ ...alice, scopes: ['read'] }];
    const next = tokensOf(await renew(rotating, first, { scope: 'read write' }));
    expect([claimsOf(next.access_token).scope, next.scope]).toEqual(['read', 'read']);
    rotating.users = [alice];
    const { access_token: last } = tokensOf(await renew(rotating, next.refresh_token));
    expect(claimsOf(last).scope).toBe('read');
  });

  test('a requested scope narrows the access token, not the next refresh token', async () => {
    const { refresh_token: first } = await rotating.login();
    const { access_token: access, refresh_token: second } = tokensOf(await renew(rotating, first, { scope: 'read' }));
    expect(claimsOf(access).scope).toBe('read');
    expect(sessionOf(second).scope).toBe('read write');
  });
});

describe('the scope', () => {
  const held = async (service: TestService, scope: string) => (await service.login({ scope })).refresh_token;
  const cases: [string, string, string | undefined, readonly string[], string | undefined, string | undefined][] = [
    // held, asked, allowed by now, in the token, in the answer
    ['as it was', 'read write', undefined, ['read', 'write'], 'read write', undefined],
    ['less asked', 'read write', 'write', ['read', 'write'], 'write', undefined],
    ['all asked', 'read write', 'write read', ['read', 'write'], 'write read', undefined],
    ['an empty one asked', 'read write', '', ['read', 'write'], 'read write', undefined],
    ['one was lost', 'read write', undefined, ['read'], 'read', 'read'],
    ['one was lost that is asked for', 'read write', 'read write', ['read'], 'read', 'read'],
    ['all were lost', 'read write', undefined, [], undefined, ''],
    ['one was won', 'read', undefined, ['read', 'write'], 'read', undefined],
  ];
  test.each(cases)('%s', async (_what, before, asked, allowed, inToken, inAnswer) => {
    for (const service of [steady, rotating]) {
      const token = await held(service, before);
      service.users = [{ ...alice, scopes: allowed }];
      const answer = await renew(service, token, { scope: asked });
      expect(answer.status).toBe(200);
      expect(claimsOf(tokensOf(answer).access_token).scope).toBe(inToken);
      expect(tokensOf(answer).scope).toBe(inAnswer);
      service.users = [alice];
    }
  });

  test('a session without scopes gets none later, even if its user gains some', async () => {
    steady.users = [{ ...alice, scopes: [] }];
    const { refresh_token: token } = await steady.login();
    steady.users = [alice];
    const answer = await renew(steady, token);
    expect(answer.status).toBe(200);
    expect(claimsOf(tokensOf(answer).access_token)).not.toHaveProperty('scope');
    expect(tokensOf(answer)).not.toHaveProperty('scope');
    expect(refusal(await renew(steady, token, { scope: 'read' }))).toEqual([400, 'invalid_scope']);
  });

  test.each<[string, string, string, readonly string[]]>([
    ['that was never granted (RFC 6749 §6)', 'read', 'read write', ['read', 'write']],
    ['that nobody has', 'read', 'read admin', ['read', 'write']],
    ['of which none is left', 'read write', 'write', ['read']],
    ['that is none', 'read', 'read "', ['read']],
  ])('a scope %s is invalid_scope', async (_what, before, asked, allowed) => {
    const token = await held(steady, before);
    steady.users = [{ ...alice, scopes: allowed }];
    expect(refusal(await renew(steady, token, { scope: asked }))).toEqual([400, 'invalid_scope']);
    const { status } = await steady.send('/token/refresh', { refresh_token: token, scope: asked });
    expect(status).toBe(400);
  });
});

describe('the user', () => {
  test.each<[string, readonly string[], readonly string[], unknown]>([
    ['as they were', ['user', 'admin'], ['admin', 'user'], ['user', 'admin']],
    ['one was lost', ['user', 'admin'], ['user'], ['user']],
    ['all were lost', ['user', 'admin'], [], undefined],
    ['the only one was lost', ['admin'], ['user'], undefined],
    ['one was won', ['user'], ['user', 'admin'], ['user']],
  ])('roles: %s', async (_what, before, after, role) => {
    steady.users = [{ ...alice, roles: before }];
    const { refresh_token: token } = await steady.login();
    steady.users = [{ ...alice, roles: after }];
    expect(claimsOf(tokensOf(await renew(steady, token)).access_token).role).toEqual(role);
  });

  test('a removed user gets no tokens; a renamed one does', async () => {
    const { refresh_token: token } = await steady.login();
    steady.users = [{ ...alice, sub: 'user-456' }];
    expect(refusal(await renew(steady, token))).toEqual([400, 'invalid_grant']);
    const { status, body } = await steady.send('/token/refresh', { refresh_token: token });
    expect({ status, body }).toMatchObject({ status: 401, body: { detail: 'Invalid token' } });
    steady.users = [{ ...alice, name: 'alicia' }];
    expect((await renew(steady, token)).status).toBe(200);
  });

  test('the user of a session must exist, even without a file of users', async () => {
    for (const service of [steady, rotating]) {
      const { refresh_token: token } = await service.login();
      Object.assign(service, { users: [], keepsUsers: false });
      expect(refusal(await renew(service, token))).toEqual([400, 'invalid_grant']);
      // It was not used up, and the session goes on with its user.
      Object.assign(service, { users: [alice], keepsUsers: true });
      const answer = await renew(service, token);
      expect(answer.status).toBe(200);
      const { refresh_token: next = token } = tokensOf(answer);
      Object.assign(service, { users: [], keepsUsers: false });
      expect(refusal(await renew(service, next))).toEqual([400, 'invalid_grant']);
    }
  });

  test('the user may be unknown if the service has no users', async () => {
    const token = await steady.sign({ sub: 'somebody', scope: 'a b' }, { type: 'refresh' });
    expect(refusal(await renew(steady, token))).toEqual([400, 'invalid_grant']);
    steady.keepsUsers = false;
    const answer = await renew(steady, token, { scope: 'b' });
    expect(claimsOf(tokensOf(answer).access_token)).toMatchObject({ sub: 'somebody', scope: 'b' });
    expect(refusal(await renew(steady, token, { scope: 'c' }))).toEqual([400, 'invalid_scope']);
  });
});

describe('the client', () => {
  const shown: [string, Form, Record<string, string>][] = [
    ['nobody', {}, {}],
    ['the id of a public client', { client_id: 'spa' }, {}],
    ['another client', {}, basic(reports)],
    ['another client, in the form', post(reports), {}],
  ];
  test.each(shown)('a client’s token is refused to %s', async (_who, form, headers) => {
    const { refresh_token: token } = await steady.login({}, basic(billing));
    expect(refusal(await renew(steady, token, form, headers))).toEqual([400, 'invalid_grant']);
    const answer = await steady.send('/token/refresh', { refresh_token: token, ...form }, headers);
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: 401,
      body: { detail: 'Invalid token', error: 'invalid_grant' },
    });
  });

  test.each<[string, Form, Record<string, string>]>([
    ['in the form', { client_id: billing.id }, {}],
    ['in the header', {}, basic(billing, '')],
  ])('a registered client gets nothing renewed or revoked without its secret, %s', async (_where, form, headers) => {
    for (const owner of [{}, basic(billing)]) {
      const { refresh_token: token, access_token: access } = await steady.login({}, owner);
      for (const path of ['/token', '/token/refresh', '/revoke', '/introspect']) {
        const sent = { grant_type: 'refresh_token', refresh_token: token, token, ...form };
        const { status, body } = await steady.send(path, sent, headers);
        expect({ path, status, body }).toMatchObject({ path, status: 401, body: { error: 'invalid_client' } });
      }
      expect(await isAccepted(steady, access)).toBe(true);
    }
  });

  test('a client refreshes its own tokens only', async () => {
    const { refresh_token: first } = await rotating.login({}, basic(billing));
    const { access_token: access, refresh_token: second } = tokensOf(await renew(rotating, first, {}, basic(billing)));
    expect(claimsOf(access).client_id).toBe(billing.id);
    expect(sessionOf(second).client_id).toBe(billing.id);
    expect(refusal(await renew(rotating, second))).toEqual([400, 'invalid_grant']);
    expect((await renew(rotating, second, post(billing))).status).toBe(200);
  });

  test('a token of no client may be refreshed by any client', async () => {
    const { refresh_token: token } = await steady.login();
    expect((await renew(steady, token, {}, basic(billing))).status).toBe(200);
    expect(refusal(await renew(steady, token, {}, basic(billing, 'wrong')))).toEqual([401, 'invalid_client']);
  });
});

test.each([steady, rotating].map((service, at) => [['without', 'with'][at], service] as const))(
  '%s rotation, a revoked token is refused',
  async (_how, service) => {
    const { refresh_token: token } = await service.login();
    await service.denylist.add({ kind: 'token', id: String(claimsOf(token).jti), reason: 'revoked', until: start * 2 });
    expect(refusal(await renew(service, token))).toEqual([400, 'invalid_grant']);
  },
);

test('refreshes a token of the command line, and names the session after it', async () => {
  const token = await rotating.sign({ sub: 'user-123' }, { type: 'refresh' });
  const { access_token: access, refresh_token: second } = tokensOf(await renew(rotating, token));
  expect(claimsOf(access).family).toBe(claimsOf(token).jti);
  expect(refusal(await renew(rotating, token))).toEqual([400, 'invalid_grant']);
  expect(refusal(await renew(rotating, second))).toEqual([400, 'invalid_grant']);
});
