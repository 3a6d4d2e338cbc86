/** The further claims of users and clients: in access tokens, at the log-in and fresh at every refresh. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NumberText } from '../../src/jose/number-text.js';
import {
  alice,
  basic,
  bearer,
  billing,
  claimsOf,
  sessionOf,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

const claims = { plan: 'pro', tenant: { id: 7 } };
const payloadOf = (token: string) => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');

describe.each([true, false])('the claims of a user, with rotation: %s', (rotates) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ rotatesRefreshTokens: rotates, audience: ['api'] });
  });
  beforeEach(() => {
    service.now = start;
    service.users = [{ ...alice, claims }];
  });
  const refresh = async (token: string) => {
    const { body } = await service.send('/token/refresh', { refresh_token: token });
    return body as Tokens;
  };

  test('are in the access token of a log-in, and in no refresh token', async () => {
    const { access_token, refresh_token } = await service.login();
    expect(claimsOf(access_token)).toMatchObject({ sub: 'user-123', aud: 'api', scope: 'read write', ...claims });
    for (const name of ['plan', 'tenant']) expect(sessionOf(refresh_token)).not.toHaveProperty(name);
  });

  test('are as the user has them now in each refreshed access token', async () => {
    let { refresh_token: token } = await service.login();
    for (const now of [{ plan: 'free', seats: 3 }, {}, { plan: 'team' }, undefined]) {
      service.users = [{ ...alice, claims: now }];
      const renewed = await refresh(token);
      token = renewed.refresh_token ?? token;
      const { plan, seats, tenant } = claimsOf(renewed.access_token);
      expect({ plan, seats, tenant }).toEqual({ plan: now?.plan, seats: now?.seats, tenant: undefined });
      if (rotates) expect(sessionOf(renewed.refresh_token)).not.toHaveProperty('plan');
    }
  });

  test('are also there if a lost answer is asked for again', async () => {
    const again = await startService({ rotatesRefreshTokens: rotates, rotateGrace: 10 });
    again.users = [{ ...alice, claims }];
    const { refresh_token: token } = await again.login();
    for (const plan of ['pro', 'free']) {
      again.users = [{ ...alice, claims: { plan } }];
      const { body } = await again.send('/token/refresh', { refresh_token: token });
      expect(claimsOf((body as Tokens).access_token).plan).toBe(plan);
    }
  });

  test('keep the digits of their numbers', async () => {
    service.users = [
      { ...alice, claims: { account: new NumberText('100002348117421473'), rate: new NumberText('1.0') } },
    ];
    const { access_token, refresh_token } = await service.login();
    const renewed = await refresh(refresh_token);
    for (const token of [access_token, renewed.access_token]) {
      expect(payloadOf(token)).toContain('"account":100002348117421473,"rate":1.0');
    }
  });

  test('never replace what jwtkit sets, even if a file was written by hand', async () => {
    const forged = { sub: 'admin', scope: 'all', role: ['root'], exp: 9e9, type: 'refresh', client_id: 'x', aud: 'x' };
    service.users = [{ ...alice, claims: forged as object as typeof claims }];
    const { access_token, refresh_token } = await service.login();
    for (const token of [access_token, (await refresh(refresh_token)).access_token]) {
      expect(claimsOf(token)).toMatchObject({ sub: 'user-123', scope: 'read write', role: ['user'], type: 'access' });
      expect(claimsOf(token)).not.toHaveProperty('client_id');
      expect((await service.ask('/users/me', { headers: bearer(token) })).status).toBe(200);
    }
  });
});

test("a client's claims are in its own tokens, and not in those of its users", async () => {
  const service = await startService();
  const partner = { ...billing, claims: { region: 'eu', sub: 'mallory' } };
  service.clients = [partner];
  const { body } = await service.send('/token', { grant_type: 'client_credentials' }, basic(billing));
  expect(claimsOf((body as Tokens).access_token)).toMatchObject({ sub: billing.id, region: 'eu' });
  const { access_token } = await service.login({}, basic(billing));
  expect(claimsOf(access_token)).toMatchObject({ sub: 'user-123', client_id: billing.id });
  expect(claimsOf(access_token)).not.toHaveProperty('region');
});
