/** What the service says when it cannot tell: never yes, and nothing of its insides. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { errorCodes, type JwtkitError } from '../../src/errors.js';
import { httpStatusOf } from '../../src/server/verdict.js';
import {
  aliceForm,
  basic,
  bearer,
  billing,
  broken,
  type Failures,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

let service: TestService;
let rotating: TestService;
let tokens: Tokens;
let rotatingTokens: Tokens;
beforeAll(async () => {
  [service, rotating] = await Promise.all([startService(), startService({ rotatesRefreshTokens: true })]);
  [tokens, rotatingTokens] = await Promise.all([service.login(), rotating.login()]);
});
afterEach(() => {
  for (const each of [service, rotating]) {
    for (const what of Object.keys(each.fail) as (keyof Failures)[]) each.fail[what] = undefined;
    each.logs();
  }
});

const questions = {
  'POST /token': () => service.send('/token', aliceForm),
  'POST /token, client_credentials': () => service.send('/token', { grant_type: 'client_credentials' }, basic(billing)),
  'POST /token, refresh_token': () =>
    service.send('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }),
  'POST /token/refresh': () => service.send('/token/refresh', { refresh_token: tokens.refresh_token }),
  'POST /token/refresh, rotating': () =>
    rotating.send('/token/refresh', { refresh_token: rotatingTokens.refresh_token }),
  'POST /revoke': () => service.send('/revoke', { token: tokens.access_token }, basic(billing)),
  'POST /introspect': () => service.send('/introspect', { token: tokens.access_token }, basic(billing)),
  'GET /users/me': () => service.ask('/users/me', { headers: bearer(tokens.access_token) }),
  'GET /auth': () => service.ask('/auth', { headers: bearer(tokens.access_token) }),
  'GET /.well-known/jwks.json': () => service.ask('/.well-known/jwks.json'),
  'GET /.well-known/openid-configuration': () => service.ask('/.well-known/openid-configuration'),
};
type Question = keyof typeof questions;
const all = Object.keys(questions) as Question[];
const pathOf = (question: string) => /\/[^\s,]*/.exec(question)?.[0];

const needs: Record<keyof Failures, readonly Question[]> = {
  keys: all,
  store: [
    'POST /token, refresh_token',
    'POST /token/refresh',
    'POST /token/refresh, rotating',
    'POST /revoke',
    'POST /introspect',
    'GET /users/me',
    'GET /auth',
  ],
  users: ['POST /token', 'POST /token, refresh_token', 'POST /token/refresh', 'POST /token/refresh, rotating'],
  clients: ['POST /token, client_credentials', 'POST /revoke', 'POST /introspect'],
  logins: ['POST /token'],
};
const reasons: Record<keyof Failures, JwtkitError> = {
  keys: broken.keyring,
  store: broken.store,
  users: broken.accounts,
  clients: broken.accounts,
  logins: broken.store,
};
const cases = (Object.keys(needs) as (keyof Failures)[]).flatMap((what) =>
  needs[what].map((question) => [what, question] as const),
);

test.each(cases)('without its %s, the service answers %s with 503 and Retry-After', async (what, question) => {
  for (const each of [service, rotating]) each.fail[what] = reasons[what];
  const { status, headers, body, text } = await questions[question]();
  const path = pathOf(question);
  const detail = 'Service Unavailable';
  const isOauth = question.startsWith('POST');
  expect({ status, body }).toEqual({
    status: 503,
    body: {
      detail,
      path,
      ...(isOauth ? { error: 'temporarily_unavailable', error_description: detail } : {}),
    },
  });
  expect(headers.get('retry-after')).toBe('1');
  expect(headers.has('www-authenticate')).toBe(false);
  expect(text).not.toMatch(/secret-folder|10\.0\.0\.7|JSON|at \w/);
  const failures = (question.includes('rotating') ? rotating : service).logs().filter(({ audit }) => audit === 'fail');
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ level: 50, audit: 'fail', reason: reasons[what].code, path });
});

const others = all.flatMap((question) =>
  (Object.keys(needs) as (keyof Failures)[])
    .filter((what) => !needs[what].includes(question) && question !== 'POST /revoke')
    .map((what) => [what, question] as const),
);
test.each(others)('without its %s, the service still answers %s', async (what, question) => {
  service.fail[what] = reasons[what];
  if (question.includes('rotating')) return;
  expect((await questions[question]()).status).toBe(200);
});

test('answers again as soon as a failed store works', async () => {
  service.fail.store = broken.store;
  expect((await questions['GET /users/me']()).status).toBe(503);
  service.fail.store = undefined;
  expect((await questions['GET /users/me']()).status).toBe(200);
});

test('a failing store does not consume a refresh token', async () => {
  const { refresh_token: token } = await rotating.login();
  rotating.fail.store = broken.store;
  expect((await rotating.send('/token/refresh', { refresh_token: token })).status).toBe(503);
  rotating.fail.store = undefined;
  expect((await rotating.send('/token/refresh', { refresh_token: token })).status).toBe(200);
});

test.each<[keyof Failures, JwtkitError, object]>([
  ['keys', broken.keyring, { status: 'unavailable', keys: 'failed', store: 'ok', accounts: 'ok' }],
  ['store', broken.store, { status: 'unavailable', keys: 'ok', store: 'failed', accounts: 'ok' }],
])('without its %s the service is alive but not ready', async (what, error, body) => {
  service.fail[what] = error;
  const ready = await service.ask('/readyz');
  expect({ status: ready.status, body: ready.body }).toEqual({ status: 503, body });
  expect(ready.headers.get('retry-after')).toBe('1');
  expect((await service.ask('/healthz')).body).toEqual({ status: 'ok' });
  expect((await service.ask('/metrics')).status).toBe(200);
});

test('is not ready while its key has none of the algorithms that may sign, as after a rotation to another kind', async () => {
  const narrowed = await startService({ algorithms: ['EdDSA'] });
  const ready = await narrowed.ask('/readyz');
  expect(ready.status).toBe((await narrowed.send('/token', aliceForm)).status);
  const body = { status: 'unavailable', keys: 'failed', store: 'ok', accounts: 'ok' };
  expect({ status: ready.status, body: ready.body }).toEqual({ status: 503, body });
});

test('answers 500 to a bug, and explains it in the log only', async () => {
  service.fail.store = new TypeError('cannot read properties of undefined, at secret-folder');
  const { status, body, text } = await questions['GET /users/me']();
  expect({ status, body }).toEqual({
    status: 500,
    body: { detail: 'Internal Server Error', path: '/users/me' },
  });
  expect(text).not.toContain('secret-folder');
  const [failure] = service.logs();
  expect(failure).toMatchObject({ level: 50, audit: 'fail', reason: 'INTERNAL', err: { type: 'TypeError' } });
  expect(JSON.stringify(failure)).toContain('failures.test.ts');
});

test('maps every error code to 401 for a refused token, else to 500 or 503', () => {
  for (const code of errorCodes) {
    const status = httpStatusOf(code);
    const isAboutTokens = /^(?:TOKEN|CLAIM|SIGNATURE|ALG|CERTIFICATE|KEY_NOT_FOUND)/.test(code);
    if (isAboutTokens) expect(status, code).toBe(401);
    else expect([500, 503], code).toContain(status);
  }
});

describe('metrics', () => {
  test('/metrics counts requests that failed because of the store', async () => {
    const count = async () =>
      Number(/^jwtkit_store_errors_total (\d+)$/m.exec((await service.ask('/metrics')).text)?.[1]);
    const before = await count();
    service.fail.store = broken.store;
    for (let round = 0; round < 3; round++) await questions['GET /users/me']();
    expect(await count()).toBe(before + 3);
  });

  test('/metrics sums all processes, and answers 503 if one does not report', async () => {
    let all: string | null = 'jwtkit_tokens_issued_total 42\n';
    const one = await startService({}, { gatherMetrics: async () => all });
    expect((await one.ask('/metrics')).text).toBe(all);
    all = null;
    const missing = await one.ask('/metrics');
    expect([missing.status, missing.headers.get('retry-after')]).toEqual([503, '1']);
    expect(missing.text).not.toContain('jwtkit_');
  });
});
