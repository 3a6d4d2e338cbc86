/** What a proxy with a configuration of docs/examples does with pages of other origins. */
import { expect, test } from 'vitest';
import { askSite, type GuardedApp } from './guarded-app.js';

/** The site of a proxy. */
export interface Site {
  readonly app: GuardedApp;
  readonly port: number;
  /** The certificate of a site with HTTPS. */
  readonly ca?: string;
}

/** The page that the configurations name. */
const origin = 'https://pages.example';
const preflight = {
  origin,
  'access-control-request-method': 'DELETE',
  'access-control-request-headers': 'authorization',
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const ask = ({ port, ca }: Site, path: string, headers: Record<string, string>, form?: Record<string, string>) =>
  askSite(port, path, form === undefined ? { headers } : { headers, form }, ca);

/** The headers of an answer that are about other origins. */
function corsHeaders({ headers }: { readonly headers: object }): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
}

/** Tests that preflights of a named page are answered, that nothing like one passes, and that the page can read answers. */
export function guardsFromPages(site: () => Site): void {
  test('answers the preflight of a named page itself, with and without a token', async () => {
    const { app, port, ca } = site();
    app.reached.length = 0;
    for (const path of ['/', '/admin/', '/orders/7?x', '/token', '/nope']) {
      for (const headers of [preflight, { ...preflight, ...bearer(await app.issue()) }]) {
        const answer = await askSite(port, path, { method: 'OPTIONS', headers }, ca);
        expect({ path, status: answer.status, text: answer.text }).toEqual({ path, status: 204, text: '' });
        expect(answer.headers.vary).toBe('Origin');
        expect(corsHeaders(answer)).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'Authorization, Content-Type, X-Requested-With',
          'access-control-max-age': '600',
        });
      }
    }
    expect(app.reached).toEqual([]);
  });

  test.each<[string, string, Record<string, string>]>([
    ['another page', 'OPTIONS', { ...preflight, origin: 'https://evil.example' }],
    ['a page whose name only begins alike', 'OPTIONS', { ...preflight, origin: `${origin}.evil.example` }],
    ['no page', 'OPTIONS', { 'access-control-request-method': 'DELETE' }],
    ['OPTIONS without a method to ask for', 'OPTIONS', { origin }],
    ['another method', 'DELETE', preflight],
    ['a header that claims another method', 'GET', { ...preflight, 'x-forwarded-method': 'OPTIONS' }],
  ])('lets no request pass that is like a preflight: %s', async (_what, method, headers) => {
    const { app, port, ca } = site();
    app.reached.length = 0;
    const answer = await askSite(port, '/', { method, headers }, ca);
    expect(answer.status).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe(headers.origin === origin ? origin : undefined);
    expect(app.reached).toEqual([]);
  });

  test('lets a named page read answers and refusals, and no other page', async () => {
    const { app } = site();
    const token = bearer(await app.issue());
    const questions: [string, number, Record<string, string>, Record<string, string>?][] = [
      ['/', 200, token],
      ['/', 401, {}],
      ['/admin/', 403, token],
      ['/token', 401, {}, { username: 'alice', password: 'wrong' }],
      ['/.well-known/jwks.json', 200, {}],
    ];
    for (const [path, status, headers, form] of questions) {
      const answer = await ask(site(), path, { ...headers, origin }, form);
      expect({ path, status: answer.status }).toEqual({ path, status });
      expect(corsHeaders(answer)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
      });
      expect(answer.headers.vary).toContain('Origin');
      const other = await ask(site(), path, { ...headers, origin: 'https://evil.example' }, form);
      expect(other.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
}
