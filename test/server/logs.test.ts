/** What is written of requests: who, what and why, and never what anybody could log in with. */
import { connect } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { until } from '../store/redis-server.js';
import {
  type Answer,
  alice,
  aliceForm,
  basic,
  bearer,
  billing,
  claimsOf,
  type Form,
  formType,
  post,
  reports,
  secretOf,
  startService,
  type TestService,
  user,
} from './test-service.js';

let service: TestService;
beforeEach(async () => {
  service = await startService({ rotatesRefreshTokens: true });
});

const byClient = { grant_type: 'client_credentials' };
const audited = () => service.logs().filter(({ audit }) => audit !== undefined);
const uuid = expect.stringMatching(/^[\da-f-]{36}$/);

describe('the log line of a request', () => {
  test.each<[string, string, string, number]>([
    ['GET', '/healthz', '/healthz', 200],
    ['GET', '/nope', '/nope', 404],
    ['PUT', '/token', '/token', 405],
    ['OPTIONS', '/token', '/token', 204],
    ['HEAD', '/users/me', '/users/me', 401],
    ['GET', '/auth?scope=marked', '/auth', 401],
    ['GET', '/nope?access_token=marked', '/nope', 404],
    ['GET', '/%zz?marked', '/%zz', 400],
    ['GET', '/docs', '/docs', 200],
  ])('%s %s', async (method, asked, path, status) => {
    const { headers } = await service.ask(asked, { method, headers: { 'user-agent': 'marked', cookie: 'marked' } });
    const requests = service.logs().filter(({ msg }) => msg === 'request');
    expect(requests).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        reqId: headers.get('x-request-id'),
        method,
        path,
        status,
        ms: expect.any(Number),
        ip: '127.0.0.1',
        msg: 'request',
      },
    ]);
    expect(service.lines.join('')).not.toContain('marked');
  });

  test.each<[string, string]>([
    ['X-Request-Id', 'r","audit":"issue","sub":"admin'],
    ['X-Request-Id', '\u009b2J'],
    ['X-Request-Id', 'i'.repeat(129)],
    ['X-Forwarded-For', '203.0.113.9","audit":"issue'],
    ['X-Forwarded-For', '\u009b2J'],
    ['Host', 'a","audit":"issue'],
    ['User-Agent', '\u009b2J","audit":"issue'],
    ['Authorization', 'Basic ","audit":"issue'],
    ['Cookie', 'a=","audit":"issue'],
  ])('has nothing of the hostile header %s: %s', async (name, value) => {
    const behind = await startService({ trustedProxies: 1 });
    const host = name === 'Host' ? '' : 'host: a\r\n';
    await behind.raw(`GET /healthz HTTP/1.1\r\n${host}${name}: ${value}\r\nconnection: close\r\n\r\n`);
    const [line = ''] = behind.lines.filter((each) => each.includes('"msg":"request"'));
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).toEqual({
      level: 30,
      time: expect.any(String),
      reqId: uuid,
      method: 'GET',
      path: '/healthz',
      status: 200,
      ms: expect.any(Number),
      ip: '127.0.0.1',
      msg: 'request',
    });
  });

  test('has a hostile path as one member', async () => {
    const path = '/"},{"audit":"issue","path":"\\';
    await service.raw(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    const [line] = service.logs().filter(({ msg }) => msg === 'request');
    expect(line).toMatchObject({ method: 'GET', path, msg: 'request' });
    expect(audited()).toEqual([]);
  });

  test('is one whole line each', async () => {
    await service.ask('/a%0ab', { headers: { 'x-request-id': 'given' } });
    for (const line of service.lines) expect(line).toMatch(/^\{[^\n]*\}\n$/);
    expect(service.logs().at(-1)).toMatchObject({ reqId: 'given', path: '/a%0ab' });
  });

  test('has the id of all lines of the request', async () => {
    await service.send('/token', aliceForm, { 'x-request-id': 'one' });
    await service.send('/token', { ...aliceForm, password: 'wrong' }, { 'x-request-id': 'two' });
    expect(
      service
        .logs()
        .slice(1)
        .map(({ reqId, msg }) => [reqId, msg]),
    ).toEqual([
      ['one', 'issued'],
      ['one', 'request'],
      ['two', 'refused'],
      ['two', 'request'],
    ]);
  });
});

describe('audit lines', () => {
  test('record a token whose client leaves before the answer, and the request too', async () => {
    const isPassword = async () => {
      client.destroy();
      await left;
      return true;
    };
    const slow = await startService({}, { isPassword });
    const left = new Promise<void>((resolve) =>
      slow.server.once('connection', (socket) => socket.once('close', () => resolve())),
    );
    const body = new URLSearchParams(aliceForm).toString();
    const client = connect(slow.port, '127.0.0.1');
    client.write(
      `POST /token HTTP/1.1\r\nhost: a\r\ncontent-type: ${formType['content-type']}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('the token is logged', () => slow.lines.some((line) => line.includes('"msg":"issued"')));
    const lines = slow.logs();
    expect(lines).toContainEqual(expect.objectContaining({ audit: 'issue', sub: 'user-123', ip: '127.0.0.1' }));
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([
      { path: '/token', status: 499, ip: '127.0.0.1' },
    ]);
    const { text } = await slow.ask('/metrics');
    expect(text).toMatch(/duration_seconds_count\{method="POST",route="\/token",status="499"\} 1$/m);
    expect(slow.logs().filter(({ msg }) => msg === 'request')).toMatchObject([{ path: '/metrics', status: 200 }]);
  });

  test.each([
    ['the client leaves before its form is whole', 'a=b', 'content-length: 100'],
    ['its body is no HTTP', 'nonsense\r\n', 'transfer-encoding: chunked'],
  ])('record a request with its address if %s', async (_, body, length) => {
    const client = connect(service.port, '127.0.0.1').on('error', () => {});
    service.logs();
    const begin = service.lines.length;
    client.write(`POST /token HTTP/1.1\r\nhost: a\r\ncontent-type: ${formType['content-type']}\r\n${length}\r\n\r\n`);
    client.write(body, () => setTimeout(() => client.destroy(), 50));
    await until('the line is written', () => service.lines.slice(begin).some((line) => line.includes('"request"')));
    const lines = service.logs().filter(({ msg }) => msg === 'request');
    expect(lines).toMatchObject([{ path: '/token', status: 400, ip: '127.0.0.1' }]);
  });

  test('have these members and no others', async () => {
    const { refresh_token: token } = await service.login({}, basic(billing));
    await service.send('/token', { ...aliceForm, password: 'wrong' });
    await service.ask('/users/me', { headers: bearer(token) });
    await service.send('/revoke', { token }, basic(billing));
    service.fail.store = new Error('broken');
    await service.send('/revoke', { token }, basic(billing));
    expect(audited().map((line) => Object.keys(line).join(' '))).toEqual([
      'level time reqId audit grant sub jti refresh_jti family kid client_id scope ip msg',
      'level time reqId audit reason status path sub ip msg',
      'level time reqId audit reason failed status path ip unverified msg',
      'level time reqId audit client_id jti sub family kid ip msg',
      'level time reqId audit reason path ip err msg',
    ]);
  });

  test('record each issued token', async () => {
    const tokens = await service.login({}, basic(billing));
    const [access, refresh] = [claimsOf(tokens.access_token), claimsOf(tokens.refresh_token)];
    expect(audited()).toEqual([
      expect.objectContaining({
        audit: 'issue',
        grant: 'password',
        sub: 'user-123',
        jti: access.jti,
        refresh_jti: refresh.jti,
        family: access.family,
        kid: 'key-1',
        client_id: billing.id,
        scope: 'read write',
        ip: '127.0.0.1',
      }),
    ]);
    await service.send('/token', byClient, basic(reports));
    expect(audited()).toEqual([
      expect.objectContaining({
        audit: 'issue',
        grant: 'client_credentials',
        sub: reports.id,
        jti: uuid,
        kid: 'key-1',
        client_id: reports.id,
        ip: '127.0.0.1',
      }),
    ]);
  });

  test('record each refresh', async () => {
    const { refresh_token: token } = await service.login();
    audited();
    await service.send('/token/refresh', { refresh_token: token });
    expect(audited()).toEqual([
      expect.objectContaining({
        audit: 'issue',
        grant: 'refresh_token',
        sub: 'user-123',
        jti: uuid,
        refresh_jti: uuid,
        family: claimsOf(token).family,
        kid: 'key-1',
        ip: '127.0.0.1',
      }),
    ]);
  });

  test('record each revocation', async () => {
    const { access_token: access, refresh_token: refresh } = await service.login();
    audited();
    await service.send('/revoke', { token: access }, basic(billing));
    await service.send('/revoke', { token: refresh }, basic(billing));
    const shared = { audit: 'revoke', client_id: billing.id, sub: 'user-123', kid: 'key-1', ip: '127.0.0.1' };
    expect(audited()).toEqual([
      expect.objectContaining({ ...shared, jti: claimsOf(access).jti }),
      expect.objectContaining({ ...shared, jti: claimsOf(refresh).jti, family: claimsOf(refresh).family }),
    ]);
    // Nothing was revoked, so nothing is said to have been.
    await service.send('/revoke', { token: 'nonsense' }, basic(billing));
    expect(audited()).toEqual([]);
  });

  const refusals: [string, string, number, () => Promise<Answer>][] = [
    ['a wrong password', 'invalid_grant', 401, () => service.send('/token', { ...aliceForm, password: 'wrong' })],
    ['a missing field', 'invalid_request', 422, () => service.send('/token', {})],
    ['a wrong secret', 'invalid_client', 401, () => service.send('/token', byClient, basic(billing, 'wrong'))],
    ['a scope', 'invalid_scope', 400, () => service.send('/token', { ...aliceForm, scope: 'admin' })],
    ['a grant', 'unsupported_grant_type', 400, () => service.send('/token', { grant_type: 'implicit' })],
    ['no token', '401', 401, () => service.ask('/users/me')],
    ['nonsense', 'TOKEN_MALFORMED', 401, () => service.ask('/users/me', { headers: bearer('nonsense') })],
    ['a long body', 'invalid_request', 413, () => service.send('/token', { a: 'a'.repeat(70_000) })],
    ['another client', 'unauthorized_client', 400, () => revokeOthers()],
  ];
  test.each(refusals)('record the refusal of %s as %s', async (_what, reason, status, question) => {
    expect((await question()).status).toBe(status);
    expect(audited().at(-1)).toMatchObject({ audit: 'refuse', reason, status, ip: '127.0.0.1' });
  });

  async function revokeOthers(): Promise<Answer> {
    const { access_token: token } = await service.login({}, basic(reports));
    return service.send('/revoke', { token }, basic(billing));
  }

  test('name the identifiers that a refused token claims', async () => {
    const { refresh_token: token } = await service.login();
    audited();
    await service.ask('/users/me', { headers: bearer(token) });
    await service.ask('/auth', { headers: bearer(token) });
    await service.send('/token/refresh', { refresh_token: (await service.login()).access_token });
    const unverified = { jti: claimsOf(token).jti, sub: 'user-123', kid: 'key-1' };
    expect(audited().filter(({ audit }) => audit === 'refuse')).toEqual([
      expect.objectContaining({ reason: 'CLAIM_MISMATCH', path: '/users/me', unverified }),
      expect.objectContaining({ reason: 'CLAIM_MISMATCH', path: '/auth', unverified }),
      expect.objectContaining({
        reason: 'CLAIM_MISMATCH',
        path: '/token/refresh',
        unverified: { ...unverified, jti: uuid },
      }),
    ]);
  });

  test('cut the identifiers of a refused token', async () => {
    const token = [{ alg: 'ES256', kid: 'k'.repeat(5000) }, { sub: 's'.repeat(5000), jti: {} }, 's']
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    await service.ask('/users/me', { headers: bearer(token) });
    expect(audited()).toEqual([
      expect.objectContaining({ unverified: { sub: 's'.repeat(128), kid: 'k'.repeat(128) } }),
    ]);
  });

  test('name the subject of a wrong password, and never what was typed', async () => {
    await service.send('/token', { ...aliceForm, password: 'wrong' });
    await service.send('/token', { username: 'a password typed as a name', password: 'x' });
    expect(audited()).toEqual([
      expect.objectContaining({ reason: 'invalid_grant', sub: 'user-123' }),
      expect.not.objectContaining({ sub: expect.anything() }),
    ]);
    expect(service.lines.join('')).not.toContain('typed as a name');
  });
});

test('metrics count issued, refused and revoked tokens, and time each route', async () => {
  const { access_token: access, refresh_token: refresh } = await service.login();
  await service.send('/token/refresh', { refresh_token: refresh });
  await service.send('/token', byClient, basic(billing));
  for (let round = 0; round < 2; round++) await service.send('/token', { ...aliceForm, password: 'wrong' });
  await service.send('/revoke', { token: access }, basic(billing));
  await service.ask('/users/me', { headers: bearer(access) });
  await service.ask('/users/me', { headers: bearer('nonsense') });
  await service.send('/introspect', { token: access }, basic(billing));
  for (const path of ['/nope', '/other', '/%zz']) await service.ask(path);
  const { headers, text } = await service.ask('/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(headers.get('cache-control')).toBe('no-store');
  const lines = text.split('\n').filter((line) => /^jwtkit_(?!http)/.test(line));
  expect(lines.sort()).toEqual([
    'jwtkit_refusals_total{code="TOKEN_MALFORMED"} 1',
    'jwtkit_refusals_total{code="TOKEN_REVOKED"} 2',
    'jwtkit_refusals_total{code="invalid_grant"} 2',
    'jwtkit_revocations_total 1',
    'jwtkit_store_errors_total 0',
    'jwtkit_tokens_issued_total{grant="client_credentials",type="access"} 1',
    'jwtkit_tokens_issued_total{grant="password",type="access"} 1',
    'jwtkit_tokens_issued_total{grant="password",type="refresh"} 1',
    'jwtkit_tokens_issued_total{grant="refresh_token",type="access"} 1',
    'jwtkit_tokens_issued_total{grant="refresh_token",type="refresh"} 1',
  ]);
  expect(text).toContain('jwtkit_http_request_duration_seconds_count{method="POST",route="/token",status="200"} 2');
  expect(text).toContain('jwtkit_http_request_duration_seconds_count{method="POST",route="/token",status="401"} 2');
  // What strangers ask for makes no series of its own.
  expect(text).not.toMatch(/nope|other"/);
});

/** Each form meets each header, on one of the four paths here and on all of them in the slow test. */
const isFirst = (...at: number[]) => at.reduce((sum, one) => sum + one, 0) % 4 === 0;
const nothingHeld = 'no log line or answer holds a password, secret or token, wherever it was sent';
test(nothingHeld, () => expectNothingHeld(isFirst, 400));
test(`${nothingHeld}: every combination`, { tags: 'slow', timeout: 120_000 }, () =>
  expectNothingHeld(() => true, 1500),
);

async function expectNothingHeld(isAsked: typeof isFirst, fewestLines: number): Promise<void> {
  const password = 'marked-password';
  service.users = [{ ...alice, passwordHash: password }, user('bob')];
  const login = { username: 'alice', password };
  const tokens = await service.login(login, basic(billing));
  const foreign = await (await startService()).sign({ sub: 'foreign' });
  const secret = secretOf('billing');
  const answers: Answer[] = [];
  const seen = [tokens.access_token, tokens.refresh_token, foreign];
  const record = async (answer: Promise<Answer>, mayHoldTokens = false) => {
    const { text, headers, status } = await answer;
    if (mayHoldTokens && status === 200) {
      for (const [token] of text.matchAll(/ey[\w-]+\.[\w-]+\.[\w-]+/g)) seen.push(token);
    } else {
      answers.push({ text: text + JSON.stringify([...headers]), headers, status, body: undefined });
    }
  };
  const misplaced: Form[] = [
    login,
    { username: password, password },
    { ...login, scope: password },
    { ...login, scope: 'marked-password "' },
    { ...login, grant_type: password },
    { ...login, ...post(billing, password) },
    { ...login, client_id: secret },
    { ...login, password: [password, password] },
    { refresh_token: tokens.access_token },
    { grant_type: 'refresh_token', refresh_token: foreign },
    { grant_type: 'refresh_token', refresh_token: password },
    { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, scope: tokens.refresh_token },
    { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
    { token: tokens.access_token },
    { token: foreign, token_type_hint: foreign },
    { token: tokens.refresh_token, ...post(billing) },
  ];
  const headers: Record<string, string>[] = [
    {},
    basic(billing),
    basic(billing, password),
    basic({ ...billing, id: encodeURIComponent(secret) }),
    bearer(tokens.access_token),
    bearer(tokens.refresh_token),
    bearer(foreign),
    bearer(password),
    { authorization: `Token ${tokens.access_token}` },
    { cookie: `session=${tokens.access_token}`, 'user-agent': password, referer: `https://a/?t=${foreign}` },
    { 'x-forwarded-for': tokens.access_token, origin: password },
    { 'x-request-id': foreign },
  ];
  for (const [one, path] of ['/token', '/token/refresh', '/introspect', '/revoke'].entries()) {
    for (const [two, form] of misplaced.entries()) {
      for (const [three, more] of headers.entries()) {
        if (isAsked(one, two, three)) await record(service.send(path, form, more), true);
      }
    }
    await record(service.ask(`${path}?password=${password}&token=${foreign}`, { method: 'POST', headers: formType }));
    await record(service.ask(path, { method: 'POST', body: JSON.stringify(login) }));
  }
  for (const [one, path] of ['/users/me', '/auth', '/healthz', '/nope', '/docs'].entries()) {
    const queries = ['', `?access_token=${foreign}`, `?scope=${foreign}&role=${password}`];
    for (const [two, query] of queries.entries()) {
      for (const [three, more] of headers.entries()) {
        if (!isAsked(one, two, three)) continue;
        // A scope that a proxy demands is told in the challenge, as RFC 6750 §3 has it; a password is none.
        if (path === '/auth' && query.includes('scope=') && more.authorization !== undefined) continue;
        await record(service.ask(`${path}${query}`, { headers: more }));
      }
    }
    await record(service.ask(`${path}/${foreign}`));
    await record(service.ask(`/%zz${path}/${foreign}`));
  }
  await service.raw(`GET /${password} HTTP/9.9\r\nAuthorization: Bearer ${foreign}\r\n\r\n`);
  for (const what of ['keys', 'store', 'users', 'clients', 'logins'] as const) {
    service.fail[what] = new Error('broken');
    for (const path of ['/token', '/token/refresh', '/introspect', '/revoke']) {
      await record(
        service.send(path, { ...login, token: foreign, refresh_token: tokens.refresh_token }, basic(billing)),
        true,
      );
    }
    await record(service.ask('/users/me', { headers: bearer(tokens.access_token) }));
    service.fail[what] = undefined;
  }
  const written = service.lines.join('');
  const told = answers.map(({ text }) => text).join('\n');
  expect(service.lines.length).toBeGreaterThan(fewestLines);
  expect(answers.length).toBeGreaterThan(fewestLines / 3);
  for (const [what, text] of [
    ['the log', written],
    ['the answers', told],
  ] as const) {
    expect(text.includes(password), `a password in ${what}`).toBe(false);
    for (const one of [secret, encodeURIComponent(secret), billing.secretHash]) {
      expect(text.includes(one), `a secret in ${what}`).toBe(false);
    }
    for (const token of new Set(seen)) {
      const [, , signature = ''] = token.split('.');
      expect(text.includes(signature), `a signature in ${what}: ${JSON.stringify(claimsOf(token))}`).toBe(false);
    }
    expect(/\bey[\w-]{9,}\.[\w-]{9,}\.[\w-]{9,}/.exec(text), `a token in ${what}`).toBeNull();
  }
}
