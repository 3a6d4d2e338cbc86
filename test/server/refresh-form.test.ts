/** Refresh tokens of the service: where they are good, and what other routes say of them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeToken } from '../../src/token/decode.js';
import { basic, bearer, billing, claimsOf, keyPair, reports, startService, type TestService } from './test-service.js';

const iss = 'https://auth.example/idp';
const named = { issuer: () => iss, requiresIssuer: true };
let service: TestService;
beforeAll(async () => {
  service = await startService({ ...named, audience: ['api'] });
});

const renew = (token: string, of = service, headers = {}) =>
  of.send('/token', { grant_type: 'refresh_token', refresh_token: token }, headers);
const introspect = (token: string) => service.send('/introspect', { token }, basic(reports));

describe('a refresh token of a service with a public key', () => {
  test('is for the token endpoint of the metadata, and holds the session in one claim', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login({ scope: 'read' }, basic(billing));
    const { body } = await service.ask('/.well-known/oauth-authorization-server/idp');
    const { header, claims } = decodeToken(refresh);
    expect(header.typ).toBe('refresh+jwt');
    expect(decodeToken(access).header.typ).toBe('JWT');
    expect(claims.aud).toBe((body as { token_endpoint: string }).token_endpoint);
    expect(claims).toEqual({
      iss,
      sub: 'user-123',
      aud: `${iss}/token`,
      type: 'refresh',
      session: { aud: 'api', scope: 'read', role: ['user'], client_id: billing.id },
      iat: service.now,
      exp: service.now + 604_800,
      jti: expect.any(String),
      family: claimsOf(access).family,
    });
  });

  test('is active at /introspect, with its session in one claim and for its own endpoint', async () => {
    const { refresh_token: token } = await service.login();
    const { family: _, ...shown } = claimsOf(token);
    expect((await introspect(token)).body).toEqual({ active: true, ...shown });
  });

  test('is refused as an access token by /users/me and /auth', async () => {
    const { refresh_token: token } = await service.login();
    for (const path of ['/users/me', '/auth']) {
      expect((await service.ask(path, { headers: bearer(token) })).status).toBe(401);
    }
  });

  test('that belongs to a client is revoked by this client alone, and ends the session', async () => {
    const { access_token: access, refresh_token: token } = await service.login({}, basic(billing));
    expect((await service.send('/revoke', { token }, basic(reports))).status).toBe(400);
    expect((await service.send('/revoke', { token }, basic(billing))).status).toBe(200);
    expect((await introspect(access)).body).toEqual({ active: false });
  });

  test('is taken at the endpoint and from jwtkit issue, and is refused for another place', async () => {
    const held = { aud: 'api', scope: 'read' };
    const of = (aud: string) => service.sign({ iss, sub: 'user-123', aud, session: held }, { type: 'refresh' });
    for (const [aud, status] of [
      [`${iss}/token`, 200],
      [iss, 200],
      ['https://auth.example/token', 400],
      ['api', 400],
    ] as const) {
      expect([aud, (await renew(await of(aud))).status]).toEqual([aud, status]);
      expect((await introspect(await of(aud))).body).toMatchObject({ active: status === 200 });
    }
  });

  test('is refused if its access tokens would be for another audience', async () => {
    const token = await service.sign({ iss, sub: 'user-123', aud: 'web' }, { type: 'refresh' });
    expect((await renew(token)).status).toBe(400);
    expect((await introspect(token)).body).toEqual({ active: false });
  });

  test('of the form before is taken until it ends', async () => {
    const claims = { iss, sub: 'user-123', aud: 'api', scope: 'read' };
    const token = await service.sign(claims, { type: 'refresh', typ: 'JWT' });
    expect((await introspect(token)).body).toMatchObject({ active: true, type: 'refresh', scope: 'read' });
    const answer = await renew(token);
    expect(claimsOf((answer.body as { access_token: string }).access_token)).toMatchObject(claims);
  });

  test('is good after a restart on another port if no issuer is named', async () => {
    const keys = await keyPair();
    const [before, after] = await Promise.all([startService({}, { keys }), startService({}, { keys })]);
    const { refresh_token: token } = await before.login();
    expect((await renew(token, after)).status).toBe(200);
  });
});

test('--typ sets the typ of every access token, and of no refresh token', async () => {
  for (const alg of ['ES256', 'HS256'] as const) {
    const typed = await startService(
      { ...named, typ: 'at+jwt', rotatesRefreshTokens: true },
      { keys: await keyPair(alg) },
    );
    const first = await typed.login();
    const next = (await renew(first.refresh_token, typed)).body as typeof first;
    const form = { grant_type: 'client_credentials' };
    const own = (await typed.send('/token', form, basic(billing))).body as typeof first;
    for (const { access_token: token } of [first, next, own]) expect(decodeToken(token).header.typ).toBe('at+jwt');
    const typ = alg === 'HS256' ? 'JWT' : 'refresh+jwt';
    for (const { refresh_token: token } of [first, next]) expect(decodeToken(token).header.typ).toBe(typ);
    expect((await typed.ask('/auth', { headers: bearer(first.access_token) })).status).toBe(200);
  }
});
