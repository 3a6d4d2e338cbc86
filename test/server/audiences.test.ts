/** The audiences of a client's tokens, and `resource` (RFC 8707), which picks from them. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  alice,
  aliceForm,
  basic,
  bearer,
  billing,
  claimsOf,
  type Form,
  keyPair,
  reports,
  sessionOf,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

const byClient = { grant_type: 'client_credentials' } as const;
const partner = { ...billing, audiences: ['https://billing.example', 'https://reports.example', 'api'] };

let service: TestService;
beforeAll(async () => {
  service = await startService({ audience: ['api', 'web'], rotatesRefreshTokens: true });
});
beforeEach(() => {
  service.now = start;
  service.users = [alice];
  service.clients = [partner, reports];
});

const audOf = (body: unknown) => claimsOf((body as Tokens).access_token).aud;
const refusal = { error: 'invalid_target', detail: 'The resource is not allowed' };
/** A refresh token of alice, who logged in by the partner's client. */
const partnerSession = async (form: Form = {}) => (await service.login(form, basic(billing))).refresh_token;

describe('a client with a list', () => {
  test('gets tokens for its own audiences, and a user who logs in by it too', async () => {
    const { body } = await service.send('/token', byClient, basic(billing));
    expect(audOf(body)).toEqual(partner.audiences);
    const login = await service.login({}, basic(billing));
    expect(audOf(login)).toEqual(partner.audiences);
    expect(sessionOf(login.refresh_token).aud).toEqual(partner.audiences);
  });

  test.each<[string, string | string[], unknown]>([
    ['one', 'https://reports.example', 'https://reports.example'],
    ['several', ['api', 'https://billing.example'], ['api', 'https://billing.example']],
    ['one twice', ['api', 'api'], 'api'],
    ['an empty one, which counts as absent', '', partner.audiences],
  ])('`resource` picks from it: %s', async (_name, resource, aud) => {
    const { status, body } = await service.send('/token', { ...byClient, resource }, basic(billing));
    expect([status, audOf(body)]).toEqual([200, aud]);
  });

  test.each(['web', 'https://reports.example/', 'https://REPORTS.example', ['api', 'other'], '__proto__'])(
    'gets no token for what is not in it: %s',
    async (resource) => {
      const login = await service.send('/token', { ...aliceForm, resource }, basic(billing));
      expect([login.status, login.body]).toEqual([400, expect.objectContaining({ ...refusal, path: '/token' })]);
      const { status, body } = await service.send('/token', { ...byClient, resource }, basic(billing));
      expect([status, body]).toEqual([400, expect.objectContaining(refusal)]);
    },
  );

  test('renews its sessions, and `resource` narrows the access token alone', async () => {
    const first = await partnerSession();
    const narrowed = await service.send(
      '/token',
      { grant_type: 'refresh_token', refresh_token: first, resource: 'https://billing.example' },
      basic(billing),
    );
    expect([narrowed.status, audOf(narrowed.body)]).toEqual([200, 'https://billing.example']);
    const next = (narrowed.body as Tokens).refresh_token;
    expect(sessionOf(next).aud).toEqual(partner.audiences);
    const wider = await service.send('/token/refresh', { refresh_token: next, resource: 'web' }, basic(billing));
    expect([wider.status, wider.body]).toEqual([400, expect.objectContaining(refusal)]);
    // The refused request did not use the token up.
    const last = await service.send('/token/refresh', { refresh_token: next }, basic(billing));
    expect([last.status, audOf(last.body)]).toEqual([200, partner.audiences]);
  });

  test('a session of fewer audiences gets no more of them', async () => {
    const token = await partnerSession({ resource: 'https://billing.example' });
    const more = await service.send('/token/refresh', { refresh_token: token, resource: 'api' }, basic(billing));
    expect([more.status, more.body]).toEqual([400, expect.objectContaining(refusal)]);
    const same = await service.send('/token/refresh', { refresh_token: token }, basic(billing));
    expect(audOf(same.body)).toBe('https://billing.example');
  });

  test('what is taken from the list is gone with the next refresh; with nothing left the session is over', async () => {
    const token = await partnerSession();
    service.clients = [{ ...partner, audiences: ['api', 'new'] }];
    const { body } = await service.send('/token/refresh', { refresh_token: token }, basic(billing));
    expect(audOf(body)).toBe('api');
    const next = (body as Tokens).refresh_token;
    expect(sessionOf(next).aud).toBe('api');
    service.clients = [{ ...partner, audiences: ['new'] }];
    const { status } = await service.send('/token/refresh', { refresh_token: next }, basic(billing));
    expect(status).toBe(401);
  });

  test('only tokens for the service pass its own routes; each is active for introspection', async () => {
    for (const [resource, status] of [
      ['https://billing.example', 401],
      ['api', 200],
    ] as const) {
      const { access_token: token } = await service.login({ resource }, basic(billing));
      for (const path of ['/users/me', '/auth']) {
        expect((await service.ask(path, { headers: bearer(token) })).status).toBe(status);
      }
      const { body } = await service.send('/introspect', { token }, basic(reports));
      expect(body).toMatchObject({ active: true, aud: resource, client_id: billing.id });
    }
  });

  test('a token for other audiences by the same key is not active', async () => {
    for (const claims of [
      { sub: 'user-123', aud: 'https://billing.example' },
      { sub: 'user-123', aud: 'https://billing.example', client_id: reports.id },
      { sub: 'user-123', aud: 'elsewhere', client_id: billing.id },
      { sub: 'user-123', client_id: billing.id },
    ]) {
      const { body } = await service.send('/introspect', { token: await service.sign(claims) }, basic(reports));
      expect(body).toEqual({ active: false });
    }
  });
});

describe('without a list of its own', () => {
  test('`resource` picks from the audiences of the service, also for users without a client', async () => {
    expect(audOf(await service.login())).toEqual(['api', 'web']);
    expect(audOf(await service.login({ resource: 'web' }))).toBe('web');
    const { body } = await service.send('/token', { ...byClient, resource: 'api' }, basic(reports));
    expect(audOf(body)).toBe('api');
    const refused = await service.send('/token', { ...aliceForm, resource: 'https://billing.example' });
    expect([refused.status, refused.body]).toEqual([400, expect.objectContaining(refusal)]);
  });

  test('a wrong password is answered before a wrong resource', async () => {
    const { status } = await service.send('/token', { ...aliceForm, password: 'wrong', resource: 'no' });
    expect(status).toBe(401);
  });
});

describe('a service without audiences', () => {
  let bare: TestService;
  beforeAll(async () => {
    bare = await startService({ rotatesRefreshTokens: true });
    bare.clients = [partner, reports];
  });

  test('has no resource to pick', async () => {
    const { status, body } = await bare.send('/token', { ...aliceForm, resource: 'api' });
    expect([status, body]).toEqual([400, expect.objectContaining(refusal)]);
  });

  test('renews the sessions of a client with a list, and of those without', async () => {
    const { refresh_token: own } = await bare.login({}, basic(billing));
    expect(audOf((await bare.send('/token/refresh', { refresh_token: own }, basic(billing))).body)).toEqual(
      partner.audiences,
    );
    const { refresh_token: other } = await bare.login({}, basic(reports));
    expect(audOf((await bare.send('/token/refresh', { refresh_token: other }, basic(reports))).body)).toBeUndefined();
  });

  test('renews no session that is for nobody, once its client has a list', async () => {
    bare.clients = [billing];
    const { refresh_token: token } = await bare.login({}, basic(billing));
    bare.clients = [partner, reports];
    expect((await bare.send('/token/refresh', { refresh_token: token }, basic(billing))).status).toBe(401);
  });
});

describe.each(['ES256', 'HS256'] as const)('an audience that was taken away, with %s', (alg) => {
  /** A service, and the same after a restart with other audiences. */
  const restarted = async (audience: string[] | undefined, then: object) => {
    const keys = await keyPair(alg);
    const before = await startService({ rotatesRefreshTokens: true, audience }, { keys });
    const after = await startService({ rotatesRefreshTokens: true, ...then }, { keys });
    for (const each of [before, after]) each.clients = [partner, reports];
    return { before, after };
  };
  const renew = async (of: TestService, token: string, form: Form = {}, headers = {}) => {
    const { status, body } = await of.send('/token/refresh', { refresh_token: token, ...form }, headers);
    return { status, body, tokens: body as Tokens };
  };

  test.each<[string, Record<string, string>]>([
    ['a user', {}],
    ['a client without a list', basic(reports)],
  ])('from the service is gone from the sessions of %s, and does not come back', async (_whose, headers) => {
    const { before, after } = await restarted(['api', 'extra'], { audience: ['api'] });
    const { refresh_token: first } = await before.login({}, headers);
    const asked = await renew(after, first, { resource: 'extra' }, headers);
    expect([asked.status, asked.body]).toEqual([400, expect.objectContaining(refusal)]);
    const second = await renew(after, first, {}, headers);
    expect([second.status, audOf(second.body), sessionOf(second.tokens.refresh_token).aud]).toEqual([
      200,
      'api',
      'api',
    ]);
    const third = await renew(before, second.tokens.refresh_token, {}, headers);
    expect([third.status, audOf(third.body)]).toEqual([200, 'api']);
  });

  test('from the service is gone from a user’s session that a client with a list renews', async () => {
    const { before, after } = await restarted(['api', 'https://billing.example'], { audience: ['api'] });
    const { refresh_token: token } = await before.login();
    expect(audOf((await renew(after, token, {}, basic(billing))).body)).toBe('api');
  });

  test('with the list of a client is gone from its sessions: what the service has counts', async () => {
    const { after } = await restarted(undefined, { audience: ['api', 'web'] });
    const { refresh_token: first } = await after.login({}, basic(billing));
    after.clients = [billing, reports];
    const asked = await renew(after, first, { resource: 'https://billing.example' }, basic(billing));
    expect([asked.status, asked.body]).toEqual([400, expect.objectContaining(refusal)]);
    const second = await renew(after, first, {}, basic(billing));
    expect([audOf(second.body), sessionOf(second.tokens.refresh_token).aud]).toEqual(['api', 'api']);
  });

  test('ends the session if none is left, and a refused token is not used up', async () => {
    const { before, after } = await restarted(['extra'], { audience: ['api'] });
    const { refresh_token: token } = await before.login();
    expect((await renew(after, token)).status).toBe(401);
    expect(audOf((await renew(before, token)).body)).toBe('extra');
  });

  test('is refused by a service without audiences, and kept by one that takes any', async () => {
    const { before, after } = await restarted(['api', 'extra'], {});
    const { refresh_token: token } = await before.login();
    expect((await renew(after, token)).status).toBe(401);
    const any = await startService({ anyAudience: true }, { keys: before.keys });
    expect(audOf((await renew(any, token)).body)).toEqual(['api', 'extra']);
  });

  test('is gone from a refresh token of the form before, and from its successor', async () => {
    const { after } = await restarted(undefined, { audience: ['api'] });
    const old = { type: 'refresh', typ: 'JWT' } as const;
    const token = await after.sign({ iss: after.origin, sub: 'user-123', aud: ['extra', 'api'] }, old);
    const { body, tokens } = await renew(after, token);
    expect([audOf(body), sessionOf(tokens.refresh_token).aud]).toEqual(['api', 'api']);
  });

  test('a token without an audience, as the tutorials make it, goes on without one', async () => {
    const { after } = await restarted(undefined, {});
    const token = await after.sign({ sub: 'user-123' }, { type: 'refresh', typ: 'JWT' });
    const { status, body } = await renew(after, token);
    expect([status, audOf(body)]).toEqual([200, undefined]);
  });
});
