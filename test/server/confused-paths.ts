/** Paths that an application may read as another one than a proxy with a configuration of docs/examples, which guards /admin. */
import { expect, test } from 'vitest';
import { askSite } from './guarded-app.js';
import type { Site } from './guards-from-pages.js';

/** Read as /admin or below it by Express, Tomcat, Rails, or whatever decodes a path or resolves its dots. */
const likeAdmin = [
  ...['/Admin', '/ADMIN/users', '/aDmin?x=1', '/%41dmin', '//admin', '/%2fadmin', '/admin%2fusers'],
  ...['/admin;x', '/admin;x=1/users', '/admin%3bx', '/admin.json', '/admin.', '/admin%20', '/admin%09', '/admin%23'],
];
const withDots = [
  ...['/admin/..', '/admin/../', '/admin/users/../..', '/admin/../orders', '/ADMIN/..', '/admin/..?x', '/./admin'],
  ...[
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/admin/%2E%2e/',
    '/admin/.%2e',
    '/admin/..;/',
    '/x/..;x/admin',
    '/admin/..%3bx',
  ],
  ...['/admin%2f..', '/admin%2F..%2f', '/admin/..%2forders', '/admin\\..\\', '/admin%5c..%5c', '/token/../admin'],
];
const ordinary = ['/', '/orders/7?to=/admin/../x', '/.well-known/x', '/a..b/...', '/.hidden', '/adm'];

/** Tests that no path gets past the demands of /admin. */
export function confusedPaths(site: () => Site): void {
  const statusOf = async (path: string, args: readonly string[] = []) => {
    const { app, port, ca } = site();
    const headers = { authorization: `Bearer ${await app.issue(args)}` };
    return [path, (await askSite(port, path, { headers }, ca)).status];
  };

  test.each(likeAdmin)('judges %s as /admin', async (path) => {
    const { app } = site();
    app.reached.length = 0;
    expect(await statusOf(path)).toEqual([path, 403]);
    expect(app.reached).toEqual([]);
    expect(await statusOf(path, ['--role', 'admin', '--scope', 'write'])).toEqual([path, 200]);
  });

  test.each(withDots)('refuses %s', async (path) => {
    const { app } = site();
    app.reached.length = 0;
    expect(await statusOf(path, ['--role', 'admin', '--scope', 'write'])).toEqual([path, 400]);
    expect(app.reached).toEqual([]);
  });

  test.each(ordinary)('passes %s on as it came', async (path) => {
    const { app } = site();
    app.reached.length = 0;
    expect(await statusOf(path)).toEqual([path, 200]);
    expect(app.reached).toMatchObject([{ url: path }]);
  });
}
