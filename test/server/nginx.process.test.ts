/** nginx with the configuration of the docs, as it stands there, before an application that tells what reached it. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashPassword } from '../../src/store/accounts/password.js';
import { runCli, segmentOf, stdoutOf, temporaryFolder, withClaims } from '../cli/fake-io.js';
import { describeWithProgram } from '../programs.js';
import { freePort } from '../store/redis-server.js';
import { nginx, startNginx } from './nginx.js';
import { type ServiceProcess, startService } from './service-process.js';

const documented = readFileSync(fileURLToPath(new URL('../../docs/examples/nginx.conf', import.meta.url)), 'utf8');
const issuer = 'https://app.example';

describeWithProgram(nginx, 'nginx with the configuration of the docs', () => {
  let keyring: string;
  let ca: string;
  let port: number;
  let service: ServiceProcess;
  let application: Server;
  let endNginx: () => Promise<void>;
  /** The headers of the requests that reached the application. */
  const reached: IncomingHttpHeaders[] = [];

  beforeAll(async () => {
    const now = Date.now() / 1000;
    const folder = temporaryFolder();
    keyring = join(folder, 'keyring');
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'k1', '--keyring', keyring], { now });
    const user = { name: 'alice', sub: 'zoë 100%', roles: ['admin', 'on call'], scopes: ['read', 'write'], created: 0 };
    const users = [{ ...user, password: await hashPassword('wonderland') }];
    writeFileSync(join(keyring, 'users.json'), JSON.stringify({ users }));

    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['--subject', 'CN=app.example', '--san', 'app.example'];
    await stdoutOf(['keygen', '--alg', 'ES256', '--private', key, '--cert', cert, ...subject], { now });
    ca = readFileSync(cert, 'utf8');

    application = createServer(({ headers }, response) => {
      reached.push(headers);
      response.end('the page');
    });
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const [, args = ''] = /^# +jwtkit serve (.*)$/m.exec(documented) ?? [];
    // Without the grace in which a lost answer is given again.
    service = await startService([...args.split(' '), '--rotate-grace', '0', '--keyring', keyring]);

    port = await freePort();
    const places = {
      '127.0.0.1:8000': `127.0.0.1:${service.port}`,
      '127.0.0.1:3000': `127.0.0.1:${(application.address() as AddressInfo).port}`,
      'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
      '/etc/ssl/certs/app.example.pem': cert,
      '/etc/ssl/private/app.example.key': key,
    };
    endNginx = await startNginx(folder, replaceEach(documented, places), port);
  });
  afterAll(async () => {
    await endNginx?.();
    await service?.stop();
    application?.close();
  });

  async function ask(path: string, headers: Record<string, string> = {}, form?: Record<string, string>) {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request({
      ...{ host: '127.0.0.1', port, path, ca, servername: 'app.example', agent: false },
      ...{ method: body === undefined ? 'GET' : 'POST', headers: { host: 'app.example', ...type, ...headers } },
    }).end(body);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  }

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  /** A token of the same keyring, made now or at another time. */
  async function issue(args: readonly string[] = [], now = Date.now() / 1000): Promise<string> {
    return stdoutOf(['issue', '--keyring', keyring, '--sub', 'user-123', '--iss', issuer, ...args], { now });
  }

  async function logIn(): Promise<{ access_token: string; refresh_token: string }> {
    const { status, text } = await ask('/token', {}, { username: 'alice', password: 'wonderland' });
    expect(status, text).toBe(200);
    return JSON.parse(text);
  }

  async function expectRefusal(path: string, headers: Record<string, string>, status: number, challenge: string) {
    reached.length = 0;
    const answer = await ask(path, headers);
    expect(answer).toMatchObject({ status, headers: { 'www-authenticate': challenge, 'cache-control': 'no-store' } });
    expect(Object.keys(JSON.parse(answer.text))).toEqual(['detail']);
    expect(reached).toEqual([]);
  }

  const invalid = 'Bearer error="invalid_token", error_description="Invalid token"';

  test('shows no page without a token', async () => {
    await expectRefusal('/', {}, 401, 'Bearer');
    await expectRefusal('/admin/', {}, 401, 'Bearer');
    await expectRefusal('/', { authorization: 'Basic YWxpY2U6d29uZGVybGFuZA==' }, 401, 'Bearer');
  });

  test('shows the page after a log-in, and passes the identity but not the token to the application', async () => {
    reached.length = 0;
    const { access_token } = await logIn();
    const { status, text } = await ask('/', bearer(access_token));
    expect({ status, text }).toEqual({ status: 200, text: 'the page' });
    expect(reached).toMatchObject([
      { 'x-auth-subject': 'zo%C3%AB%20100%25', 'x-auth-scope': 'read write', 'x-auth-roles': 'admin on%20call' },
    ]);
    expect(reached[0]).not.toHaveProperty('authorization');
  });

  test('drops identity headers of a client', async () => {
    reached.length = 0;
    const forged = {
      'x-auth-subject': 'root',
      'X-AUTH-ROLES': 'admin',
      'x-auth-scope': 'everything',
      x_auth_subject: 'root',
      x_auth_roles: 'admin',
      'x-forwarded-for': '203.0.113.7',
    };
    const { status } = await ask('/', { ...bearer(await issue()), ...forged });
    expect(status).toBe(200);
    expect(reached).toMatchObject([{ 'x-auth-subject': 'user-123', 'x-forwarded-for': '127.0.0.1' }]);
    expect(JSON.stringify(reached)).not.toMatch(/root|admin|everything|203\.0\.113/);
    await expectRefusal('/', forged, 401, 'Bearer');
  });

  test('refuses refresh tokens, expired and forged tokens, and those of another issuer', async () => {
    const { refresh_token } = await logIn();
    const type = 'Bearer error="invalid_token", error_description="Invalid token type: expected access"';
    const expired = 'Bearer error="invalid_token", error_description="Token has expired"';
    await expectRefusal('/', bearer(refresh_token), 401, type);
    await expectRefusal('/', bearer(await issue([], Date.now() / 1000 - 86_400)), 401, expired);
    await expectRefusal('/', bearer(await issue(['--iss', 'https://other.example'])), 401, invalid);
    await expectRefusal('/', bearer(withClaims(await issue(), { sub: 'root' })), 401, invalid);
    await expectRefusal('/', bearer('nonsense'), 401, invalid);
  });

  test('refuses a token right after its revocation', async () => {
    const { access_token } = await logIn();
    expect((await ask('/', bearer(access_token))).status).toBe(200);
    const { jti } = segmentOf(access_token, 1);
    const revoked = await runCli(['revoke', access_token, '--keyring', keyring], { now: Date.now() / 1000 });
    expect(revoked, `${jti}`).toMatchObject({ exitCode: 0 });
    await expectRefusal('/', bearer(access_token), 401, invalid);
  });

  test('closes a location that demands a scope and a role to a token with only one of them', async () => {
    const challenge = (scope: string) => `Bearer error="insufficient_scope"${scope}`;
    await expectRefusal('/admin/', bearer(await issue(['--role', 'admin'])), 403, challenge(', scope="write"'));
    await expectRefusal('/admin/', bearer(await issue(['--scope', 'write'])), 403, challenge(''));
    const both = await issue(['--role', 'admin', '--role', 'user', '--scope', 'read write']);
    expect(await ask('/admin/', bearer(both))).toMatchObject({ status: 200, text: 'the page' });
  });

  test('hides /auth and the inner routes of jwtkit', async () => {
    const headers = bearer(await issue());
    for (const path of ['/_auth/any', '/_auth/admin', '/_auth/', '/_auth/other']) {
      expect((await ask(path, headers)).status, path).toBe(404);
    }
    // These are the application's, behind the guard.
    for (const path of ['/auth', '/metrics', '/introspect', '/docs', '/token/']) {
      expect((await ask(path)).status, path).toBe(401);
    }
    const keys = await ask('/.well-known/jwks.json');
    expect(JSON.parse(keys.text)).toMatchObject({ keys: [{ kid: 'k1' }] });
    expect(JSON.parse((await ask('/.well-known/openid-configuration')).text)).toMatchObject({ issuer });
  });

  test('passes refreshing on, and a rotated token works once', async () => {
    const { refresh_token } = await logIn();
    const first = await ask('/token/refresh', {}, { refresh_token });
    expect(first.status).toBe(200);
    const { access_token } = JSON.parse(first.text);
    expect((await ask('/', bearer(access_token))).status).toBe(200);
    expect((await ask('/token/refresh', {}, { refresh_token })).status).toBe(401);
    await expectRefusal('/', bearer(access_token), 401, invalid);
  });

  test('shows no page while jwtkit is down', async () => {
    const headers = bearer(await issue());
    expect((await ask('/', headers)).status).toBe(200);
    expect(await service.stop()).toBe(0);
    reached.length = 0;
    for (const given of [headers, {}]) {
      const { status, text } = await ask('/', given);
      expect(status).toBe(500);
      expect(text).not.toContain('the page');
    }
    expect(reached).toEqual([]);
  });
});

/** Replaces texts, each of which stands there exactly once. */
function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  let replaced = text;
  for (const [from, to] of Object.entries(replacements)) {
    const parts = replaced.split(from);
    expect(parts, from).toHaveLength(2);
    replaced = parts.join(to);
  }
  return replaced;
}
