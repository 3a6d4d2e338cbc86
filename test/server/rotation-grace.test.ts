/** A refresh token that comes twice to a service with a grace, and sessions that end however often they are renewed. */
import { beforeEach, describe, expect, test } from 'vitest';
import { memoryDenylist } from '../../src/store/denylist/memory.js';
import {
  type Answer,
  alice,
  basic,
  bearer,
  billing,
  claimsOf,
  keyPair,
  start,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

const shared = { keys: await keyPair(), denylist: memoryDenylist() };
const iss = 'https://auth.example';
const options = { issuer: () => iss, rotatesRefreshTokens: true, rotateGrace: 5, sessionMax: 30 * 86_400 };
/** As two workers or two machines: they share keys and denylist. */
const [one, other] = await Promise.all([startService(options, shared), startService(options, shared)]);
beforeEach(() => {
  for (const service of [one, other]) Object.assign(service, { now: start, users: [alice] });
});

const at = (moment: number) => {
  one.now = moment;
  other.now = moment;
};
const renew = (service: TestService, token: string, headers = {}) =>
  service.send('/token', { grant_type: 'refresh_token', refresh_token: token }, headers);
const tokensOf = (answer: Answer) => answer.body as Tokens;
const isActive = async (token: string) => (await one.ask('/auth', { headers: bearer(token) })).status === 200;

describe('within the grace', () => {
  test('a repeated request gets the same successor, from another process too, and the session goes on', async () => {
    const { refresh_token: first } = await one.login();
    at(start + 60);
    const lost = tokensOf(await renew(one, first));
    at(start + 64.9);
    const again = tokensOf(await renew(other, first));
    expect(again.refresh_token.split('.').slice(0, 2)).toEqual(lost.refresh_token.split('.').slice(0, 2));
    for (const { access_token: token } of [lost, again]) expect(await isActive(token)).toBe(true);
    expect((await renew(one, again.refresh_token)).status).toBe(200);
  });

  test('50 requests at once to two processes get one successor', async () => {
    const { refresh_token: first } = await one.login();
    const asked = Array.from({ length: 50 }, (_, turn) => renew(turn % 2 === 0 ? one : other, first));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => tokensOf(answer).refresh_token.split('.')[1])).size).toBe(1);
  });

  test('the successor lacks what its user lost, and a removed user gets none', async () => {
    const { refresh_token: first } = await one.login();
    await renew(one, first);
    one.users = [{ ...alice, scopes: ['read'] }];
    expect(claimsOf(tokensOf(await renew(one, first)).access_token).scope).toBe('read');
    one.users = [];
    expect((await renew(one, first)).status).toBe(400);
    one.users = [alice];
    expect((await renew(one, first)).status).toBe(200);
  });

  test('a log-out ends the grace', async () => {
    const { refresh_token: first } = await one.login();
    await renew(one, first);
    expect((await one.send('/revoke', { token: first })).status).toBe(200);
    expect((await renew(other, first)).status).toBe(400);
  });

  test('wrong client credentials get no successor, and do not end the session', async () => {
    const { refresh_token: first } = await one.login();
    await renew(one, first);
    for (const headers of [basic(billing, 'wrong'), basic({ ...billing, id: 'nobody' })]) {
      const { status, body } = await renew(other, first, headers);
      expect({ status, body }).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    expect((await renew(other, first)).status).toBe(200);
  });

  test('a token of a client is given again to this client alone', async () => {
    const { refresh_token: first } = await one.login({}, basic(billing));
    await renew(one, first, basic(billing));
    expect((await renew(one, first)).status).toBe(400);
    expect((await renew(one, first, basic(billing))).status).toBe(200);
  });
});

test('after the grace a second use ends the session', async () => {
  const { refresh_token: first } = await one.login();
  const next = tokensOf(await renew(one, first));
  at(start + 5);
  other.logs();
  expect((await renew(other, first)).body).toMatchObject({ error: 'invalid_grant', detail: 'Invalid token' });
  expect((await renew(one, next.refresh_token)).status).toBe(400);
  expect(await isActive(next.access_token)).toBe(false);
  expect(other.logs().filter(({ reason }) => reason === 'TOKEN_REUSED')).toHaveLength(1);
});

describe('a session', () => {
  test('ends 30 days after its log-in, however often it is renewed', async () => {
    let tokens = await one.login();
    for (let day = 5; day < 30; day += 5) {
      at(start + day * 86_400);
      tokens = tokensOf(await renew(one, tokens.refresh_token));
    }
    at(start + 30 * 86_400 - 60);
    tokens = tokensOf(await renew(one, tokens.refresh_token));
    expect(tokens.expires_in).toBe(60);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expect(claimsOf(token).exp).toBe(start + 30 * 86_400);
    }
    at(start + 30 * 86_400);
    expect((await renew(one, tokens.refresh_token)).body).toMatchObject({ detail: 'Token has expired' });
  });

  test('is no longer than the limit from its log-in on, and ends when the limit is lowered', async () => {
    const brief = await startService({ ...options, sessionMax: 600 }, shared);
    const { refresh_token: token, expires_in } = await brief.login();
    expect([claimsOf(token).exp, expires_in]).toEqual([start + 600, 600]);
    const { refresh_token: longer } = await one.login();
    brief.now = start + 600;
    expect((await renew(brief, longer)).body).toMatchObject({ detail: 'Token has expired' });
  });
});
