/** HTTP itself, on every route: methods, headers, limits, and pages of other origins. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { within } from '../time-limit.js';
import { type Answer, aliceForm, encodeForm, formType, startService, type TestService } from './test-service.js';

const forms = ['/token', '/token/refresh', '/revoke', '/introspect'];
const documents = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
];
const pages = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', ...documents];
const guarded = ['/users/me', '/auth'];
const routes = [...forms, ...pages, ...guarded];
const allowed = (path: string) => (forms.includes(path) ? 'POST, OPTIONS' : 'GET, HEAD, OPTIONS');

let service: TestService;
beforeAll(async () => {
  service = await startService();
});

describe('methods', () => {
  const others = routes.flatMap((path) => {
    const methods = forms.includes(path) ? ['GET', 'HEAD'] : ['POST'];
    return [...methods, 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'M-SEARCH'].map((method) => [method, path] as const);
  });
  test.each(others)('answers 405 with the allowed methods to %s %s', async (method, path) => {
    const { status, headers, text } = await service.ask(path, { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe(allowed(path));
    expect(text).toBe(method === 'HEAD' ? '' : '{"detail":"Method Not Allowed"}');
  });

  test.each(routes)('answers 405 to TRACE %s, and repeats nothing of it', async (path) => {
    const answer = await service.raw(
      `TRACE ${path} HTTP/1.1\r\nHost: a\r\nCookie: marked\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).not.toContain('marked');
  });

  test.each(others.filter(([method]) => method === 'POST' || method === 'PUT'))(
    '%s %s with a body of any kind is the same',
    async (method, path) => {
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
        const { status } = await service.ask(path, { method, headers: { 'content-type': type }, body: '{"a":1}' });
        expect(status).toBe(405);
      }
    },
  );

  test.each(routes.filter((path) => path !== '/auth'))('answers OPTIONS %s with the allowed methods', async (path) => {
    const { status, headers, text } = await service.ask(path, { method: 'OPTIONS' });
    expect({ status, text }).toEqual({ status: 204, text: '' });
    expect(headers.get('allow')).toBe(allowed(path));
  });

  test('answers 404 to OPTIONS of an unknown path', async () => {
    expect((await service.ask('/nope', { method: 'OPTIONS' })).status).toBe(404);
  });

  test.each([...pages, ...guarded])('answers HEAD %s like GET without the body', async (path) => {
    const [head, get] = [await service.ask(path, { method: 'HEAD' }), await service.ask(path)];
    expect({ status: head.status, text: head.text }).toEqual({ status: get.status, text: '' });
    const named = ({ headers }: Answer) => [...headers.keys()].filter((name) => name !== 'keep-alive').sort();
    expect(named(head)).toEqual(named(get));
  });
});

describe('pages without tokens', () => {
  test.each([
    ['/healthz', { status: 'ok' }],
    ['/readyz', { status: 'ready', keys: 'ok', store: 'ok', accounts: 'ok' }],
  ])('%s', async (path, body) => {
    const answer = await service.ask(path);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('/openapi.json describes every route, with all statuses that it may answer', async () => {
    const { body } = await service.ask('/openapi.json');
    const { paths, openapi } = body as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(openapi).toBe('3.1.0');
    const hidden = ['/openapi.json', '/docs'];
    expect(Object.keys(paths).sort()).toEqual(routes.filter((path) => !hidden.includes(path)).sort());
    const statuses = (path: string, method: string) => Object.keys(paths[path]?.[method]?.responses ?? {});
    expect(statuses('/token', 'post')).toEqual(expect.arrayContaining(['200', '400', '401', '422', '429', '503']));
    expect(statuses('/auth', 'get')).toEqual(expect.arrayContaining(['200', '401', '403', '503']));
  });

  test('serves /docs and all files that it loads', async () => {
    const { status, headers, text } = await service.ask('/docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded.length).toBeGreaterThan(3);
    for (const path of loaded) {
      expect(path).toMatch(/^docs\//);
      expect((await service.ask(`/${path}`)).status, path).toBe(200);
    }
  });

  test('leads from / to the page by a relative address, which a path before it does not change', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await service.ask('/', { method });
      expect([status, headers.get('location')]).toEqual([302, 'docs']);
    }
    const { status, headers } = await service.ask('/', { method: 'POST' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test.each(['/docs/static/nope.js', '/docs/static/..%2f..%2fpackage.json', '/docs/static/%2e%2e/%2e%2e/package.json'])(
    '%s is not there',
    async (path) => {
      const { status, body } = await service.ask(path);
      expect({ status, body }).toEqual({ status: 404, body: { detail: 'Not Found' } });
    },
  );
});

describe('the headers of every answer', () => {
  const questions: [string, () => Promise<Answer>][] = [
    ...routes.map((path): [string, () => Promise<Answer>] => [`GET ${path}`, () => service.ask(path)]),
    ...forms.map((path): [string, () => Promise<Answer>] => [`POST ${path}`, () => service.send(path, {})]),
    ['tokens', () => service.send('/token', aliceForm)],
    ['404', () => service.ask('/nope')],
    ['204', () => service.ask('/token', { method: 'OPTIONS' })],
    ['413', () => service.ask('/token', { method: 'POST', headers: formType, body: 'a'.repeat(65_537) })],
    ['415', () => service.ask('/token', { method: 'POST', body: '{}' })],
    ['400, of a path that cannot be read', () => service.ask('/%zz')],
  ];
  test.each(questions)('%s', async (what, question) => {
    const { headers } = await question();
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.has('server')).toBe(false);
    expect(headers.has('x-powered-by')).toBe(false);
    expect(headers.has('access-control-allow-origin')).toBe(false);
    expect(headers.has('set-cookie')).toBe(false);
    // Plain HTTP says nothing of HTTPS: it may be a proxy's to say.
    expect(headers.has('strict-transport-security')).toBe(false);
    if (what.includes('cannot be read')) return;
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    const policy = headers.get('content-security-policy') ?? '';
    if (!what.includes('/docs')) expect(policy).toBe("default-src 'none';frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-(?:eval|inline)/);
  });
});

describe('the request id', () => {
  test.each(['a', 'deploy-7:42_x.y', '7f3c', 'a'.repeat(128)])('keeps the id %j of a proxy', async (id) => {
    const { headers } = await service.ask('/healthz', { headers: { 'x-request-id': id } });
    expect(headers.get('x-request-id')).toBe(id);
  });

  test.each(['', 'a b', 'a"b', 'a\tb', 'ü', 'a'.repeat(129), '{"a":1}', 'a,b'])('replaces the id %j', async (id) => {
    const { headers } = await service.ask('/healthz', { headers: { 'x-request-id': id } });
    expect(headers.get('x-request-id')).toMatch(/^[\da-f]{8}-/);
  });

  test('replaces two ids by a new one', async () => {
    const answer = await service.raw(
      'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\r\nX-Request-Id: b\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/\r\nx-request-id: [\da-f]{8}-/);
  });
});

describe('limits', () => {
  const send = (path: string, body: string, type: string = formType['content-type']) =>
    service.ask(path, { method: 'POST', headers: { 'content-type': type }, body });

  test.each(forms)('accepts a body of 65,536 bytes for %s, and no more', async (path) => {
    expect((await send(path, `token=&a=${'a'.repeat(65_536 - 9)}`)).status).not.toBe(413);
    const { status, headers, body } = await send(path, `token=&a=${'a'.repeat(65_536 - 8)}`);
    const detail = 'Request body is too large';
    expect({ status, body }).toEqual({
      status: 413,
      body: { detail, path, error: 'invalid_request', error_description: detail },
    });
    expect(headers.get('connection')).toBe('close');
  });

  test.each([
    ['a body', `Content-Length: 700000\r\n\r\n`, ''],
    ['chunks', `Transfer-Encoding: chunked\r\n\r\naae60\r\n`, '\r\n0\r\n\r\n'],
  ])('a client that is still sending %s gets its answer, not a reset', async (_what, framing, end) => {
    const { port } = service.server.address() as AddressInfo;
    // As a proxy does: it goes on sending whatever has come back.
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    let answer = '';
    client.setEncoding('utf8').on('data', (piece) => {
      answer += piece;
    });
    client.write(`POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\n${framing}`);
    for (let piece = 0; piece < 10; piece++) {
      client.write('a'.repeat(70_000));
      await setTimeout(20);
    }
    client.end(end);
    await setTimeout(100);
    expect(errors).toEqual([]);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a client that leaves while its form is read ends nothing else', async () => {
    const { port } = service.server.address() as AddressInfo;
    const head = `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\nContent-Length: 700000\r\n\r\n`;
    for (const leave of ['resetAndDestroy', 'destroy', 'end'] as const) {
      const client = connect(port, '127.0.0.1').on('error', () => {});
      await new Promise((sent) => client.write(`${head}${'a'.repeat(70_000)}`, sent));
      await setTimeout(20);
      client[leave]();
    }
    await setTimeout(50);
    expect((await service.ask('/healthz')).status).toBe(200);
  });

  test('a client that sends without an end gets its answer after a second', async () => {
    const form = `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\nContent-Length: 700000\r\n\r\na`;
    expect(await within(5000, () => service.raw(form))).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('measures a body without Content-Length too', async () => {
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    const answer = await service.raw(
      `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each(forms)('%s accepts forms only', async (path) => {
    const types = ['application/json', 'text/plain', 'multipart/mixed; boundary=a', 'application/xml', 'nonsense'];
    for (const type of types) {
      const { status, body } = await send(path, '{"username":"alice","password":"wonderland"}', type);
      const detail = 'Send the form as application/x-www-form-urlencoded or multipart/form-data';
      expect({ status, body }).toEqual({
        status: 415,
        body: { detail, path, error: 'invalid_request', error_description: detail },
      });
    }
  });

  test.each(forms)('%s tells a client that compressed its form', async (path) => {
    const form = gzipSync('username=alice&password=wonderland&refresh_token=a&token=a');
    for (const type of [formType['content-type'], 'multipart/form-data; boundary=a', 'text/plain']) {
      for (const coding of ['gzip', 'GZIP', 'deflate, br', 'zstd']) {
        const headers = { 'content-type': type, 'content-encoding': coding };
        const { status, headers: answered, body } = await service.ask(path, { method: 'POST', headers, body: form });
        const detail = 'Send the form without Content-Encoding';
        expect({ status, body }).toEqual({
          status: 415,
          body: { detail, path, error: 'invalid_request', error_description: detail },
        });
        expect(answered.get('accept-encoding')).toBe('identity');
      }
    }
    for (const coding of ['identity', 'Identity', '']) {
      const headers = { ...formType, 'content-encoding': coding };
      expect((await service.ask(path, { method: 'POST', headers, body: 'a=1' })).status).not.toBe(415);
    }
  });

  const bad = (status: string, reason: string) =>
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${
      JSON.stringify({ detail: reason }).length
    }\r\nconnection: close\r\n\r\n${JSON.stringify({ detail: reason })}`;
  const head = 'GET /healthz HTTP/1.1\r\nHost: a\r\n';

  test.each<[string, string]>([
    ['one long header', `${head}Authorization: Bearer ${'a'.repeat(40_000)}\r\n\r\n`],
    ['many headers', `${head}${'A-Header: of some length\r\n'.repeat(2000)}\r\n`],
    ['a long path', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('answers 431 to %s', async (_what, bytes) => {
    expect(await service.raw(bytes)).toBe(bad('431', 'Request Header Fields Too Large'));
  });

  test.each<[string, string]>([
    ['what is no HTTP', 'hello\r\n\r\n'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a line end in a header', `${head}A: b\nc\0: d\r\n\r\n`],
    ['two lengths', `POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    [
      'a length beside chunks',
      `POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a length that is none', `POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`],
  ])('answers 400 to %s', async (_what, bytes) => {
    expect(await service.raw(bytes)).toBe(bad('400', 'Bad Request'));
  });

  test('answers 400 to a request without a host', async () => {
    expect(await service.raw('GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('answers 408 to headers or a body that arrive too slowly', async () => {
    const slow = await startService();
    // As after ten seconds and more.
    slow.server.headersTimeout = 1;
    slow.server.requestTimeout = 2;
    const timeout = bad('408', 'Request Timeout');
    expect(
      await Promise.all([
        slow.raw('GET /healthz HTTP/1.1\r\nHost: a\r\n'),
        slow.raw(
          `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\nContent-Length: 9\r\n\r\na`,
        ),
      ]),
    ).toEqual([timeout, timeout]);
  });

  test('ends the connection of a client that reads no answer, and of no other', async () => {
    const { server } = await startService();
    expect(server.timeout).toBe(60_000);
    // As after a minute and more.
    server.timeout = 200;
    server.keepAliveTimeout = 60_000;
    const { port } = server.address() as AddressInfo;
    const open = async () => {
      const socket = connect(port, '127.0.0.1');
      const [served] = await once(server, 'connection');
      return { socket, isClosed: once(served, 'close').then(() => true) };
    };
    const stalled = await open();
    const idle = await open();
    idle.socket.resume().write(`${head}\r\n`);
    stalled.socket.pause().write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
    expect(await stalled.isClosed).toBe(true);
    expect(idle.socket.closed).toBe(false);
    for (const { socket } of [stalled, idle]) socket.destroy();
  });

  test.each<[string, string]>([
    ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n'],
    ['an absolute URL', 'GET http://auth.example/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['an upgrade that nobody needs', `${head}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`],
  ])('answers %s as usual', async (_what, bytes) => {
    const answer = await service.raw(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"status":"ok"}');
  });

  test('answers two requests of one packet in turn', async () => {
    const answer = await service.raw(`${head}\r\nGET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
  });
});

test.each<[string, string, Parameters<TestService['ask']>[1], number]>([
  [
    'a form that is none',
    '/token',
    { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
    415,
  ],
  ['a long form', '/token', { method: 'POST', body: `a=${'a'.repeat(70_000)}`, headers: formType }, 413],
  ['a broken form', '/token', { method: 'POST', body: '', headers: { 'content-type': 'multipart/form-data' } }, 400],
  ['no token', '/auth', {}, 401],
  ['no token', '/users/me', {}, 401],
])('no cache keeps the refusal of %s at %s', async (_what, path, asked, status) => {
  const answer = await service.ask(path, asked);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-store']);
});

describe('pages of other origins', () => {
  const origin = 'https://app.example';
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  const corsHeaders = ({ headers }: Answer) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));
  const exposed = {
    'access-control-expose-headers': 'www-authenticate, retry-after, x-request-id, x-refused',
    vary: 'Origin',
  };

  test('may not call the service without --cors', async () => {
    for (const question of [{ headers: { origin } }, { method: 'OPTIONS', headers: preflight }]) {
      const answer = await service.ask('/token', question);
      expect(corsHeaders(answer)).toEqual({});
    }
  });

  let open: TestService;
  beforeAll(async () => {
    open = await startService({ corsOrigins: [origin, 'http://localhost:3000'] });
  });

  const callable = routes.filter((path) => path !== '/auth');
  test.each(callable)('may call %s if --cors names them', async (path) => {
    const answer = await open.ask(path, { method: 'OPTIONS', headers: preflight });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expect(corsHeaders(answer)).toEqual({
      ...exposed,
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
    });
    const called = await open.ask(path, {
      method: forms.includes(path) ? 'POST' : 'GET',
      headers: { origin: 'http://localhost:3000' },
    });
    expect(corsHeaders(called)).toEqual({ ...exposed, 'access-control-allow-origin': 'http://localhost:3000' });
    // A page with its visitors' cookies is none that asks for tokens.
    expect(called.headers.has('access-control-allow-credentials')).toBe(false);
  });

  const usual = 'authorization, content-type, if-none-match, x-request-id';
  test.each<[string, string]>([
    ['sentry-trace,baggage, x-datadog-trace-id', 'sentry-trace, baggage, x-datadog-trace-id'],
    ['cache-control,pragma,b3,x-csrf-token', 'cache-control, pragma, b3, x-csrf-token'],
    ['', usual],
    ['a b', usual],
    ['authorization,,x', usual],
    ['x"y', usual],
    [Array.from({ length: 65 }, (_, at) => `x-${at}`).join(), usual],
    ['x'.repeat(129), usual],
    [`a,${'x'.repeat(5000)}`, usual],
  ])('may send the headers "%s" that they ask for', async (asked, allowed) => {
    const headers = { ...preflight, 'access-control-request-headers': asked };
    const answer = await open.ask('/token', { method: 'OPTIONS', headers });
    expect([answer.status, answer.headers.get('access-control-allow-headers')]).toEqual([204, allowed]);
  });

  test.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:444',
    'https://app.example.evil.example',
    'https://APP.example',
    'null',
  ])('may not call from %s, which --cors does not name', async (other) => {
    for (const path of routes) {
      const asked = await open.ask(path, { method: 'OPTIONS', headers: { ...preflight, origin: other } });
      expect(asked.headers.has('access-control-allow-origin')).toBe(false);
    }
    expect(
      (await open.ask('/healthz', { headers: { origin: other } })).headers.has('access-control-allow-origin'),
    ).toBe(false);
  });

  test('can read why they were refused', async () => {
    const refused = await open.send('/token', { ...aliceForm, password: 'wrong' }, { origin });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    const missing = await open.ask('/nope', { headers: { origin } });
    expect(missing.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test.each(callable)('get the allowed methods for OPTIONS %s without a preflight', async (path) => {
    for (const headers of [{}, { origin }]) {
      const answer = await open.ask(path, { method: 'OPTIONS', headers });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('allow')).toBe(allowed(path));
    }
    expect((await open.ask('/nope', { method: 'OPTIONS' })).status).toBe(404);
  });
});

test('reads a form alike in any percent-encoding', async () => {
  const text = encodeForm(aliceForm).replaceAll('a', '%61').replaceAll('wonderland', '%77onderland');
  expect((await service.ask('/token', { method: 'POST', headers: formType, body: text })).status).toBe(200);
});
