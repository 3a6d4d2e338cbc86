/** Every method on every route without a token: none of them opens what is guarded, whatever page or proxy asks. */
import { Agent, METHODS, request } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { bearer, startService, type TestService } from './test-service.js';

const origin = 'https://app.example';
const [closed, open] = await Promise.all([startService(), startService({ corsOrigins: [origin] })]);
const services: [string, TestService][] = [
  ['without --cors', closed],
  ['with --cors', open],
];

/** Headers with which a page of another origin asks, or a browser before it does. */
const askers: Record<string, string>[] = [
  {},
  { origin },
  { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
  { origin, 'access-control-request-method': 'DELETE' },
  { 'access-control-request-method': 'GET' },
];

const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Asks by a method that fetch refuses to send, TRACE among them; the path goes out as it is. */
function ask(
  { port }: TestService,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    asked.once('error', reject).end();
  });
}

/** CONNECT asks a proxy for a tunnel, and gets no answer here. */
const all = METHODS.filter((name) => name !== 'CONNECT');
const few = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];
const choices = [
  ['', {}, few],
  [', every method', { tags: 'slow' }, all],
] as const;
const askersBy = (method: string) => (method === 'OPTIONS' || method === 'GET' ? askers : askers.slice(1, 2));
const corsHeaders = ({ headers }: Answer) => Object.keys(headers).filter((name) => /^access-control-/.test(name));

for (const [more, options, methods] of choices)
  describe.each(services)(`%s${more}`, options, (_how, service) => {
    test.each([
      '/auth',
      '/auth/',
      '/auth/orders/7',
      '/auth?scope=read',
      '/auth/?scope=read',
      '/auth//x',
      '/auth/%2e%2e/docs',
      '/auth/orders#x',
      'http://user:password@host/auth',
      'http://host/auth/orders',
    ])('lets no method and no page past %s without a token, and sends it no CORS headers', async (path) => {
      for (const method of methods) {
        for (const headers of askersBy(method)) {
          const answer = await ask(service, method, path, headers);
          const isMethodOfAuth =
            /^(?:http:\/\/[^/]*)?\/auth(?:[?#]|$)/.test(path) && !/^(?:GET|HEAD|OPTIONS)$/.test(method);
          expect([method, answer.status]).toEqual([method, isMethodOfAuth ? 405 : 401]);
          expect(corsHeaders(answer)).toEqual([]);
          expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-auth-'))).toEqual([]);
        }
      }
    });

    test.each([
      ...['/auth*', '/authority', '/auth%2Fx', '/AUTH/x', '/auth;x', '/%61uth', '/%61uth/x', '/auth\\x'],
      ...['//auth', '/./auth', '/x/../auth', '/%61uth%2Fx', '/%41UTH/x', 'http://host//auth', 'HTTP://host/auth'],
    ])('refuses the similar path %s without a token', async (path) => {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        for (const headers of askers) {
          const { status } = await ask(service, method, path, headers);
          expect([401, 404, 405]).toContain(status);
        }
      }
    });

    test('accepts a valid token with every method behind /auth/, without CORS headers', async () => {
      const { access_token: token } = await service.login();
      for (const method of methods) {
        for (const headers of askersBy(method)) {
          const answer = await ask(service, method, '/auth/orders', { ...headers, ...bearer(token) });
          expect([method, answer.status]).toEqual([method, 200]);
          expect(answer.headers).toMatchObject({ 'x-auth-subject': 'user-123' });
          expect(corsHeaders(answer)).toEqual([]);
        }
      }
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        for (const [query, status] of [
          ['?scope=read', 200],
          ['?scope=admin', 403],
          ['?other=x', 400],
        ] as const) {
          expect((await ask(service, method, `/auth${query}`, bearer(token))).status).toBe(status);
        }
      }
    });

    /** What anybody may read; the rest is guarded, or takes a form. */
    const isPublic = (path: string) => /^\/(?:healthz|readyz|metrics|openapi\.json|docs|\.well-known\/.*)$/.test(path);
    const paths = [
      ...[
        '/token',
        '/token/refresh',
        '/users/me',
        '/revoke',
        '/introspect',
        '/healthz',
        '/readyz',
        '/metrics',
        '/docs',
      ],
      ...['/openapi.json', '/.well-known/jwks.json', '/.well-known/openid-configuration', '/', '/nope', '/users/you'],
    ];
    test.each(paths)('%s answers 2xx without credentials only to public requests', async (path) => {
      for (const method of methods) {
        for (const headers of askersBy(method)) {
          const { status, headers: told } = await ask(service, method, path, headers);
          const isRead = isPublic(path) && (method === 'GET' || method === 'HEAD');
          // Which methods there are, and to a page of a named origin that it may ask, is all that OPTIONS says.
          const saysMethods = method === 'OPTIONS' && status === 204;
          expect([method, status >= 200 && status < 300]).toEqual([method, isRead || saysMethods]);
          if (saysMethods) expect(Object.keys(told)).not.toContain('content-type');
        }
      }
    });
  });
