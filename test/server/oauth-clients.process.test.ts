/** Other people's clients, in front of the real binary: what they expect of an authorization server, they find. */
import { spawn } from 'node:child_process';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeKeyring, temporaryFolder } from '../cli/fake-io.js';
import { aliceForm, client, clientSecret, type Served, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithPython } from '../programs.js';

const insecure = { [oauth.allowInsecureRequests]: true } as const;
let rotating: Served;
let steady: Served;
beforeAll(async () => {
  const start = async (...args: string[]) => {
    const keyring = await makeKeyring('ES256');
    writeAccounts(keyring);
    return serveBinary(['--keyring', keyring, ...args], { cwd: temporaryFolder() });
  };
  [rotating, steady] = await Promise.all([start('--rotate', '--rotate-grace', '0', '--aud', 'api'), start()]);
});

describe.each(['client_secret_basic', 'client_secret_post'] as const)('oauth4webapi, %s', (method) => {
  const authenticate =
    method === 'client_secret_basic' ? oauth.ClientSecretBasic(clientSecret) : oauth.ClientSecretPost(clientSecret);
  const self: oauth.Client = { client_id: client.id };
  const discover = async (url: string, algorithm: 'oauth2' | 'oidc' = 'oauth2') => {
    const issuer = new URL(url);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }));
  };
  const grant = async (server: oauth.AuthorizationServer, type: string, form: Record<string, string>) =>
    oauth.processGenericTokenEndpointResponse(
      server,
      self,
      await oauth.genericTokenEndpointRequest(server, self, authenticate, type, form, insecure),
    );
  const introspect = async (server: oauth.AuthorizationServer, token: string) =>
    oauth.processIntrospectionResponse(
      server,
      self,
      await oauth.introspectionRequest(server, self, authenticate, token, insecure),
    );

  test.each(['oauth2', 'oidc'] as const)('finds the metadata as %s does', async (algorithm) => {
    const server = await discover(steady.url, algorithm);
    expect(server.issuer).toBe(steady.url);
    expect(server.token_endpoint).toBe(`${steady.url}/token`);
    expect(server.token_endpoint_auth_methods_supported).toContain(method);
  });

  test('gets tokens for a password, and verifies them by the discovered keys', async () => {
    const server = await discover(rotating.url);
    const tokens = await grant(server, 'password', { ...aliceForm, scope: 'read' });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 1800 });
    const keys = createRemoteJWKSet(new URL(server.jwks_uri ?? ''));
    const { payload } = await jwtVerify(tokens.access_token, keys, { issuer: rotating.url, audience: 'api' });
    expect(payload).toMatchObject({ sub: 'user-123', scope: 'read', client_id: client.id, type: 'access' });
    expect(await introspect(server, tokens.access_token)).toMatchObject({ active: true, sub: 'user-123' });
  });

  test('gets a token for the client itself', async () => {
    const server = await discover(steady.url);
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      self,
      authenticate,
      { scope: 'invoices:read admin' },
      insecure,
    );
    const tokens = await oauth.processClientCredentialsResponse(server, self, response);
    expect(tokens).toMatchObject({ scope: 'invoices:read' });
    expect(tokens).not.toHaveProperty('refresh_token');
    const { status } = await oauth.protectedResourceRequest(
      tokens.access_token,
      'GET',
      new URL('/auth?scope=invoices:read', steady.url),
      undefined,
      null,
      insecure,
    );
    expect(status).toBe(200);
  });

  test('refreshes with and without rotation, and gets the error for a reuse', async () => {
    for (const { url } of [steady, rotating]) {
      const server = await discover(url);
      const { refresh_token: first = '' } = await grant(server, 'password', aliceForm);
      const refresh = async (token: string) =>
        oauth.processRefreshTokenResponse(
          server,
          self,
          await oauth.refreshTokenGrantRequest(server, self, authenticate, token, insecure),
        );
      const { access_token: access, refresh_token: second } = await refresh(first);
      expect(await introspect(server, access)).toMatchObject({ active: true });
      if (url === steady.url) {
        expect(second).toBeUndefined();
        await refresh(first);
      } else {
        await expect(refresh(first)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
        await expect(refresh(second ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
        expect(await introspect(server, access)).toEqual({ active: false });
      }
    }
  });

  test('revokes known and unknown tokens', async () => {
    const server = await discover(steady.url);
    const tokens = await grant(server, 'password', aliceForm);
    const revoke = async (token: string) =>
      oauth.processRevocationResponse(await oauth.revocationRequest(server, self, authenticate, token, insecure));
    await revoke(tokens.refresh_token ?? '');
    await revoke('nonsense');
    expect(await introspect(server, tokens.access_token)).toEqual({ active: false });
    expect(await introspect(server, 'nonsense')).toEqual({ active: false });
  });

  test('gets OAuth errors', async () => {
    const server = await discover(steady.url);
    for (const [type, form, error] of [
      ['refresh_token', { refresh_token: 'nonsense' }, 'invalid_grant'],
      ['password', { ...aliceForm, scope: 'admin' }, 'invalid_scope'],
      ['urn:example:grant', {}, 'unsupported_grant_type'],
      ['password', {}, 'invalid_request'],
    ] as const) {
      await expect(grant(server, type, form)).rejects.toMatchObject({ error });
    }
    // The tutorials answer 401 and a challenge, which RFC 6749 §5.2 keeps for clients; the body has both.
    await expect(grant(server, 'password', { ...aliceForm, password: 'wrong' })).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'bearer', parameters: {} }],
    });
  });
});

test('oauth4webapi reads the challenge for a wrong secret', async () => {
  const server = { issuer: steady.url, token_endpoint: `${steady.url}/token` };
  const self = { client_id: client.id };
  const wrong = oauth.ClientSecretBasic('wrong');
  const response = await oauth.clientCredentialsGrantRequest(server, self, wrong, {}, insecure);
  await expect(oauth.processClientCredentialsResponse(server, self, response)).rejects.toThrow(
    oauth.WWWAuthenticateChallengeError,
  );
});

test('oauth4webapi reads the challenge of /auth (RFC 6750)', async () => {
  const ask = (token: string, path: string) =>
    oauth.protectedResourceRequest(token, 'GET', new URL(path, steady.url), undefined, null, insecure);
  await expect(ask('nonsense', '/auth')).rejects.toMatchObject({
    status: 401,
    cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token', error_description: 'Invalid token' } }],
  });
  const server = { issuer: steady.url, token_endpoint: `${steady.url}/token` };
  const self = { client_id: client.id };
  const authenticate = oauth.ClientSecretBasic(clientSecret);
  const { access_token: token } = await oauth.processClientCredentialsResponse(
    server,
    self,
    await oauth.clientCredentialsGrantRequest(server, self, authenticate, {}, insecure),
  );
  await expect(ask(token, '/auth?scope=write')).rejects.toMatchObject({
    status: 403,
    cause: [{ scheme: 'bearer', parameters: { error: 'insufficient_scope', scope: 'write' } }],
  });
});

describe('openid-client', () => {
  const discover = (url: string, algorithm: 'oauth2' | 'oidc' = 'oauth2') =>
    openid.discovery(new URL(url), client.id, clientSecret, openid.ClientSecretBasic(clientSecret), {
      algorithm,
      execute: [openid.allowInsecureRequests],
    });

  test.each(['oauth2', 'oidc'] as const)('finds the metadata as %s does', async (algorithm) => {
    const config = await discover(steady.url, algorithm);
    expect(config.serverMetadata()).toMatchObject({
      issuer: steady.url,
      introspection_endpoint: `${steady.url}/introspect`,
    });
  });

  test('goes through the life of a session', async () => {
    const config = await discover(rotating.url);
    const first = await openid.genericGrantRequest(config, 'password', aliceForm);
    expect(first.expiresIn()).toBeGreaterThan(1790);
    expect(await openid.tokenIntrospection(config, first.access_token)).toMatchObject({
      active: true,
      sub: 'user-123',
      token_type: 'Bearer',
      iss: rotating.url,
      aud: 'api',
    });
    const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '', { scope: 'read' });
    expect(second.scope).toBeUndefined();
    const third = await openid.refreshTokenGrant(config, second.refresh_token ?? '');
    await openid.tokenRevocation(config, third.refresh_token ?? '');
    for (const { access_token: token } of [first, second, third]) {
      expect(await openid.tokenIntrospection(config, token)).toEqual({ active: false });
    }
    await expect(openid.refreshTokenGrant(config, third.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  test('gets a token for the client itself', async () => {
    const config = await discover(steady.url);
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'invoices:read' });
    expect(tokens.scope).toBeUndefined();
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      sub: client.id,
      scope: 'invoices:read',
    });
  });

  test('logs users in without a client secret', async () => {
    const config = await openid.discovery(new URL(steady.url), 'app', undefined, openid.None(), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
    const tokens = await openid.genericGrantRequest(config, 'password', aliceForm);
    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(renewed.access_token).not.toBe(tokens.access_token);
  });
});

describeWithPython(['jwt', 'cryptography'], 'PyJWT', (python) => {
  const code = `import json, sys
import jwt

url, token = sys.argv[1:]
keys = jwt.PyJWKClient(url + '/.well-known/jwks.json')
key = keys.get_signing_key_from_jwt(token)
print(json.dumps(jwt.decode(token, key.key, algorithms=['ES256'], issuer=url, audience='api')))
`;
  const verify = (url: string, token: string) =>
    new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
      const written = { stdout: '', stderr: '' };
      const child = spawn(python, ['-c', code, url, token], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (written[name] += text));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, ...written }));
    });

  test('verifies a token by the served JWK Set, and refuses a forged one', { tags: 'slow' }, async () => {
    const response = await fetch(`${rotating.url}/token`, { method: 'POST', body: new URLSearchParams(aliceForm) });
    const { access_token: token } = (await response.json()) as { access_token: string };
    const { status, stdout, stderr } = await verify(rotating.url, token);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ sub: 'user-123', type: 'access', scope: 'read write' });
    const [header, payload, signature = ''] = token.split('.');
    const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const refused = await verify(rotating.url, forged);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('InvalidSignatureError');
  });
});
