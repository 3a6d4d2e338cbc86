/** Pages of another origin in Chromium: what they may ask the service, and an application that it guards behind nginx. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { stdoutOf } from '../cli/fake-io.js';
import { describeWithProgram } from '../programs.js';
import { chromium, launchChromium } from './chromium.js';
import { documentedSite, type GuardedApp, replaceEach, startGuardedApp } from './guarded-app.js';
import { nginx, startNginx } from './nginx.js';
import { type ServiceProcess, startService } from './service-process.js';

interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly credentials?: 'include';
}

/** What a page sees of an answer; `blocked` if the browser shows it none. */
type Seen = { status: number; text: string; refused: string | null; challenge: string | null } | 'blocked';

/** Asks from a page, as its scripts do. */
function callFrom(page: Page, url: string, call: Call = {}): Promise<Seen> {
  return page.evaluate(
    async ([address, init]) => {
      try {
        const answer = await fetch(address, init);
        const { headers } = answer;
        const [refused, challenge] = [headers.get('x-refused'), headers.get('www-authenticate')];
        return { status: answer.status, text: await answer.text(), refused, challenge };
      } catch {
        return 'blocked';
      }
    },
    [url, call] as const,
  );
}

/** The headers with which Swagger UI sends a log-in. */
const logIn = {
  method: 'POST',
  headers: {
    accept: 'application/json, text/plain, */*',
    'content-type': 'application/x-www-form-urlencoded',
    'x-requested-with': 'XMLHttpRequest',
  },
  body: 'grant_type=password&username=alice&password=wonderland',
};
const tokenOf = (seen: Seen): string => (seen === 'blocked' ? seen : JSON.parse(seen.text).access_token);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describeWithProgram(chromium, 'pages of another origin, in Chromium', () => {
  let pages: Server;
  let origin: string;
  let browser: Browser | undefined;
  beforeAll(async () => {
    pages = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<title>a</title>'),
    );
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
  });
  afterEach(async () => browser?.close());
  afterAll(() => pages.close());

  const open = async (at: string, ...more: string[]) => {
    browser = await launchChromium(more);
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(at);
    return page;
  };

  test('a page that --cors names logs in, asks, and reads why it was refused', {
    tags: 'slow',
    timeout: 60_000,
  }, async () => {
    const service: ServiceProcess = await startService(['--demo', '--cors', origin, '--auth-cookie', 'token']);
    try {
      const page = await open(origin);
      const token = tokenOf(await callFrom(page, `${service.url}/token`, logIn));
      const traced = {
        ...bearer(token),
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        'x-request-id': 'r1',
      };
      expect(await callFrom(page, `${service.url}/users/me`, { headers: traced })).toMatchObject({ status: 200 });
      expect(await callFrom(page, `${service.url}/users/me`, { headers: bearer('nonsense') })).toMatchObject({
        status: 401,
        refused: 'token',
        challenge: 'Bearer',
      });
      // For proxies alone; and no page uses a cookie across origins.
      expect(await callFrom(page, `${service.url}/auth`, { headers: bearer(token) })).toBe('blocked');
      expect(await callFrom(page, `${service.url}/users/me`, { credentials: 'include' })).toBe('blocked');

      await page.goto(origin.replace('localhost', '127.0.0.1'));
      expect(await callFrom(page, `${service.url}/token`, logIn)).toBe('blocked');
    } finally {
      expect(await service.stop()).toBe(0);
    }
  });

  describeWithProgram(nginx, 'before an application behind nginx', () => {
    test('a page that the configuration names logs in, calls, and reads refusals', {
      tags: 'slow',
      timeout: 60_000,
    }, async () => {
      const documented = documentedSite('nginx.conf');
      const app: GuardedApp = await startGuardedApp(documented, []);
      const [key, cert] = [join(app.folder, 'key.pem'), join(app.folder, 'cert.pem')];
      const subject = ['--subject', 'CN=app.example', '--san', 'app.example'];
      const files = ['--private', key, '--cert', cert];
      await stdoutOf(['keygen', '--alg', 'ES256', ...files, ...subject], { now: Date.now() / 1000 });
      const port = await freePort();
      const places = {
        '127.0.0.1:8000': `127.0.0.1:${app.service.port}`,
        '127.0.0.1:3000': `127.0.0.1:${app.port}`,
        'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
        '/etc/ssl/certs/app.example.pem': cert,
        '/etc/ssl/private/app.example.key': key,
        '/var/log/nginx/app.example.log': join(app.folder, 'access.log'),
        'https://pages.example': origin,
      };
      const endNginx = await startNginx(app.folder, replaceEach(documented, places), port);
      try {
        const page = await open(origin, `--host-resolver-rules=MAP app.example:443 127.0.0.1:${port}`);
        const site = 'https://app.example';
        const token = tokenOf(await callFrom(page, `${site}/token`, logIn));
        const change = { method: 'DELETE', headers: { ...bearer(token), 'x-requested-with': 'XMLHttpRequest' } };
        expect(await callFrom(page, `${site}/orders/7`, change)).toMatchObject({ status: 200, text: 'the page' });
        expect(app.reached).toMatchObject([{ method: 'DELETE', url: '/orders/7' }]);
        expect(await callFrom(page, `${site}/`, { headers: bearer('nonsense') })).toMatchObject({
          status: 401,
          challenge: expect.stringContaining('invalid_token'),
        });
        const few = await app.issue(['--role', 'admin']);
        expect(await callFrom(page, `${site}/admin/`, { headers: bearer(few) })).toMatchObject({ status: 403 });

        await page.goto(origin.replace('localhost', '127.0.0.1'));
        expect(await callFrom(page, `${site}/orders/8`, change)).toBe('blocked');
        expect(app.reached).toHaveLength(1);
      } finally {
        await endNginx();
        await app.stop();
      }
    });
  });
});
