// @module-tag slow
/** nginx with the configuration of the docs, as it stands there, before an application that tells what reached it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { runCli, segmentOf, stdoutOf, withClaims } from '../cli/fake-io.js';
import { codeBlocks } from '../pages.js';
import { describeWithProgram } from '../programs.js';
import { until } from '../store/redis-server.js';
import { confusedPaths } from './confused-paths.js';
import { askSite, documentedSite, type GuardedApp, replaceEach, startGuardedApp } from './guarded-app.js';
import { guardsFromPages } from './guards-from-pages.js';
import { nginx, placesOf, startNginx } from './nginx.js';

const documented = documentedSite('nginx.conf');
const cookie = '__Host-token';

describeWithProgram(nginx, 'nginx with the configuration of the docs', () => {
  let app: GuardedApp;
  let ca: string;
  let port: number;
  let log: string;
  let endNginx: () => Promise<void>;

  beforeAll(async () => {
    // Without the grace in which a lost answer is given again.
    app = await startGuardedApp(documented, ['--rotate-grace', '0', '--auth-cookie', cookie]);
    const { folder } = app;
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['--subject', 'CN=app.example', '--san', 'app.example'];
    const files = ['--private', key, '--cert', cert];
    await stdoutOf(['keygen', '--alg', 'ES256', ...files, ...subject], { now: Date.now() / 1000 });
    ca = readFileSync(cert, 'utf8');
    log = join(folder, 'access.log');
    port = await freePort();
    const places = {
      ...placesOf(app, port),
      '/var/log/nginx/app.example.log': log,
      '# proxy_set_header Cookie': 'proxy_set_header Cookie',
    };
    endNginx = await startNginx(folder, replaceEach(documented, places), port);
  });
  afterAll(async () => {
    await endNginx?.();
    await app?.stop();
  });

  const ask = (path: string, headers: Record<string, string> = {}, form?: Record<string, string>) =>
    askSite(port, path, form === undefined ? { headers } : { headers, form }, ca);

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  async function logIn(): Promise<{ access_token: string; refresh_token: string }> {
    const { status, text } = await ask('/token', {}, { username: 'alice', password: 'wonderland' });
    expect(status, text).toBe(200);
    return JSON.parse(text);
  }

  async function expectRefusal(path: string, headers: Record<string, string>, status: number, challenge: string) {
    app.reached.length = 0;
    const answer = await ask(path, headers);
    expect(answer).toMatchObject({ status, headers: { 'www-authenticate': challenge, 'cache-control': 'no-store' } });
    expect(Object.keys(JSON.parse(answer.text))).toEqual(['detail']);
    expect(app.reached).toEqual([]);
  }

  const invalid = 'Bearer error="invalid_token", error_description="Invalid token"';

  test('shows no page without a token', async () => {
    await expectRefusal('/', {}, 401, 'Bearer');
    await expectRefusal('/admin/', {}, 401, 'Bearer');
    await expectRefusal('/', { authorization: 'Basic YWxpY2U6d29uZGVybGFuZA==' }, 401, 'Bearer');
  });

  test('shows the page after a log-in, and passes the identity but not the token to the application', async () => {
    app.reached.length = 0;
    const { access_token } = await logIn();
    const { status, text } = await ask('/', bearer(access_token));
    expect({ status, text }).toEqual({ status: 200, text: 'the page' });
    const [{ headers = {} } = {}] = app.reached;
    expect(headers).toMatchObject({
      'x-auth-subject': 'zo%C3%AB%20100%25',
      'x-auth-scope': 'read write',
      'x-auth-roles': 'admin on%20call',
    });
    expect(headers).not.toHaveProperty('authorization');
  });

  test('drops identity headers of a client', async () => {
    app.reached.length = 0;
    const forged = {
      'x-auth-subject': 'root',
      'X-AUTH-ROLES': 'admin',
      'x-auth-scope': 'everything',
      x_auth_subject: 'root',
      x_auth_roles: 'admin',
      'x-forwarded-for': '203.0.113.7',
    };
    const { status } = await ask('/', { ...bearer(await app.issue()), ...forged });
    expect(status).toBe(200);
    expect(app.reached).toMatchObject([{ headers: { 'x-auth-subject': 'user-123', 'x-forwarded-for': '127.0.0.1' } }]);
    expect(JSON.stringify(app.reached)).not.toMatch(/root|admin|everything|203\.0\.113/);
    await expectRefusal('/', forged, 401, 'Bearer');
  });

  test('refuses refresh tokens, expired and forged tokens, and those of another issuer', async () => {
    const { refresh_token } = await logIn();
    const type = 'Bearer error="invalid_token", error_description="Invalid token type: expected access"';
    const expired = 'Bearer error="invalid_token", error_description="Token has expired"';
    await expectRefusal('/', bearer(refresh_token), 401, type);
    await expectRefusal('/', bearer(await app.issue([], Date.now() / 1000 - 86_400)), 401, expired);
    await expectRefusal('/', bearer(await app.issue(['--iss', 'https://other.example'])), 401, invalid);
    await expectRefusal('/', bearer(withClaims(await app.issue(), { sub: 'root' })), 401, invalid);
    await expectRefusal('/', bearer('nonsense'), 401, invalid);
  });

  test('refuses a token right after its revocation', async () => {
    const { access_token } = await logIn();
    expect((await ask('/', bearer(access_token))).status).toBe(200);
    const { jti } = segmentOf(access_token, 1);
    const revoked = await runCli(['revoke', access_token, '--keyring', app.keyring], { now: Date.now() / 1000 });
    expect(revoked, `${jti}`).toMatchObject({ exitCode: 0 });
    await expectRefusal('/', bearer(access_token), 401, invalid);
  });

  test('closes a location that demands a scope and a role to a token with only one of them', async () => {
    const challenge = (scope: string) => `Bearer error="insufficient_scope"${scope}`;
    await expectRefusal('/admin/', bearer(await app.issue(['--role', 'admin'])), 403, challenge(', scope="write"'));
    await expectRefusal('/admin/', bearer(await app.issue(['--scope', 'write'])), 403, challenge(''));
    const both = await app.issue(['--role', 'admin', '--role', 'user', '--scope', 'read write']);
    expect(await ask('/admin/', bearer(both))).toMatchObject({ status: 200, text: 'the page' });
  });

  test.each(['/admin', '/admin?x=1'])('closes %s as it closes what is below, without a redirect', async (path) => {
    await expectRefusal(path, bearer(await app.issue()), 403, 'Bearer error="insufficient_scope", scope="write"');
    const both = await app.issue(['--role', 'admin', '--scope', 'write']);
    app.reached.length = 0;
    expect(await ask(path, bearer(both))).toMatchObject({ status: 200, text: 'the page' });
    expect(app.reached).toMatchObject([{ url: path }]);
  });

  confusedPaths(() => ({ app, port, ca }));

  test('passes the token to an application that verifies itself, once the line that takes it out is left out', async () => {
    const own = await freePort();
    const lines = documented.split('\n').filter((line) => line.trim() !== 'proxy_set_header Authorization "";');
    expect(lines).toHaveLength(documented.split('\n').length - 1);
    const places = { ...placesOf(app, own), '/var/log/nginx/app.example.log': join(app.folder, 'own.log') };
    const folder = join(app.folder, 'own');
    mkdirSync(folder);
    const end = await startNginx(folder, replaceEach(lines.join('\n'), places), own);
    app.reached.length = 0;
    const headers = bearer(await app.issue());
    const { status } = await askSite(own, '/', { headers }, ca);
    await end();
    expect(status).toBe(200);
    expect(app.reached).toMatchObject([{ headers }]);
  });

  test('with the location of docs/move.md sends log-ins to jwtkit, and all else with its token to the application', async () => {
    const [location = ''] = codeBlocks('docs/move.md', 'nginx');
    const own = await freePort();
    const routes = replaceEach(location, { '127.0.0.1:8000;': `127.0.0.1:${app.service.port};` });
    const rest = `location / { proxy_pass http://127.0.0.1:${app.port}; }`;
    const folder = join(app.folder, 'routes');
    mkdirSync(folder);
    const end = await startNginx(folder, `server { listen 127.0.0.1:${own};\n${routes}${rest} }`, own);
    app.reached.length = 0;
    const pair = JSON.parse(
      (await askSite(own, '/token', { form: { username: 'alice', password: 'wonderland' } })).text,
    );
    const headers = bearer(pair.access_token);
    const texts: string[] = [];
    for (const path of ['/users/me', '/auth', '/token/']) texts.push((await askSite(own, path, { headers })).text);
    const refreshed = await askSite(own, '/token/refresh', { form: { refresh_token: pair.refresh_token } });
    const { refresh_token } = JSON.parse(refreshed.text);
    const revoked = await askSite(own, '/revoke', { form: { token: refresh_token } });
    await end();
    expect(texts).toEqual(['the page', 'the page', 'the page']);
    expect(app.reached.map(({ url }) => url)).toEqual(['/users/me', '/auth', '/token/']);
    expect(app.reached[0]).toMatchObject({ headers });
    expect([refreshed.status, revoked.status]).toEqual([200, 200]);
  });

  test('hides /auth and the inner routes of jwtkit', async () => {
    const headers = bearer(await app.issue());
    for (const path of ['/_auth/any', '/_auth/admin', '/_auth/', '/_auth/other']) {
      expect((await ask(path, headers)).status, path).toBe(404);
    }
    // These are the application's, behind the guard.
    for (const path of ['/auth', '/metrics', '/introspect', '/docs', '/token/']) {
      expect((await ask(path)).status, path).toBe(401);
    }
    const keys = await ask('/.well-known/jwks.json');
    expect(JSON.parse(keys.text)).toMatchObject({ keys: [{ kid: 'k1' }] });
    expect(JSON.parse((await ask('/.well-known/openid-configuration')).text)).toMatchObject({
      issuer: 'https://app.example',
    });
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

  guardsFromPages(() => ({ app, port, ca }));

  test('logs why a request was refused, and no token', async () => {
    const token = await app.issue(['--scope', 'write', '--role', 'user']);
    await ask('/admin/refused?secret=1', bearer(token));
    await ask('/expired', bearer(await app.issue([], Date.now() / 1000 - 86_400)));
    // nginx writes its line after the answer has left, and each of its processes for itself.
    const written = () => readFileSync(log, 'utf8');
    for (const path of ['/admin/refused', '/expired']) {
      await until(`the line of ${path}`, () => written().includes(`"GET ${path}"`));
    }
    const lines = written().split('\n');
    expect(lines.find((line) => line.includes('/admin/refused'))).toMatch(
      /"GET \/admin\/refused" 403 refused="role=admin"$/,
    );
    expect(lines.find((line) => line.includes('/expired'))).toMatch(/401 refused="exp"$/);
    expect(lines.join('')).not.toContain(token.slice(-20));
    expect(lines.join('')).not.toContain('secret=1');
  });

  test('takes a token from a cookie', async () => {
    const token = await app.issue();
    app.reached.length = 0;
    expect((await ask('/', { cookie: `a=b; ${cookie}=${token}` })).status).toBe(200);
    expect(app.reached).toMatchObject([{ headers: { 'x-auth-subject': 'user-123' } }]);
    expect((await ask('/', { cookie: `${cookie}=${token}x` })).status).toBe(401);
    expect((await ask('/', { cookie: `${cookie}=${token}`, ...bearer('nonsense') })).status).toBe(401);
  });

  test('shows no page while jwtkit is down', async () => {
    const headers = bearer(await app.issue());
    expect((await ask('/', headers)).status).toBe(200);
    expect(await app.service.stop()).toBe(0);
    app.reached.length = 0;
    for (const given of [headers, {}]) {
      const { status, text } = await ask('/', given);
      expect(status).toBe(500);
      expect(text).not.toContain('the page');
    }
    expect(app.reached).toEqual([]);
  });
});
