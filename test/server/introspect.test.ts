/** `POST /introspect` (RFC 7662) and `POST /revoke` (RFC 7009). */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signJws } from '../../src/jose/jws.js';
import { hashClientSecret } from '../../src/token/account.js';
import {
  alice,
  basic,
  bearer,
  billing,
  claimsOf,
  type Form,
  forged,
  keyPair,
  post,
  reports,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService({ audience: ['api'] });
});
beforeEach(() => {
  Object.assign(service, { now: start, users: [alice], clients: [billing, reports] });
});

const introspect = (token: string, form: Form = {}) => service.send('/introspect', { token, ...form }, basic(reports));
const revoke = (token: string, form: Form = {}) => service.send('/revoke', { token, ...form }, basic(billing));
const isActive = async (token: string) => {
  const { body } = await introspect(token, { token_type_hint: 'refresh_token' });
  return (body as { active: boolean }).active;
};

/** Secrets of one's own that are other ones once they are decoded as a form. */
const ownSecrets = [
  'a+b+c+d+e+f+g+h+0123456789',
  'plus%2Bpercent%25-0123456789',
  'not%zzencoded%-0123456789',
  'plain-0123456789-abcdefgh',
];

describe.each(ownSecrets)('a client with the secret %s', (secret) => {
  const client = { ...billing, secretHash: hashClientSecret(secret) };
  const raw = (text: string) => ({
    authorization: `Basic ${Buffer.from(`${client.id}:${text}`).toString('base64')}`,
  });

  test('may send it as it is or form-encoded, and no other one', async () => {
    service.clients = [client];
    const status = async (headers: Record<string, string>, form: Form = {}) =>
      (await service.send('/introspect', { token: 'x', ...form }, headers)).status;
    expect(await status(raw(secret))).toBe(200);
    expect(await status(raw(secret), { client_id: client.id })).toBe(200);
    expect(await status(basic(client, secret))).toBe(200);
    expect(await status({}, post(client, secret))).toBe(200);
    for (const wrong of [`${secret}x`, encodeURIComponent(encodeURIComponent(`${secret}%`)), '', '%']) {
      expect([wrong, await status(raw(wrong))]).toEqual([wrong, 401]);
    }
    expect(await status(raw(secret), { client_id: 'another' })).toBe(400);
  });
});

describe.each(['/introspect', '/revoke'])('POST %s', (path) => {
  test.each<[string, Form, Record<string, string>, string]>([
    ['a wrong secret', {}, basic(billing, 'wrong'), 'Invalid client credentials'],
    ['a wrong secret in the form', post(billing, 'wrong'), {}, 'Invalid client credentials'],
    ['an unknown client', {}, basic({ ...billing, id: 'client-nobody' }), 'Invalid client credentials'],
  ])('refuses %s for any token', async (_who, form, headers, detail) => {
    const { access_token: token } = await service.login();
    for (const fields of [{ token }, { token: 'x' }, {}]) {
      const answer = await service.send(path, { ...fields, ...form }, headers);
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 401,
        body: { detail, path, error: 'invalid_client', error_description: detail },
      });
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="jwtkit", charset="UTF-8"');
    }
    expect(await isActive(token)).toBe(true);
  });

  test.each<[string, Form]>([
    ['no token', {}],
    ['an empty token', { token: '' }],
    ['a token twice', { token: ['a', 'b'] }],
  ])('a form with %s is answered 422', async (_what, form) => {
    const { status, body } = await service.send(path, form, basic(billing));
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: [{ loc: ['body', 'token'] }], path, error: 'invalid_request' });
  });

  test('accepts credentials in the form, and forbids caching', async () => {
    const { status, headers } = await service.send(path, { token: 'x', ...post(billing) });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

/** Requests without client credentials. */
const anonymous: [string, Form, Record<string, string>][] = [
  ['nobody', {}, {}],
  ['an empty header', {}, { authorization: 'Basic Og==' }],
  ['the id of a public client', { client_id: 'spa' }, {}],
  ['an access token instead of credentials', {}, bearer('x')],
];

describe.each(anonymous)('%s', (_who, form, headers) => {
  const refusal = (path: string) => {
    const detail = 'Client authentication is required';
    return { status: 401, body: { detail, path, error: 'invalid_client', error_description: detail } };
  };

  test('is refused by /introspect for any token', async () => {
    const { access_token: token } = await service.login();
    for (const fields of [{ token }, { token: 'x' }, {}]) {
      const { status, body } = await service.send('/introspect', { ...fields, ...form }, headers);
      expect({ status, body }).toEqual(refusal('/introspect'));
    }
  });

  test('may revoke an access token that was issued to no client, and ends that token only', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login();
    const { status, body } = await service.send('/revoke', { token: access, ...form }, headers);
    expect({ status, body }).toEqual({ status: 200, body: {} });
    expect(await isActive(access)).toBe(false);
    expect(await isActive(refresh)).toBe(true);
  });

  test('may revoke a refresh token that was issued to no client, and ends its session', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login();
    service.logs();
    expect((await service.send('/revoke', { token: refresh, ...form }, headers)).status).toBe(200);
    for (const token of [access, refresh]) expect(await isActive(token)).toBe(false);
    const [line] = service.logs().filter(({ audit }) => audit === 'revoke');
    expect(line).toMatchObject({ jti: claimsOf(refresh).jti, family: claimsOf(refresh).family });
    expect(line).not.toHaveProperty('client_id');
  });

  test('may not revoke a token that was issued to a client', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login({}, basic(billing));
    for (const token of [access, refresh]) {
      const { status, headers: told, body } = await service.send('/revoke', { token, ...form }, headers);
      expect({ status, body }).toEqual(refusal('/revoke'));
      expect(told.get('www-authenticate')).toBe('Basic realm="jwtkit", charset="UTF-8"');
      expect(await isActive(token)).toBe(true);
    }
  });

  test('gets 200 from /revoke for an unknown or forged token, which ends nothing', async () => {
    const { access_token: token } = await service.login({}, basic(billing));
    for (const unknown of ['nonsense', await foreign(), forged(token, { client_id: undefined })]) {
      const { status, body } = await service.send('/revoke', { token: unknown, ...form }, headers);
      expect({ status, body }).toEqual({ status: 200, body: {} });
    }
    expect(await isActive(token)).toBe(true);
  });
});

describe('introspection', () => {
  test('shows the claims of an access token', async () => {
    const { access_token: token } = await service.login({}, basic(billing));
    const { status, body } = await introspect(token);
    const { family: _, ...told } = claimsOf(token);
    expect({ status, body }).toEqual({ status: 200, body: { active: true, token_type: 'Bearer', ...told } });
    expect(body).toMatchObject({ sub: 'user-123', client_id: billing.id, aud: 'api', scope: 'read write' });
  });

  test('shows the type of a refresh token', async () => {
    const { refresh_token: token } = await service.login();
    const { body } = await introspect(token, { token_type_hint: 'access_token' });
    expect(body).toMatchObject({ active: true, type: 'refresh', exp: start + 604_800 });
    expect(body).not.toHaveProperty('token_type');
  });

  test('/introspect shows no other claims', async () => {
    const token = await service.sign({ sub: 'u', aud: 'api', email: 'u@example.com' });
    expect((await introspect(token)).body).not.toHaveProperty('email');
  });

  const inactive: [string, () => Promise<string> | string][] = [
    ['nonsense', () => 'nonsense'],
    ['a very long text', () => 'a'.repeat(60_000)],
    ['what another key signed', () => foreign()],
    ['a forged token', async () => forged((await service.login()).access_token, { sub: 'admin' })],
    ['an expired token', () => service.sign({ sub: 'u', aud: 'api', iat: start - 100, exp: start })],
    ['one that begins tomorrow', () => service.sign({ sub: 'u', aud: 'api', nbf: start + 86_400 })],
    ['one that never ends', () => service.sign({ sub: 'u', aud: 'api' }, { ttl: null })],
    ['one for others', () => service.sign({ sub: 'u', aud: 'web' })],
    [
      'a revoked token',
      async () => {
        const { access_token: token } = await service.login();
        await revoke(token);
        return token;
      },
    ],
  ];
  test.each(inactive)('shows only that %s is inactive', async (_what, make) => {
    const { status, headers, text } = await introspect(await make());
    expect({ status, text }).toEqual({ status: 200, text: '{"active":false}' });
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

test.each<[string, (service: TestService) => void]>([
  ['its user', (each) => Object.assign(each, { users: [] })],
  ['the file of users', (each) => Object.assign(each, { users: [], keepsUsers: false })],
  ['its client', (each) => Object.assign(each, { clients: [reports] })],
  ['the time of its session', (each) => Object.assign(each, { now: start + 3600 })],
])('a refresh token that lost %s is as inactive as the token endpoint says', async (_what, lose) => {
  const limited = await startService({ audience: ['api'], sessionMax: 3600 });
  Object.assign(limited, { users: [alice], clients: [billing, reports] });
  const { refresh_token } = await limited.login({}, basic(billing));
  const answers = async () => {
    const refreshed = await limited.send('/token/refresh', { refresh_token }, basic(billing));
    const introspected = await limited.send('/introspect', { token: refresh_token }, basic(reports));
    return [refreshed.status === 200, (introspected.body as { active: boolean }).active];
  };
  expect(await answers()).toEqual([true, true]);
  lose(limited);
  expect(await answers()).toEqual([false, false]);
});

test('an access token that a user got through a client outlives the client, its refresh token does not', async () => {
  const lost = await startService();
  Object.assign(lost, { users: [alice], clients: [billing] });
  const { access_token, refresh_token } = await lost.login({}, basic(billing));
  Object.assign(lost, { clients: [reports] });
  expect((await lost.ask('/auth', { headers: bearer(access_token) })).status).toBe(200);
  expect((await lost.send('/token/refresh', { refresh_token }, basic(billing))).status).toBe(401);
  expect((await lost.send('/token/refresh', { refresh_token })).status).toBe(401);
});

describe('revocation', () => {
  test('revoking an access token ends that token only', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login();
    const { status, body } = await revoke(access);
    expect({ status, body }).toEqual({ status: 200, body: {} });
    const { status: refused, body: detail } = await service.ask('/users/me', { headers: bearer(access) });
    expect({ refused, detail }).toEqual({ refused: 401, detail: { detail: 'Invalid token', path: '/users/me' } });
    expect((await service.ask('/auth', { headers: bearer(access) })).status).toBe(401);
    expect(await isActive(refresh)).toBe(true);
    expect((await service.send('/token/refresh', { refresh_token: refresh })).status).toBe(200);
  });

  test.each(['refresh_token', 'access_token', 'nonsense', undefined])(
    'revoking a refresh token ends its session, with the hint %s',
    async (hint) => {
      const { access_token: access, refresh_token: refresh } = await service.login();
      const later = (await service.send('/token/refresh', { refresh_token: refresh })).body as Tokens;
      expect((await revoke(refresh, { token_type_hint: hint })).status).toBe(200);
      for (const token of [access, refresh, later.access_token]) expect(await isActive(token)).toBe(false);
      expect((await service.send('/token/refresh', { refresh_token: refresh })).status).toBe(401);
    },
  );

  test('revoking a revoked token is no error', async () => {
    const { access_token: token } = await service.login();
    for (let round = 0; round < 2; round++) expect((await revoke(token)).status).toBe(200);
  });

  const unknown: [string, () => Promise<string> | string][] = [
    ['nonsense', () => 'nonsense'],
    ['what another key signed', () => foreign()],
    ['an expired token', () => service.sign({ sub: 'u', exp: start - 7200, iat: start - 9000 })],
  ];
  test.each(unknown)('revoking %s succeeds (RFC 7009 §2.2), and records nothing', async (_what, make) => {
    const before = await entries();
    const { status, body } = await revoke(await make());
    expect({ status, body }).toEqual({ status: 200, body: {} });
    expect(await entries()).toBe(before);
  });

  test('revoking a forged token does not end the genuine one', async () => {
    const { access_token: token } = await service.login();
    expect((await revoke(forged(token, { sub: 'admin' }))).status).toBe(200);
    expect(await isActive(token)).toBe(true);
  });

  test('revoking another client’s token is refused', async () => {
    for (const token of Object.values(await service.login({}, basic(reports)))) {
      if (!String(token).startsWith('ey')) continue;
      const { status, body } = await revoke(String(token));
      const detail = 'The token was issued to another client';
      expect({ status, body }).toEqual({
        status: 400,
        body: { detail, path: '/revoke', error: 'unauthorized_client', error_description: detail },
      });
      expect(await isActive(String(token))).toBe(true);
      expect((await service.send('/revoke', { token: String(token) }, basic(reports))).status).toBe(200);
      expect(await isActive(String(token))).toBe(false);
    }
  });
});

async function entries(): Promise<number> {
  let count = 0;
  for await (const _ of service.denylist.list()) count++;
  return count;
}

async function foreign(): Promise<string> {
  return (await startService({}, { keys: await keyPair() })).sign({ sub: 'user-123', aud: 'api' });
}

describe('a token that another program signed with the service’s key', () => {
  const moment = { iat: start, exp: start + 60, aud: 'api' };

  test.each<[string, object]>([
    ['has another type', { sub: 'user-123', type: 'password_reset' }],
    ['has a type that is no text', { sub: 'user-123', type: ['access'] }],
    ['names nobody', { type: 'access' }],
  ])('is inactive if it %s', async (_what, claims) => {
    expect(await isActive(await service.signText(JSON.stringify({ ...moment, ...claims })))).toBe(false);
  });

  test('shows its numbers exactly as they were signed', async () => {
    const members = `"sub":"user-123","client_id":100002348117421473,"type":"access","exp":${start + 60}.0,"iat":${start}`;
    const { text } = await introspect(await service.signText(`{"aud":"api","n":1.0,${members}}`));
    expect(text).toContain('"client_id":100002348117421473,"type":"access"');
    expect(text).toContain(`"exp":${start + 60}.0,"iat":${start}}`);
  });

  test('/revoke answers 400 unsupported_token_type to a token without jti', async () => {
    const claims = { ...moment, sub: 'user-123', type: 'access' };
    const token = await signJws(JSON.stringify(claims), await service.keys.signingKey(start));
    expect(await isActive(token)).toBe(true);
    const { status, body } = await revoke(token);
    expect({ status, body }).toMatchObject({ status: 400, body: { error: 'unsupported_token_type' } });
  });
});
