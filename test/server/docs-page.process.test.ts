/** The page at /docs in a real browser, and the description of the routes that it is made from. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeWithProgram } from '../programs.js';
import { chromium, launchChromium, openDocsPage, type WatchedPage } from './chromium.js';
import { type ServiceProcess, startService } from './service-process.js';

let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(['--demo']);
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

describeWithProgram(chromium, 'the page at /docs, in Chromium', () => {
  let browser: Browser;
  let page: WatchedPage;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => browser?.close());
  beforeEach(async () => {
    page = await openDocsPage(browser, `${service.url}/docs`);
    return async () => {
      await page.close();
      expect(page.requests.length).toBeGreaterThan(5);
      expect(page.requests.filter((url) => !url.startsWith(`${service.url}/`))).toEqual([]);
    };
  });

  test('lets a user log in with the dialog, call /users/me and log out', {
    tags: 'slow',
    timeout: 60_000,
  }, async () => {
    const dialog = await page.openDialog();
    await dialog.getByLabel('username:').fill('alice');
    await dialog.getByLabel('password:').fill('wonderland');
    await dialog.locator('button.authorize').click();
    await dialog.getByText('Logout').waitFor();
    await dialog.getByText('Close').click();

    const me = page.openForm('/users/me');
    await me.open();
    const known = await me.execute();
    expect(known.status).toMatch(/^200/);
    expect(JSON.parse(known.body)).toEqual({ user_id: 'user-123' });
    expect(page.errors).toEqual([]);

    const again = await page.openDialog();
    await again.getByText('Logout').click();
    await again.getByLabel('username:').waitFor();
    await again.getByText('Close').click();
    const unknown = await me.execute();
    expect(unknown.status).toMatch(/^401/);
    expect(JSON.parse(unknown.body)).toEqual({ detail: 'Not authenticated', path: '/users/me' });
  });

  test('gets tokens from the form of POST /token with a name and a password', { tags: 'slow' }, async () => {
    const form = page.openForm('/token');
    await form.open();
    await form.fill('username', 'alice');
    await form.fill('password', 'wonderland');
    const { status, body } = await form.execute();
    expect(status).toMatch(/^200/);
    expect(JSON.parse(body)).toMatchObject({ token_type: 'bearer', expires_in: 1800, scope: 'read write' });
    expect(page.errors).toEqual([]);
  });

  test('fits the width of a phone', { tags: 'slow' }, async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true });
    const shown = await phone.newPage();
    await shown.goto(`${service.url}/docs`);
    await shown.locator('[data-path="/token"]').waitFor();
    expect(await shown.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await phone.close();
  });

  test('loads nothing from other hosts', { tags: 'slow' }, async () => {
    await page.waitForQuiet();
    expect(page.errors).toEqual([]);
    const policy = (await fetch(`${service.url}/docs`)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|unsafe|\*|upgrade-insecure-requests/);
  });
});

interface Operation {
  operationId?: string;
  summary?: string;
  requestBody?: { content: Record<string, { schema: { properties: object } }> };
  responses: Record<string, { description?: string }>;
  security?: Record<string, string[]>[];
}

interface Description {
  openapi: string;
  info: { title?: string; version?: string };
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, { type: string }> };
}

describe('/openapi.json', () => {
  let description: Description;
  beforeAll(async () => {
    description = (await (await fetch(`${service.url}/openapi.json`)).json()) as Description;
  });

  test('is OpenAPI 3.1 and has every route', () => {
    expect(description.openapi).toBe('3.1.0');
    expect(description.info).toMatchObject({ title: 'jwtkit serve', version: expect.any(String) });
    const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'GET /.well-known/jwks.json',
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/openid-configuration',
      'GET /auth',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'GET /users/me',
      'POST /introspect',
      'POST /revoke',
      'POST /token',
      'POST /token/refresh',
    ]);
  });

  test('names each operation once, and describes each answer', () => {
    const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    expect(names.every((name) => /^[a-z][A-Za-z]+$/.test(name ?? ''))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    for (const { operationId, summary, responses, security = [] } of operations) {
      expect(summary, operationId).toMatch(/\w/);
      expect(Object.keys(responses), operationId).toContain('200');
      for (const [status, answer] of Object.entries(responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(answer.description, `${operationId} ${status}`).toMatch(/\w/);
      }
      for (const name of security.flatMap(Object.keys)) {
        expect(Object.keys(description.components.securitySchemes)).toContain(name);
      }
    }
  });

  test('describes a form for each POST, and no other body', () => {
    for (const [path, { post }] of Object.entries(description.paths)) {
      if (post === undefined) continue;
      const types = ['application/x-www-form-urlencoded', 'multipart/form-data'];
      expect(Object.keys(post.requestBody?.content ?? {}), path).toEqual(types);
    }
  });

  test('is the description that the page reads', async () => {
    expect(await (await fetch(`${service.url}/docs/json`)).json()).toEqual(description);
  });
});
