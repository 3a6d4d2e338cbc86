/** Which client may have which token (RFC 6749): grants, client authentication, scopes and roles. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/token/account.js';
import type { Claims } from '../../src/token/claims.js';
import {
  alice,
  aliceForm,
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
  user,
} from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
beforeEach(() => {
  service.now = start;
  service.users = [alice];
  service.clients = [billing, reports];
});

const byClient = { grant_type: 'client_credentials' } as const;
const challenge = 'Basic realm="jwtkit", charset="UTF-8"';
const invalidClient = (detail: string) => ({
  detail,
  path: '/token',
  error: 'invalid_client',
  error_description: detail,
});

describe('the grant type', () => {
  test('accepts grant_type password', async () => {
    const { status, body } = await service.send('/token', { ...aliceForm, grant_type: 'password' });
    expect(status).toBe(200);
    expect(claimsOf((body as Tokens).access_token)).not.toHaveProperty('client_id');
  });

  test('treats an empty grant_type as absent (RFC 6749 §3.2)', async () => {
    expect((await service.send('/token', { ...aliceForm, grant_type: '' })).status).toBe(200);
  });

  test.each(['authorization_code', 'implicit', 'Password', 'urn:ietf:params:oauth:grant-type:jwt-bearer', '__proto__'])(
    '%s is not supported',
    async (grant) => {
      const { status, headers, body } = await service.send('/token', { ...aliceForm, grant_type: grant });
      expect(status).toBe(400);
      expect(body).toEqual({
        detail: 'Unsupported grant type',
        path: '/token',
        error: 'unsupported_grant_type',
        error_description: 'Unsupported grant type',
      });
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  test('client_credentials issues an access token for the client itself', async () => {
    const { status, headers, body } = await service.send('/token', byClient, basic(reports));
    expect(status).toBe(200);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 1800 });
    expect(headers.get('cache-control')).toBe('no-store');
    const { access_token: token } = body as Tokens;
    expect(claimsOf(token)).toEqual({
      iss: service.origin,
      sub: reports.id,
      client_id: reports.id,
      type: 'access',
      iat: start,
      exp: start + 1800,
      jti: expect.any(String),
    });
    expect((await service.ask('/users/me', { headers: bearer(token) })).body).toEqual({ user_id: reports.id });
  });

  test('refresh_token issues an access token with its lifetime', async () => {
    const { refresh_token: token } = await service.login();
    const { status, body } = await service.send('/token', { grant_type: 'refresh_token', refresh_token: token });
    expect({ status, body }).toEqual({
      status: 200,
      body: { access_token: expect.any(String), token_type: 'bearer', expires_in: 1800 },
    });
  });

  test('refuses refresh_token as RFC 6749 §5.2 says', async () => {
    const { access_token: token } = await service.login();
    const { status, headers, body } = await service.send('/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
    });
    const detail = 'Invalid token type: expected refresh';
    expect({ status, body }).toEqual({
      status: 400,
      body: { detail, path: '/token', error: 'invalid_grant', error_description: detail },
    });
    expect(headers.get('www-authenticate')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('a client', () => {
  const accepted: [string, (client: Client) => { form?: Form; headers?: Record<string, string> }][] = [
    ['client_secret_basic', (client) => ({ headers: basic(client) })],
    ['client_secret_post', (client) => ({ form: post(client) })],
    [
      'the header in other letters',
      (client) => ({ headers: { authorization: basic(client).authorization.replace('Basic', 'bAsIc') } }),
    ],
    ['the header, and its id in the form', (client) => ({ headers: basic(client), form: { client_id: client.id } })],
    [
      'the form, and an empty header as browsers’ tools send it',
      (client) => ({ headers: { authorization: 'Basic Og==' }, form: post(client) }),
    ],
  ];
  test.each(accepted)('is authenticated by %s', async (_how, show) => {
    const { form, headers } = show(billing);
    const { status, body } = await service.send('/token', { ...byClient, ...form }, headers);
    expect(status).toBe(200);
    expect(claimsOf((body as Tokens).access_token).client_id).toBe(billing.id);
    // A password's tokens say through which client they were had.
    const tokens = await service.login(form, headers);
    expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'user-123', client_id: billing.id });
    expect(sessionOf(tokens.refresh_token)).toMatchObject({ sub: 'user-123', client_id: billing.id });
  });

  const encoded = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const wrong: [string, { form?: Form; headers?: Record<string, string> }][] = [
    ['a wrong secret in the header', { headers: basic(billing, 'wrong') }],
    ['a wrong secret in the form', { form: post(billing, 'wrong') }],
    ['an empty secret in the header', { headers: basic(billing, '') }],
    ['an empty secret in the form', { form: post(billing, '') }],
    ['its id alone', { form: { client_id: billing.id } }],
    [
      'its id alone, and an empty header',
      { headers: { authorization: 'Basic Og==' }, form: { client_id: billing.id } },
    ],
    [
      'its id in the form and the header, with an empty secret',
      { headers: basic(billing, ''), form: { client_id: billing.id } },
    ],
    ['the secret of another client', { headers: basic(billing, 'reports: 100 % +/=&ü') }],
    ['the hash instead of the secret', { headers: basic(billing, billing.secretHash) }],
    ['an unknown client', { headers: basic({ ...billing, id: 'client-nobody' }) }],
    ['the name instead of the id', { headers: basic({ ...billing, id: 'billing' }) }],
    ['the name of a property', { headers: basic({ ...billing, id: '__proto__' }) }],
    ['no colon', { headers: encoded(billing.id) }],
    ['no base64', { headers: { authorization: 'Basic %%%' } }],
    ['broken form-encoding', { headers: encoded(`${billing.id}:%zz`) }],
    ['the name and password of a user', { headers: encoded('alice:wonderland') }],
  ];
  test.each(wrong)('is refused with %s on every route', async (_what, { form, headers }) => {
    // A refresh token is judged before its client.
    const { refresh_token } = await service.login();
    for (const grant of [byClient, aliceForm, { grant_type: 'refresh_token', refresh_token }]) {
      const answer = await service.send('/token', { ...grant, ...form }, headers);
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 401,
        body: invalidClient('Invalid client credentials'),
      });
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  const none: [string, { form?: Form; headers?: Record<string, string> }][] = [
    ['nothing', {}],
    ['a colon alone, as browsers’ tools send it', { headers: { authorization: 'Basic Og==' } }],
    ['the id of no client alone', { form: { client_id: 'spa' } }],
    ['the id of no client and an empty secret', { form: { client_id: 'spa', client_secret: '' } }],
    ['the id of a client that was removed', { form: { client_id: 'client-removed' } }],
    ['a secret alone', { form: { client_secret: 'x' } }],
    ['an empty id and an empty secret', { form: { client_id: '', client_secret: '' } }],
    ['a scheme alone', { headers: { authorization: 'Basic' } }],
    ['an id with an empty secret in the header', { headers: encoded('spa:') }],
    [
      'an id of the form and the header, with an empty secret',
      { headers: encoded('spa:'), form: { client_id: 'spa' } },
    ],
    ['a bearer token', { headers: bearer('x') }],
  ];
  test.each(none)('with %s counts as no client: 401 if one is required, ignored for a log-in', async (_what, shown) => {
    const { status, headers, body } = await service.send('/token', { ...byClient, ...shown.form }, shown.headers);
    expect({ status, body }).toEqual({ status: 401, body: invalidClient('Client authentication is required') });
    expect(headers.get('www-authenticate')).toBe(challenge);
    const tokens = await service.login(shown.form, shown.headers);
    expect(claimsOf(tokens.access_token)).not.toHaveProperty('client_id');
  });

  test.each<[string, Form]>([
    ['id and secret', post(billing)],
    ['a secret', { client_secret: 'x' }],
    ['the id of another client', { client_id: reports.id }],
  ])('is refused with credentials in the header and %s in the form', async (_what, form) => {
    for (const grant of [byClient, aliceForm]) {
      const { status, body } = await service.send('/token', { ...grant, ...form }, basic(billing));
      expect(status).toBe(400);
      expect(body).toMatchObject({ path: '/token', error: 'invalid_request' });
    }
  });

  test('is looked up at each request', async () => {
    service.clients = [];
    expect((await service.send('/token', byClient, basic(billing))).status).toBe(401);
    service.clients = [billing];
    expect((await service.send('/token', byClient, basic(billing))).status).toBe(200);
  });
});

test('a client whose id is the subject of a user gets no tokens of its own', async () => {
  const mobile = { ...billing, id: 'mobile-app' };
  service.clients = [mobile];
  const ask = () => service.send('/token', byClient, basic(mobile));
  expect((await ask()).status).toBe(200);
  service.users = [alice, user('bob', { sub: 'mobile-app' })];
  const { status, body } = await ask();
  expect([status, body]).toEqual([401, invalidClient('The id of the client is the subject of a user')]);
});

describe('grants the requested scopes that are allowed', () => {
  const granted: [string, readonly string[], string | undefined, string | undefined, string | undefined][] = [
    // allowed, asked, in the token, in the answer (RFC 6749 §5.1: where it is not what was asked for)
    ['none asked', ['read', 'write'], undefined, 'read write', 'read write'],
    ['none asked, none allowed', [], undefined, undefined, undefined],
    ['an empty one asked', ['read', 'write'], '', 'read write', 'read write'],
    ['spaces asked', ['read', 'write'], '  ', 'read write', 'read write'],
    ['all asked', ['read', 'write'], 'read write', 'read write', undefined],
    ['in another order', ['read', 'write'], 'write read', 'write read', undefined],
    ['less asked', ['read', 'write'], 'write', 'write', undefined],
    ['more asked', ['read'], 'read admin', 'read', 'read'],
    ['one asked twice', ['read'], 'read read', 'read', 'read'],
    ['more spaces than needed', ['read', 'write'], ' read  write ', 'read write', undefined],
  ];
  test.each(granted)('%s', async (_what, allowed, asked, inToken, inAnswer) => {
    service.users = [{ ...alice, scopes: allowed }];
    service.clients = [{ ...billing, scopes: allowed }];
    const scope = asked === undefined ? {} : { scope: asked };
    for (const tokens of [
      await service.login(scope),
      (await service.send('/token', { ...byClient, ...scope }, basic(billing))).body as Tokens,
    ]) {
      expect(claimsOf(tokens.access_token).scope).toBe(inToken);
      expect(tokens.scope).toBe(inAnswer);
    }
  });

  const refused: [string, readonly string[], string, string][] = [
    ['none of them is allowed', ['read'], 'admin', 'None of the scopes is allowed'],
    ['none is allowed at all', [], 'read', 'None of the scopes is allowed'],
    ['they are in other letters', ['read'], 'READ', 'None of the scopes is allowed'],
    ['they hold a quote', ['read'], 'read "', 'A scope has a character that scopes do not have'],
    ['they hold a backslash', ['read'], 'read\\', 'A scope has a character that scopes do not have'],
    ['they hold a line end', ['read'], 'read\nwrite', 'A scope has a character that scopes do not have'],
    ['they are beyond ASCII', ['read'], 'lés', 'A scope has a character that scopes do not have'],
  ];
  test.each(refused)('answers invalid_scope if %s', async (_what, allowed, scope, detail) => {
    service.users = [{ ...alice, scopes: allowed }];
    service.clients = [{ ...billing, scopes: allowed }];
    for (const answer of [
      await service.send('/token', { ...aliceForm, scope }),
      await service.send('/token', { ...byClient, scope }, basic(billing)),
    ]) {
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 400,
        body: { detail, path: '/token', error: 'invalid_scope', error_description: detail },
      });
    }
  });
});

describe('puts the roles of the user into the token', () => {
  test.each<[readonly string[], unknown]>([
    [[], undefined],
    [['user'], ['user']],
    [
      ['user', 'admin'],
      ['user', 'admin'],
    ],
  ])('%j', async (roles, role) => {
    service.users = [{ ...alice, roles }];
    expect(claimsOf((await service.login()).access_token).role).toEqual(role);
  });

  test('ignores roles in the form', async () => {
    expect(claimsOf((await service.login({ role: 'admin', roles: 'admin' })).access_token).role).toEqual(['user']);
  });
});

describe('failed log-ins', () => {
  const fail = (username = 'alice') => service.send('/token', { username, password: 'wrong' });

  test('block a user after too many, even with the right password', async () => {
    service = await startService();
    for (let round = 0; round < 10; round++) expect((await fail()).status).toBe(401);
    service.passwordChecks.length = 0;
    for (const answer of [await fail(), await service.send('/token', aliceForm)]) {
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 429,
        body: {
          detail: 'Too many failed log-ins',
          path: '/token',
          error: 'temporarily_unavailable',
          error_description: 'Too many failed log-ins',
        },
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(900);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(service.passwordChecks).toEqual([]);
    service.users = [alice, user('bob')];
    expect((await service.send('/token', { username: 'bob', password: 'BOB' })).status).toBe(200);
  });

  test('of an unknown name count like those of a user', async () => {
    service = await startService();
    for (let round = 0; round < 10; round++) expect((await fail('nobody')).status).toBe(401);
    expect((await fail('nobody')).status).toBe(429);
  });

  test('do not count any more after a successful log-in', async () => {
    service = await startService();
    for (let round = 0; round < 3; round++) {
      for (let attempt = 0; attempt < 9; attempt++) expect((await fail()).status).toBe(401);
      expect((await service.send('/token', aliceForm)).status).toBe(200);
    }
  });

  test('do not block refreshing, nor clients', async () => {
    service = await startService();
    const { refresh_token: token } = await service.login();
    for (let round = 0; round < 11; round++) await fail();
    expect((await service.send('/token/refresh', { refresh_token: token })).status).toBe(200);
    expect((await service.send('/token', byClient, basic(billing))).status).toBe(200);
  });
});

describe('the address that counts failed log-ins', () => {
  const attempts: string[] = [];
  const logins = {
    attempt: async (address: string) => attempts.push(address) > 0,
  };
  test.each<[string, number | string[] | undefined, string, string]>([
    ['nobody is believed', undefined, '1.2.3.4', '127.0.0.1'],
    ['one hop is', 1, '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['two hops are', 2, '6.6.6.6, 1.2.3.4, 10.0.0.1', '1.2.3.4'],
    ['no hop is', 0, '1.2.3.4', '127.0.0.1'],
    ['loopback is', ['loopback'], '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['networks are', ['127.0.0.0/8', '10.0.0.0/8'], '6.6.6.6, 1.2.3.4, 10.0.0.1', '1.2.3.4'],
    ['another proxy is', ['10.0.0.1'], '1.2.3.4', '127.0.0.1'],
    ['an address with a port', 1, '203.0.113.5:4711', '203.0.113.5'],
    ['addresses with ports', ['127.0.0.0/8', '10.0.0.0/8'], '6.6.6.6, 1.2.3.4:5, 10.0.0.1:443', '1.2.3.4'],
    ['a bracketed address with a port', 1, '[2001:db8::1]:443', '2001:db8::1'],
    ['a bracketed address', 2, '6.6.6.6,  [2001:db8::1] ,10.0.0.1:1', '2001:db8::1'],
    ['no address', 1, 'unknown', '127.0.0.1'],
    ['no address, with a port', 1, 'example:80', '127.0.0.1'],
    ['an address of five parts', 1, '1.2.3.4.5:80', '127.0.0.1'],
    ['a port without an end', 1, '[2001:db8::1', '127.0.0.1'],
  ])('with %s: trusting %j, "%s" counts as %s', async (_what, trustedProxies, forwarded, address) => {
    const behind = await startService({ trustedProxies }, { logins });
    await behind.send('/token', aliceForm, { 'x-forwarded-for': forwarded });
    expect(attempts.pop()).toBe(address);
    expect(behind.logs().find(({ msg }) => msg === 'request')).toMatchObject({ ip: address });
  });
});

describe('the options of the service', () => {
  test('put issuer, audiences and lifetimes into the tokens', async () => {
    const told = await startService({
      issuer: () => 'https://auth.example/tenant',
      requiresIssuer: true,
      audience: ['api', 'web'],
      accessTtl: 60,
      refreshTtl: 120,
    });
    const tokens = await told.login();
    expect(tokens.expires_in).toBe(60);
    const shared = { iss: 'https://auth.example/tenant', aud: ['api', 'web'] };
    expect(claimsOf(tokens.access_token)).toMatchObject({ ...shared, exp: start + 60 });
    expect(sessionOf(tokens.refresh_token)).toMatchObject({ ...shared, exp: start + 120 });
    const { access_token: access } = (await told.send('/token/refresh', { refresh_token: tokens.refresh_token }))
      .body as Tokens;
    expect(claimsOf(access)).toMatchObject({ ...shared, exp: start + 60 });
    const one = await told.send('/token', byClient, basic(billing));
    expect((one.body as Tokens).expires_in).toBe(60);
  });

  test('put a single audience into the token as a string', async () => {
    const told = await startService({ audience: ['api'] });
    expect(claimsOf((await told.login()).access_token).aud).toBe('api');
  });

  const foreign: [string, object][] = [
    ['of another issuer', { iss: 'https://other.example', aud: 'api' }],
    ['of no issuer', { aud: 'api' }],
    ['for another audience', { iss: 'https://auth.example', aud: 'web' }],
    ['for no audience', { iss: 'https://auth.example' }],
  ];
  test.each(foreign)('refuse tokens %s on every route', async (_what, claims) => {
    const told = await startService({
      issuer: () => 'https://auth.example',
      requiresIssuer: true,
      audience: ['api'],
    });
    const access = await told.sign({ sub: 'user-123', ...claims });
    const refresh = await told.sign({ sub: 'user-123', ...claims }, { type: 'refresh' });
    for (const path of ['/users/me', '/auth']) {
      const { status, body } = await told.ask(path, { headers: bearer(access) });
      expect({ status, body }).toMatchObject({ status: 401, body: { detail: 'Invalid token' } });
    }
    expect((await told.send('/token/refresh', { refresh_token: refresh })).status).toBe(401);
    for (const token of [access, refresh]) {
      expect((await told.send('/introspect', { token }, basic(billing))).body).toEqual({ active: false });
    }
  });

  test.each<[string, object, Claims['aud'], boolean]>([
    ['without an audience, a token for nobody', {}, undefined, true],
    ['without an audience, a token for somebody', {}, 'api', false],
    ['without an audience, a token for an empty list', {}, [], false],
    ['with an audience, a token for it among others', { audience: ['api'] }, ['web', 'api'], true],
    ['with an audience, a token for nobody', { audience: ['api'] }, undefined, false],
    ['with any audience, a token for somebody', { anyAudience: true }, 'api', true],
    ['with any audience, a token for nobody', { anyAudience: true }, undefined, true],
  ])('%s: every route judges the token alike, and it can be revoked', async (_what, options, aud, isGood) => {
    const told = await startService(options);
    const claims: Claims = { sub: 'user-123', ...(aud === undefined ? {} : { aud }) };
    const [access, other] = await Promise.all([told.sign(claims), told.sign(claims)]);
    const refresh = await told.sign(claims, { type: 'refresh' });
    for (const path of ['/users/me', '/auth']) {
      const { status } = await told.ask(path, { headers: bearer(access) });
      expect([path, status]).toEqual([path, isGood ? 200 : 401]);
    }
    expect((await told.send('/token/refresh', { refresh_token: refresh })).status).toBe(isGood ? 200 : 401);
    for (const token of [access, refresh]) {
      const { body } = await told.send('/introspect', { token }, basic(billing));
      expect(body).toMatchObject({ active: isGood });
    }
    told.logs();
    expect((await told.send('/revoke', { token: other }, basic(billing))).status).toBe(200);
    expect(told.logs()).toContainEqual(expect.objectContaining({ audit: 'revoke', jti: claimsOf(other).jti }));
  });

  test('accept tokens of an earlier address if no issuer is named', async () => {
    const token = await service.sign({ sub: 'user-123', iss: 'http://127.0.0.1:1' });
    expect((await service.ask('/users/me', { headers: bearer(token) })).status).toBe(200);
  });

  test('apply the leeway', async () => {
    const told = await startService({ leeway: 30 });
    const { access_token: token } = await told.login();
    told.now = start + 1829;
    expect((await told.ask('/users/me', { headers: bearer(token) })).status).toBe(200);
    told.now = start + 1830;
    expect((await told.ask('/users/me', { headers: bearer(token) })).status).toBe(401);
  });
});
