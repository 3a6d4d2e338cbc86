/** An issuer with a path, such as https://host/idp, behind a proxy that takes the path off or leaves it there. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aliceForm, bearer, startService, type TestService } from './test-service.js';

const issuer = 'https://host.example/idp';
const origin = 'https://app.example';
let service: TestService;
beforeAll(async () => {
  service = await startService({ issuer: () => issuer, requiresIssuer: true, corsOrigins: [origin] });
});
const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

/** Asks by a path as it is, which fetch would change. */
function ask({ port }: TestService, path: string, method = 'GET', headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.once('error', reject).end();
  });
}

describe.each(['', '/idp'])('with the prefix %j in the path', (prefix) => {
  test('every route for clients answers', async () => {
    const tokens = await service.send(`${prefix}/token`, aliceForm);
    expect(tokens.status).toBe(200);
    const { access_token: token } = tokens.body as { access_token: string };
    for (const path of ['/users/me', '/auth', '/auth?scope=read', '/auth/', '/auth/orders?x=1']) {
      expect([path, (await ask(service, `${prefix}${path}`, 'GET', bearer(token))).status]).toEqual([path, 200]);
      expect([path, (await ask(service, `${prefix}${path}`)).status]).toEqual([path, 401]);
    }
    for (const path of ['/.well-known/jwks.json', '/docs', '/docs/static/start.js', '/openapi.json', '/docs/json?x']) {
      expect([path, (await ask(service, `${prefix}${path}`)).status]).toEqual([path, 200]);
    }
    expect((await service.send(`${prefix}/introspect`, { token })).status).toBe(401);
    expect((await service.send(`${prefix}/revoke`, { token })).status).toBe(200);
    expect((await ask(service, `${prefix}/nope`)).status).toBe(404);
    expect((await ask(service, `${prefix}/token`)).headers.allow).toBe('POST, OPTIONS');
    const refused = await service.send(`${prefix}/token`, { username: 'alice', password: 'wrong' });
    expect(refused.body).toMatchObject({ path: '/token', error: 'invalid_grant' });
  });

  test('preflights are answered', async () => {
    const preflight = { origin, 'access-control-request-method': 'POST' };
    const { status, headers } = await ask(service, `${prefix}/token`, 'OPTIONS', preflight);
    expect([status, headers['access-control-allow-origin']]).toEqual([204, origin]);
    // Not for proxies, which would take it for a yes.
    for (const path of ['/auth', '/auth/orders', '/authority']) {
      const { status, headers } = await ask(service, `${prefix}${path}`, 'OPTIONS', preflight);
      expect([401, 404]).toContain(status);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('the metadata name the URLs of the issuer', async () => {
    const { text } = await ask(service, `${prefix}/.well-known/openid-configuration`);
    expect(JSON.parse(text)).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
    });
    const root = await ask(service, '/.well-known/oauth-authorization-server/idp');
    expect(JSON.parse(root.text)).toMatchObject({ issuer });
  });

  test('the description names the issuer as its server', async () => {
    for (const path of ['/openapi.json', '/docs/json']) {
      const description = JSON.parse((await ask(service, `${prefix}${path}`)).text);
      expect(description.servers).toEqual([{ url: issuer }]);
      const { password } = description.components.securitySchemes.password.flows;
      expect(password).toMatchObject({ tokenUrl: `${issuer}/token`, refreshUrl: `${issuer}/token` });
    }
  });
});

test.each([
  ['/', 'docs', '/docs'],
  ['/idp', 'idp/docs', '/idp/docs'],
  ['/idp/', 'docs', '/idp/docs'],
  ['/idp?x=/y/', 'idp/docs', '/idp/docs'],
  ['/?x', 'docs', '/docs'],
])('%s leads to the page by the relative address %s', async (path, location, target) => {
  const { status, headers } = await ask(service, path);
  expect({ status, location: headers.location }).toEqual({ status: 302, location });
  expect(new URL(location, `https://host.example${path}`).pathname).toBe(target);
});

test('routes for those who run the service have no prefix: a proxy that closes them there must not be got past', async () => {
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    expect((await ask(service, path)).status).toBe(200);
    for (const asked of [
      `/idp${path}`,
      `/idp/${path.replace(/^\/(.)/, (_, first) => `%${first.charCodeAt(0).toString(16)}`)}`,
    ]) {
      const { status, text, headers } = await ask(service, asked);
      expect({ asked, status, text }).toEqual({ asked, status: 404, text: '{"detail":"Not Found"}' });
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-request-id': expect.any(String) });
    }
  }
});

test.each([
  '/idpx/token',
  '/idp%2Ftoken',
  '/IDP/token',
  '/%69dp/docs',
  '//idp/docs',
  '/idp/idp/docs',
  '/idp//docs',
  '/idp;/docs',
  '/x/idp/docs',
])('the similar path %s is unknown', async (path) => {
  expect((await ask(service, path)).status).toBe(404);
});

describe('an issuer whose path begins like a route', () => {
  test.each([
    'https://host.example/auth',
    'https://host.example/auth/',
    'https://host.example/auth/realm',
    'https://host.example/token',
    'https://host.example/%61uth',
    'https://host.example/%2561uth',
    'https://host.example/Auth',
    'https://host.example/AUTH/realm',
    'https://host.example//auth',
    'https://host.example/auth;x',
    'https://host.example/auth%2frealm',
  ])('%s opens nothing to a proxy that asks below /auth', async (name) => {
    const other = await startService({ issuer: () => name, requiresIssuer: true });
    // With the path as it is written no route of the service answers either.
    expect((await ask(other, `${new URL(name).pathname}/docs`)).status).not.toBe(200);
    for (const path of [
      '/auth',
      '/auth/',
      '/auth/docs',
      '/auth/openapi.json',
      '/auth/realm/docs',
      '/auth/.well-known/jwks.json',
    ]) {
      expect([path, (await ask(other, path)).status]).toEqual([path, 401]);
    }
    const { access_token: token } = await other.login();
    for (const path of ['/auth', '/auth/docs']) expect((await ask(other, path, 'GET', bearer(token))).status).toBe(200);
  });
});

test.each(['https://host.example', 'https://host.example/'])('the issuer %s has no prefix', async (name) => {
  const other = await startService({ issuer: () => name, requiresIssuer: true });
  expect((await ask(other, '/docs')).status).toBe(200);
  expect((await ask(other, '//docs')).status).toBe(404);
  const description = JSON.parse((await ask(other, '/openapi.json')).text);
  expect(description.servers).toEqual([{ url: 'https://host.example' }]);
});

test('the address that the service listens on is no prefix, and no server of the description', async () => {
  const other = await startService({ issuer: () => issuer, requiresIssuer: false });
  expect((await ask(other, '/idp/docs')).status).toBe(404);
  const description = JSON.parse((await ask(other, '/openapi.json')).text);
  expect(description).not.toHaveProperty('servers');
  expect(description.components.securitySchemes.password.flows.password.tokenUrl).toBe('/token');
});
