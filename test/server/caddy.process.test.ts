// @module-tag slow
/** Caddy with the configuration of the docs, as it stands there but for its addresses. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { describeWithProgram } from '../programs.js';
import { until } from '../store/redis-server.js';
import { confusedPaths } from './confused-paths.js';
import { askSite, documentedSite, type GuardedApp, replaceEach, startGuardedApp } from './guarded-app.js';
import { guardsFromPages } from './guards-from-pages.js';
import { isListening } from './nginx.js';

const documented = documentedSite('Caddyfile');
const caddy = existsSync('/usr/bin/caddy') ? '/usr/bin/caddy' : 'caddy';

describeWithProgram(caddy, 'Caddy with the configuration of the docs', () => {
  let app: GuardedApp;
  let port: number;
  let log: string;
  let endCaddy: () => Promise<void>;

  beforeAll(async () => {
    app = await startGuardedApp(documented, ['--rotate-grace', '0', '--auth-cookie', 'token']);
    port = await freePort();
    log = join(app.folder, 'access.log');
    const places = {
      '127.0.0.1:3000': `127.0.0.1:${app.port}`,
      '\napp.example {': `\nhttp://127.0.0.1:${port} {\n\tbind 127.0.0.1`,
      '\tlog\n': `\tlog {\n\t\toutput file ${log}\n\t}\n`,
    };
    const jwtkit = { '127.0.0.1:8000': `127.0.0.1:${app.service.port}` };
    const site = replaceEach(replaceEach(documented, places), jwtkit, 2).replaceAll('http://127.0.0.1:', 'http://:');
    endCaddy = await startCaddy(app.folder, `{\n\tadmin off\n\tauto_https off\n}\n${site}`, port);
  });
  afterAll(async () => {
    await endCaddy?.();
    await app?.stop();
  });

  const ask = (path: string, headers: Record<string, string> = {}, form?: Record<string, string>) =>
    askSite(port, path, form === undefined ? { headers } : { headers, form });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test('the configuration is well-formed, and formatted as Caddy formats it', () => {
    const path = fileURLToPath(new URL('../../docs/examples/Caddyfile', import.meta.url));
    const environment = { env: { ...process.env, ...homes(app.folder) }, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(caddy, ['validate', '--adapter', 'caddyfile', '--config', path], environment);
    expect(status, stderr).toBe(0);
    expect(spawnSync(caddy, ['fmt', path], environment).stdout).toBe(documented);
  });

  test('shows no page without a token that holds', async () => {
    app.reached.length = 0;
    const expired = await app.issue([], Date.now() / 1000 - 86_400);
    for (const headers of [{}, bearer('nonsense'), bearer(expired), { authorization: 'Basic YTpi' }]) {
      for (const path of ['/', '/admin/', '/orders?x']) {
        const { status, headers: answered } = await ask(path, headers);
        expect([path, status]).toEqual([path, 401]);
        expect(answered['www-authenticate']).toMatch(/^Bearer/);
      }
    }
    expect(app.reached).toEqual([]);
  });

  test('passes identity and body, but not the token, to the application', async () => {
    app.reached.length = 0;
    const { text } = await ask('/token', {}, { username: 'alice', password: 'wonderland' });
    const { access_token } = JSON.parse(text);
    expect(await ask('/orders?x=1', bearer(access_token), { a: '1' })).toMatchObject({ status: 200, text: 'the page' });
    const [{ headers = {}, ...request } = {}] = app.reached;
    expect(request).toEqual({ method: 'POST', url: '/orders?x=1', body: 'a=1' });
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
      'x-auth-other': 'everything',
      x_auth_subject: 'root',
      'x-auth_roles': 'admin',
      'x-forwarded-for': '203.0.113.7',
    };
    expect((await ask('/', { ...bearer(await app.issue()), ...forged })).status).toBe(200);
    expect(app.reached).toMatchObject([{ headers: { 'x-auth-subject': 'user-123', 'x-auth-roles': '' } }]);
    expect(JSON.stringify(app.reached)).not.toMatch(/root|admin|everything|203\.0\.113/);
    expect((await ask('/', forged)).status).toBe(401);
  });

  test('lets any of two roles with the scope into /admin/, and logs what else fails', async () => {
    const roles = ['--role', 'admin'];
    expect((await ask('/admin/', bearer(await app.issue(['--scope', 'write', ...roles])))).status).toBe(200);
    expect((await ask('/admin/', bearer(await app.issue(['--scope', 'write', '--role', 'owner'])))).status).toBe(200);
    const token = await app.issue(['--scope', 'read', '--role', 'user']);
    expect((await ask('/admin', bearer(token))).status).toBe(403);
    const { status, headers } = await ask('/admin/7', bearer(token));
    expect({ status, refused: headers['x-refused'] }).toEqual({
      status: 403,
      refused: 'scope=write, role=admin|owner',
    });
    await until('the line is written', async () => readFileSync(log, 'utf8').includes('/admin/7'));
    const line = readFileSync(log, 'utf8')
      .split('\n')
      .find((each) => each.includes('/admin/7'));
    expect(JSON.parse(line ?? '').resp_headers['X-Refused']).toEqual(['scope=write, role=admin|owner']);
    expect(line).not.toContain(token.slice(-20));
  });

  confusedPaths(() => ({ app, port }));

  test.each(['X-Auth-Subject', 'close, x-auth-roles', 'X-Auth-Scope , X-AUTH-ROLES,x-auth-subject'])(
    'tells the application who asks whatever headers the connection is said to own: %s',
    async (connection) => {
      app.reached.length = 0;
      const token = await app.issue(['--scope', 'read', '--role', 'user']);
      expect((await ask('/', { ...bearer(token), connection })).status).toBe(200);
      const told = { 'x-auth-subject': 'user-123', 'x-auth-scope': 'read', 'x-auth-roles': 'user' };
      expect(app.reached).toMatchObject([{ headers: told }]);
    },
  );

  test('hides the inner routes of jwtkit, and shows its keys', async () => {
    for (const path of ['/auth', '/auth/x', '/metrics', '/introspect', '/docs', '/token/']) {
      expect((await ask(path)).status, path).toBe(401);
    }
    expect(JSON.parse((await ask('/.well-known/jwks.json')).text)).toMatchObject({ keys: [{ kid: 'k1' }] });
    expect((await ask('/token', {}, { username: 'a'.repeat(70_000) })).status).toBe(413);
  });

  guardsFromPages(() => ({ app, port }));

  test('takes a token from a cookie', async () => {
    app.reached.length = 0;
    expect((await ask('/', { cookie: `token=${await app.issue()}` })).status).toBe(200);
    expect((await ask('/', { cookie: 'token=nonsense' })).status).toBe(401);
    expect(app.reached).toMatchObject([{ headers: { 'x-auth-subject': 'user-123' } }]);
  });

  test('shows no page while jwtkit is down', async () => {
    const headers = bearer(await app.issue());
    expect((await ask('/', headers)).status).toBe(200);
    expect(await app.service.stop()).toBe(0);
    app.reached.length = 0;
    expect((await ask('/', headers)).status).toBe(502);
    expect(app.reached).toEqual([]);
  });
});

/** Where Caddy keeps what is its own. */
function homes(folder: string): Record<string, string> {
  return { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
}

/** Starts Caddy as a process of this user. Resolves, once it listens on a port, to what ends it. */
async function startCaddy(folder: string, site: string, port: number): Promise<() => Promise<void>> {
  const path = join(folder, 'Caddyfile');
  writeFileSync(path, site);
  const child = spawn(caddy, ['run', '--adapter', 'caddyfile', '--config', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...homes(folder) },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'exit');
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`Caddy has ended with ${code}: ${said}`);
  });
  await until('Caddy listens', () => isListening(port));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}
