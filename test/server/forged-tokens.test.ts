/**
 * Forged tokens: whatever they say of users, scopes and clients, and whatever the request asks for, the answer is that to any other
 * forged token. Nothing that a stranger can write tells what the service knows.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Claims } from '../../src/token/claims.js';
import { issueToken } from '../../src/token/issue.js';
import {
  type Answer,
  alice,
  basic,
  bearer,
  billing,
  claimsOf,
  type Form,
  forged,
  formType,
  keyPair,
  post,
  reports,
  start,
  startService,
  type TestService,
  type Tokens,
  user,
} from './test-service.js';

const bob = user('bob', { scopes: ['read'] });
const services = await Promise.all([false, true].map((rotatesRefreshTokens) => startService({ rotatesRefreshTokens })));
const [steady, rotating] = services as [TestService, TestService];
beforeEach(() => {
  for (const service of services) {
    Object.assign(service, { now: start, users: [alice, bob], keepsUsers: true });
    service.logs();
  }
});

const foreign = await keyPair('ES256', 'key-1');
/** A token signed by an untrusted key, with the `kid` of the trusted one. */
async function foreignToken(claims: object): Promise<string> {
  const key = await foreign.signingKey(start);
  return (await issueToken({ ...claims }, { type: 'refresh' }, { key, now: start })).token;
}

const subjects = [alice.sub, 'nobody', billing.id, '', 7, { toString: 1 }];
const scopes = [undefined, 'read', 'admin', ['read'], 'a "'];
const clients = [undefined, billing.id, reports.id, 'client-nobody', 7];
const asked = [undefined, 'read', 'admin', 'read admin', 'a "'];
const shown: [Form, Record<string, string>][] = [
  [{}, {}],
  [{ client_id: 'spa' }, {}],
  [post(reports), {}],
  [{}, basic(billing)],
];

/** What a stranger sees of an answer, but for what is another one each time. */
function seen({ status, headers, text }: Answer): unknown {
  const told = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  return { status, text, headers: told };
}

/** One more than each claim on its own: all pairs would be thousands, and no decision looks at two of them. */
const hostileClaims = [...changes()].map((claims) => ({ ...claims, changed: true }) as Claims);

/** A few claims each time, all of them in the slow tests. Seven has no part in common with the numbers of values. */
const choices = [
  ['', {}, hostileClaims.filter((_, at) => at % 7 === 0)],
  [': every claim', { tags: 'slow' }, hostileClaims],
] as const;

function* changes(): Generator<object> {
  for (const sub of subjects) for (const scope of scopes) yield { sub, scope };
  for (const sub of [alice.sub, 'nobody']) {
    for (const client_id of clients) for (const scope of ['read', 'admin']) yield { sub, scope, client_id };
    for (const role of ['user', ['admin'], 7]) yield { sub, role };
    for (const type of ['access', 'refresh', 'other', undefined]) yield { sub, type };
    for (const exp of [start - 1, start + 60, 'soon']) yield { sub, exp };
  }
}

describe.each(['/token', '/token/refresh'])('%s', (path) => {
  for (const [more, options, chosen] of choices)
    test(`answers and logs all forged tokens alike${more}`, options, async () => {
      for (const service of services) {
        const { refresh_token: genuine } = await service.login();
        service.logs();
        const answers = new Set<string>();
        const logged = new Set<string>();
        const tokens = chosen.map((claims) => forged(genuine, claims));
        for (const sub of [alice.sub, 'nobody']) tokens.push(await foreignToken({ sub, scope: 'read' }));
        const ask = async (token: string, form: Form = {}, headers = {}) => {
          const all = { grant_type: 'refresh_token', refresh_token: token, ...form };
          answers.add(JSON.stringify(seen(await service.send(path, all, headers))));
          for (const line of service.logs()) {
            const { reqId: _, time: __, ms: ___, unverified, ...rest } = line;
            logged.add(JSON.stringify(rest));
            // The log marks the token's claims as unverified.
            expect(Object.keys(unverified ?? {}).filter((name) => !['jti', 'sub', 'kid'].includes(name))).toEqual([]);
          }
        };
        for (const token of tokens) await ask(token);
        for (const sub of [alice.sub, 'nobody']) {
          const token = forged(genuine, { sub, scope: 'read' });
          for (const scope of asked) for (const [form, headers] of shown) await ask(token, { scope, ...form }, headers);
        }
        expect([...answers]).toHaveLength(1);
        // The refusal and the request.
        expect([...logged]).toHaveLength(2);
        // The session goes on: nobody but its owner could end it.
        expect((await service.send(path, { grant_type: 'refresh_token', refresh_token: genuine })).status).toBe(200);
      }
    });

  test('answers tokens with another key, no signature or no form like forged ones', async () => {
    const { refresh_token: genuine } = await steady.login();
    const [, payload] = genuine.split('.');
    const header = (members: object) => Buffer.from(JSON.stringify(members)).toString('base64url');
    const ask = (token: string) => steady.send(path, { grant_type: 'refresh_token', refresh_token: token });
    const expected = seen(await ask(forged(genuine, { sub: 'nobody' })));
    const others = [
      'nonsense',
      'a.b.c',
      `${genuine}x`,
      `${header({ alg: 'none' })}.${payload}.`,
      `${header({ alg: 'ES256', kid: 'key-2' })}.${payload}.${'A'.repeat(86)}`,
      `${header({ alg: 'RS256', kid: 'key-1' })}.${payload}.${'A'.repeat(342)}`,
      `${header({ alg: 'ES256', kid: 'key-1', crit: ['exp'] })}.${payload}.${'A'.repeat(86)}`,
      `${header({ alg: 'ES256' })}.${Buffer.from('{"sub":"user-123","sub":"x"}').toString('base64url')}.${'A'.repeat(86)}`,
    ];
    for (const token of others) expect(seen(await ask(token)), token).toEqual(expected);
  });

  test('asks neither the users nor the denylist before the signature holds', async () => {
    const { refresh_token: genuine } = await rotating.login();
    const fault = new Error('asked');
    Object.assign(rotating.fail, { users: fault, store: fault });
    try {
      for (const claims of hostileClaims.filter((_, at) => at % 3 === 0)) {
        const token = forged(genuine, claims);
        const { status } = await rotating.send(path, { grant_type: 'refresh_token', refresh_token: token });
        expect(status).toBe(path === '/token' ? 400 : 401);
      }
    } finally {
      Object.assign(rotating.fail, { users: undefined, store: undefined });
    }
  });
});

describe('other routes', () => {
  const asks: [string, (token: string) => Promise<Answer>][] = [
    ['/users/me', (token) => steady.ask('/users/me', { headers: bearer(token) })],
    ['/auth', (token) => steady.ask('/auth?scope=read', { headers: bearer(token) })],
    ['/auth/path', (token) => steady.ask('/auth/path', { method: 'POST', headers: { ...formType, ...bearer(token) } })],
    ['/introspect', (token) => steady.send('/introspect', { token }, basic(billing))],
    ['/revoke', (token) => steady.send('/revoke', { token }, basic(billing))],
  ];
  for (const [more, options, chosen] of choices)
    test.each(asks)(`%s answers all forged tokens alike${more}`, options, async (_route, ask) => {
      const { access_token: access, refresh_token: refresh } = await steady.login({}, basic(billing));
      const answers = new Set<string>();
      for (const genuine of [access, refresh]) {
        for (const claims of chosen) answers.add(JSON.stringify(seen(await ask(forged(genuine, claims)))));
        answers.add(JSON.stringify(seen(await ask(await foreignToken({ sub: alice.sub, client_id: reports.id })))));
      }
      expect([...answers]).toHaveLength(1);
    });

  test('/revoke refuses another client’s token only once its signature holds, and revokes nothing', async () => {
    const { access_token: others } = await steady.login({}, basic(reports));
    expect((await steady.send('/revoke', { token: others }, basic(billing))).status).toBe(400);
    expect((await steady.send('/revoke', { token: forged(others, {}) }, basic(billing))).status).toBe(400);
    expect((await steady.send('/revoke', { token: forged(others, { jti: 'x' }) }, basic(billing))).status).toBe(200);
    expect((await steady.ask('/users/me', { headers: bearer(others) })).status).toBe(200);
  });
});

describe('a second use of a refresh token ends its session', () => {
  const requests: [string, (service: TestService) => [Form, Record<string, string>]][] = [
    ['as it is', () => [{}, {}]],
    ['with a scope that was taken away', () => [{ scope: 'write' }, {}]],
    ['with a scope that it never had', () => [{ scope: 'admin' }, {}]],
    ['with what is no scope', () => [{ scope: 'a "' }, {}]],
    ['by another client', () => [{}, basic(reports)]],
    [
      'when its user is gone',
      (service) => {
        service.users = [bob];
        return [{}, {}];
      },
    ],
  ];
  test.each(requests)('%s', async (_how, make) => {
    for (const path of ['/token', '/token/refresh']) {
      rotating.users = [alice, bob];
      const first = await rotating.login();
      const renewed = await rotating.send(path, { grant_type: 'refresh_token', refresh_token: first.refresh_token });
      const { access_token: access, refresh_token: next } = renewed.body as Tokens;
      rotating.users = [{ ...alice, scopes: ['read'] }, bob];
      const [form, headers] = make(rotating);
      rotating.logs();
      const used = { grant_type: 'refresh_token', refresh_token: first.refresh_token, ...form };
      const { status, body } = await rotating.send(path, used, headers);
      expect({ status, body }).toMatchObject({
        status: path === '/token' ? 400 : 401,
        body: { detail: 'Invalid token', error: 'invalid_grant' },
      });
      expect(rotating.logs().map(({ reason }) => reason)).toContain('TOKEN_REUSED');
      rotating.users = [alice, bob];
      const again = await rotating.send(path, { grant_type: 'refresh_token', refresh_token: next });
      expect(again.status).not.toBe(200);
      expect((await rotating.ask('/users/me', { headers: bearer(access) })).status).toBe(401);
      expect(claimsOf(access).family).toBe(claimsOf(first.refresh_token).family);
    }
  });
});
