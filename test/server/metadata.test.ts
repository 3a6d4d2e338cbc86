/** What verifiers and clients find the service by (RFC 7517 §5, RFC 8414, OpenID Connect Discovery 1.0). */
import { beforeAll, describe, expect, test } from 'vitest';
import type { OwnKeySource } from '../../src/token/key-source.js';
import {
  aliceForm,
  basic,
  bearer,
  billing,
  claimsOf,
  keyPair,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

const jwks = '/.well-known/jwks.json';
const oauth = '/.well-known/oauth-authorization-server';
const openid = '/.well-known/openid-configuration';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});

const describeAt = (issuer: string, base: string) => ({
  issuer,
  token_endpoint: `${base}/token`,
  jwks_uri: `${base}/.well-known/jwks.json`,
  revocation_endpoint: `${base}/revoke`,
  introspection_endpoint: `${base}/introspect`,
  response_types_supported: [],
  grant_types_supported: ['password', 'refresh_token', 'client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
});
const openidMembers = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] };

test('the JWK Set holds public keys only', async () => {
  const { status, headers, body } = await service.ask(jwks);
  expect(status).toBe(200);
  const key = { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) };
  expect(body).toEqual({ keys: [{ ...key, kid: 'key-1', alg: 'ES256', use: 'sig' }] });
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
});

test('the metadata name every route', async () => {
  expect((await service.ask(oauth)).body).toEqual(describeAt(service.origin, service.origin));
  expect((await service.ask(openid)).body).toEqual({ ...describeAt(service.origin, service.origin), ...openidMembers });
});

test('request headers never change a URL or an issuer, with or without trusted proxies', async () => {
  const lies = {
    forwarded: 'host=evil.example;proto=https',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/evil',
    'x-forwarded-port': '666',
  };
  const lines = Object.entries(lies).map(([name, value]) => `${name}: ${value}\r\n`);
  for (const each of [service, await startService({ trustedProxies: ['loopback'] })]) {
    const { body } = await each.send('/token', aliceForm, lies);
    expect(claimsOf((body as Tokens).access_token).iss).toBe(each.origin);
    for (const path of [oauth, openid, '/openapi.json', '/docs', '/docs/', '/nope', '/token']) {
      const answer = await each.raw(
        `GET ${path} HTTP/1.1\r\nHost: evil.example\r\n${lines.join('')}Connection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 \d/);
      expect(answer, path).not.toContain('evil');
    }
  }
});

describe.each([jwks, oauth, openid])('%s', (path) => {
  test('may be cached for five minutes, and is revalidated by its ETag', async () => {
    const { headers, text } = await service.ask(path);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    const tag = headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]{20,}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await service.ask(path, { headers: { 'if-none-match': known } });
      expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
      expect(again.headers.get('etag')).toBe(tag);
      expect(again.headers.get('cache-control')).toBe('public, max-age=300');
    }
    for (const other of ['"other"', 'W/"other"', '', tag.slice(1, -1)]) {
      const again = await service.ask(path, { headers: { 'if-none-match': other } });
      expect({ status: again.status, text: again.text }).toEqual({ status: 200, text });
    }
  });

  test('answers HEAD as GET, without the body', async () => {
    const [head, get] = [await service.ask(path, { method: 'HEAD' }), await service.ask(path)];
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: '' });
    for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) {
      expect(head.headers.get(name), name).toBe(get.headers.get(name));
    }
  });
});

test('the ETag changes with the keys', async () => {
  let keys: OwnKeySource = await keyPair('ES256', 'old');
  const changing = await startService(
    {},
    {
      keys: {
        keys: (now) => keys.keys(now),
        signingKey: (now) => keys.signingKey(now),
        publishedSet: (now) => keys.publishedSet?.(now) ?? { keys: [] },
      },
    },
  );
  const before = (await changing.ask(jwks)).headers.get('etag') ?? '';
  keys = await keyPair('EdDSA', 'new');
  const { status, headers, body } = await changing.ask(jwks, { headers: { 'if-none-match': before } });
  expect(status).toBe(200);
  expect(headers.get('etag')).not.toBe(before);
  expect(body).toMatchObject({ keys: [{ kid: 'new' }] });
  const { body: metadata } = await changing.ask(openid);
  expect(metadata).toMatchObject({ id_token_signing_alg_values_supported: ['EdDSA'] });
});

describe('with a named issuer', () => {
  const named = (issuer: string) => startService({ issuer: () => issuer, requiresIssuer: true });

  test.each([
    ['https://auth.example', 'https://auth.example'],
    ['https://auth.example/', 'https://auth.example'],
    ['https://auth.example/tenant', 'https://auth.example/tenant'],
    ['https://auth.example/tenant/', 'https://auth.example/tenant'],
  ])('%s stays unchanged, and every URL begins with %s', async (issuer, base) => {
    const told = await named(issuer);
    expect((await told.ask(oauth)).body).toEqual(describeAt(issuer, base));
    expect((await told.ask(openid)).body).toEqual({ ...describeAt(issuer, base), ...openidMembers });
  });

  test.each([
    ['https://auth.example/tenant', '/tenant'],
    ['https://auth.example/tenant/', '/tenant'],
    ['https://auth.example/a/b', '/a/b'],
    ['https://auth.example/a:b*c', '/a:b*c'],
    ['https://auth.example/%C3%BC', '/%C3%BC'],
    ['https://auth.example/%2e%2F', '/%2e%2F'],
  ])('%s has its metadata between host and path (RFC 8414 §3.1)', async (issuer, path) => {
    const told = await named(issuer);
    const { status, body, headers } = await told.ask(`${oauth}${path}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { issuer } });
    expect(headers.get('etag')).toBe((await told.ask(oauth)).headers.get('etag'));
    for (const other of [`${oauth}/other`, `${oauth}${path}/more`]) {
      const answer = await told.ask(other);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 404, body: { detail: 'Not Found' } });
    }
  });

  test('answers 404 to a path behind the metadata of an issuer without a path', async () => {
    const told = await named('https://auth.example');
    for (const path of [`${oauth}/`, `${oauth}/tenant`]) expect((await told.ask(path)).status).toBe(404);
  });
});

describe.each(['HS256', 'HS384', 'HS512'] as const)('with a secret for %s', (alg) => {
  let shared: TestService;
  beforeAll(async () => {
    shared = await startService({}, { keys: await keyPair(alg) });
  });

  test('keeps the contract of the tutorials', async () => {
    const tokens = (await shared.send('/token', aliceForm)).body as Tokens;
    expect(JSON.parse(Buffer.from(tokens.access_token.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg,
      typ: 'JWT',
    });
    const { body } = await shared.ask('/users/me', { headers: bearer(tokens.access_token) });
    expect(body).toEqual({ user_id: 'user-123' });
    const renewed = await shared.send('/token/refresh', { refresh_token: tokens.refresh_token });
    expect(renewed.status).toBe(200);
    const { body: told } = await shared.send('/introspect', { token: tokens.access_token }, basic(billing));
    expect(told).toMatchObject({ active: true, sub: 'user-123' });
  });

  test('publishes no JWK Set, and no link to one', async () => {
    for (const path of [jwks, openid]) {
      for (const method of ['GET', 'HEAD', 'POST']) expect((await shared.ask(path, { method })).status).toBe(404);
    }
    const { status, body } = await shared.ask(oauth);
    const { jwks_uri: _, ...metadata } = describeAt(shared.origin, shared.origin);
    expect({ status, body }).toEqual({ status: 200, body: metadata });
    expect(Object.keys(((await shared.ask('/openapi.json')).body as { paths: object }).paths)).not.toContain(jwks);
  });
});
