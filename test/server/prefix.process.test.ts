/** The page at /docs in Chromium, behind nginx that serves the service under a path. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { describeWithProgram } from '../programs.js';
import { chromium, launchChromium, openDocsPage } from './chromium.js';
import { nginx, startNginx } from './nginx.js';
import { type ServiceProcess, startService } from './service-process.js';

describeWithProgram(nginx, 'behind nginx under a path', () => {
  let stripped: number;
  let kept: number;
  const services: ServiceProcess[] = [];
  let endNginx: () => Promise<void>;
  beforeAll(async () => {
    [stripped, kept] = [await freePort(), await freePort()];
    for (const port of [stripped, kept]) {
      services.push(await startService(['--demo', '--issuer-url', `http://127.0.0.1:${port}/idp`]));
    }
    const [one, other] = services as [ServiceProcess, ServiceProcess];
    const site = `
      server {
        listen 127.0.0.1:${stripped};
        location /idp/ { proxy_pass ${one.url}/; }
        location /other/place/ { proxy_pass ${one.url}/; }
      }
      server {
        listen 127.0.0.1:${kept};
        location /idp { proxy_pass ${other.url}; }
      }`;
    endNginx = await startNginx(temporaryFolder(), site, stripped);
  });
  afterAll(async () => {
    await endNginx?.();
    for (const service of services) expect(await service.stop()).toBe(0);
  });

  const places: [string, () => string][] = [
    ['a proxy that takes the path of the issuer off', () => `http://127.0.0.1:${stripped}/idp`],
    ['a proxy that leaves the path of the issuer there', () => `http://127.0.0.1:${kept}/idp`],
    ['a path that the service has not heard of', () => `http://127.0.0.1:${stripped}/other/place`],
  ];

  test.each(places.slice(0, 2))('%s: tokens are verified by the URLs that its metadata name', async (_what, place) => {
    const metadata = await (await fetch(`${place()}/.well-known/openid-configuration`)).json();
    expect(metadata).toMatchObject({ issuer: place(), token_endpoint: `${place()}/token` });
    const { jwks_uri, token_endpoint } = metadata as { jwks_uri: string; token_endpoint: string };
    expect(await (await fetch(jwks_uri)).json()).toMatchObject({ keys: [{ alg: 'RS256' }] });
    const body = new URLSearchParams({ username: 'alice', password: 'wonderland' });
    expect((await fetch(token_endpoint, { method: 'POST', body })).status).toBe(200);
    const description = await (await fetch(`${place()}/openapi.json`)).json();
    expect(description).toMatchObject({ servers: [{ url: place() }] });
  });

  test('a proxy that leaves the path there does not open the routes for those who run the service', async () => {
    for (const path of ['/metrics', '/readyz', '/healthz']) {
      expect((await fetch(`http://127.0.0.1:${kept}/idp${path}`)).status).toBe(404);
    }
  });

  describeWithProgram(chromium, 'the page at /docs, in Chromium', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(async () => browser?.close());

    test.each(places)('%s', { tags: 'slow', timeout: 60_000 }, async (_what, place) => {
      const page = await openDocsPage(browser, `${place()}/`);
      expect(page.page.url()).toBe(`${place()}/docs`);
      const dialog = await page.openDialog();
      await dialog.getByLabel('username:').fill('alice');
      await dialog.getByLabel('password:').fill('wonderland');
      await dialog.locator('button.authorize').click();
      await dialog.getByText('Logout').waitFor();
      await dialog.getByText('Close').click();

      const me = page.openForm('/users/me');
      await me.open();
      const { status, body } = await me.execute();
      expect(status).toMatch(/^200/);
      expect(JSON.parse(body)).toEqual({ user_id: 'user-123' });

      const form = page.openForm('/token');
      await form.open();
      await form.fill('username', 'alice');
      await form.fill('password', 'wonderland');
      expect((await form.execute()).status).toMatch(/^200/);

      expect(page.errors).toEqual([]);
      expect(page.requests.length).toBeGreaterThan(5);
      expect(page.requests.filter((url) => !url.startsWith(`${place()}/`))).toEqual([]);
      await page.close();
    });
  });
});
