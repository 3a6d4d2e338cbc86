/** Preflights as proxies ask about them: /auth says no to each, and sends no word about other origins that a proxy might pass on. */
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { bearer, startService, type TestService } from './test-service.js';

const origin = 'https://pages.example';
const [closed, open] = await Promise.all([startService(), startService({ corsOrigins: [origin] })]);
const { access_token: token } = await closed.login();
const { access_token: otherToken } = await open.login();

/** What a browser sends. */
const preflight = {
  origin,
  'access-control-request-method': 'DELETE',
  'access-control-request-headers': 'authorization,x-requested-with',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'cross-site',
};
const forwarded = (method: string) => ({
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'app.example',
  'x-forwarded-method': method,
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
  'x-forwarded-server': 'proxy',
  'x-forwarded-uri': '/orders/7?x=1',
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
}

/** How each proxy asks about a request by a method; with `all`, it passes on every header of the request. */
const proxies: Record<string, (method: string, all: Record<string, string>) => Asked> = {
  'nginx, auth_request': () => ({ method: 'GET', path: '/auth', headers: { 'x-forwarded-for': '203.0.113.7' } }),
  'nginx, with all headers': (_method, all) => ({ method: 'GET', path: '/auth?scope=read', headers: all }),
  'Traefik, forwardAuth': (method, all) => ({
    method: 'GET',
    path: '/auth?scope=read',
    headers: { ...all, ...forwarded(method), 'accept-encoding': 'gzip' },
  }),
  'Traefik, with authRequestHeaders': (method) => ({ method: 'GET', path: '/auth', headers: forwarded(method) }),
  'Caddy, forward_auth': (method, all) => ({
    method: 'GET',
    path: '/auth?',
    headers: { ...all, 'x-forwarded-method': method, 'x-forwarded-uri': '/orders/7?x=1' },
  }),
  'Envoy, ext_authz': (method) => ({ method, path: '/auth/orders/7?x=1', headers: { 'content-length': '0' } }),
  'Envoy, with allowed_headers': (method, all) => ({
    method,
    path: '/auth/orders/7?x=1',
    headers: { ...all, 'content-length': '0', 'x-envoy-internal': 'true' },
  }),
};

function ask({ port }: TestService, { method, path, headers }: Asked) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    asked.once('error', reject).end();
  });
}

const isAboutOrigins = (name: string) => name.startsWith('access-control-') || name.startsWith('x-auth-');

describe.each([
  ['without --cors', closed, token],
  ['with --cors', open, otherToken],
] as const)('%s', (_how, service, good) => {
  test.each(Object.entries(proxies))('%s: a preflight does not pass, the call after it does', async (_proxy, asks) => {
    const refused = await ask(service, asks('OPTIONS', preflight));
    expect(refused.status).toBe(401);
    expect(Object.keys(refused.headers).filter(isAboutOrigins)).toEqual([]);

    const call = asks('DELETE', { origin, 'x-requested-with': 'XMLHttpRequest', 'content-type': 'application/json' });
    const passed = await ask(service, { ...call, headers: { ...call.headers, ...bearer(good) } });
    expect(passed).toMatchObject({ status: 200, headers: { 'x-auth-subject': 'user-123' } });
    expect(Object.keys(passed.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  test.each([
    ['application/json', '{"a":'],
    ['multipart/form-data; boundary=b', '--b'],
    ['multipart/form-data', ''],
    ['application/x-www-form-urlencoded', 'a=%zz'],
    ['nonsense', 'x'],
    ['application/json', ''],
    ['text/plain', 'a'.repeat(200_000)],
  ])('the body that a proxy passes on is not read: %s', async (type, body) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const headers = { 'content-type': type };
      const passed = await service.ask('/auth/upload', { method, body, headers: { ...headers, ...bearer(good) } });
      expect([method, passed.status]).toEqual([method, 200]);
      expect((await service.ask('/auth/upload', { method, body, headers })).status).toBe(401);
    }
  });

  test.each([
    'x-forwarded-method',
    'x-original-method',
    'x-http-method-override',
    'x-method-override',
    'x-http-method',
  ])('a client that claims a preflight by %s does not pass', async (name) => {
    for (const path of ['/auth', '/auth/', '/auth/orders']) {
      for (const method of ['GET', 'OPTIONS']) {
        expect((await ask(service, { method, path, headers: { ...preflight, [name]: 'OPTIONS' } })).status).toBe(401);
      }
    }
  });
});
