/** `--auth-cookie`: /auth and /users/me take the access token from a cookie that the application set. */
import { beforeAll, describe, expect, test } from 'vitest';
import { cookieTokens } from '../../src/server/cookie.js';
import { aliceForm, basic, bearer, billing, startService, type TestService } from './test-service.js';

const name = '__Host-token';
let service: TestService;
let token: string;
beforeAll(async () => {
  service = await startService({ authCookie: name, corsOrigins: ['https://app.example'] });
  token = (await service.login()).access_token;
});

const paths = ['/auth', '/auth?scope=read&role=user', '/auth/', '/auth/orders/7', '/users/me'];
const ask = (path: string, headers: Record<string, string>, method = 'GET') => service.ask(path, { method, headers });

describe('the cookie', () => {
  test.each<[string, (token: string) => string]>([
    ['alone', (value) => `${name}=${value}`],
    ['among others', (value) => `theme=dark; ${name}=${value}; lang=de`],
    ['after others without a value', (value) => `a; =b; c=; ${name}=${value}`],
    ['in quotes', (value) => `${name}="${value}"`],
    ['with Bearer, as the tutorials’ servers set it', (value) => `${name}="Bearer ${value}"`],
    ['with Bearer, as Express encodes it', (value) => `${name}=Bearer%20${value}`],
    ['beside an empty one of another name', (value) => `${name}x=; ${name}=${value}; x${name}=`],
  ])('%s holds the token on the routes that read', async (_how, cookie) => {
    for (const path of paths) {
      const { status, text } = await ask(path, { cookie: cookie(token) });
      expect([path, status]).toEqual([path, 200]);
      if (path === '/users/me') expect(text).toBe('{"user_id":"user-123"}');
    }
    expect((await ask('/auth/orders', { cookie: cookie(token) }, 'POST')).headers.get('x-auth-subject')).toBe(
      'user-123',
    );
  });

  test.each<[string, (token: string) => string, string]>([
    ['of another name', (value) => `token=${value}`, 'no token'],
    ['in other letters', (value) => `__host-TOKEN=${value}`, 'no token'],
    ['that is empty', () => `${name}=`, 'no token'],
    ['with Bearer alone', () => `${name}="Bearer "`, 'no token'],
    ['as the value of another', (value) => `a=${name}=${value}`, 'no token'],
    ['that stands twice', (value) => `${name}=${value}; ${name}=${value}`, 'the cookie stands twice'],
    ['beside an older one', (value) => `${name}=old; ${name}=${value}`, 'the cookie stands twice'],
    ['beside an empty one', (value) => `${name}=; ${name}=${value}`, 'the cookie stands twice'],
    ['before an empty one', (value) => `${name}=${value}; ${name}=`, 'the cookie stands twice'],
    ['beside empty quotes', (value) => `${name}=""; ${name}=${value}`, 'the cookie stands twice'],
    ['beside Bearer alone', (value) => `${name}="Bearer "; ${name}=${value}`, 'the cookie stands twice'],
    // Browsers guard no `__Host-` behind these, and frameworks take them off.
    ['behind a no-break space', (value) => `a=b; \xa0${name}=${value}`, 'no token'],
    ['before a no-break space', (value) => `${name}\xa0=${value}`, 'no token'],
    ['behind a no-break space in UTF-8', (value) => `\xc2\xa0${name}=${value}`, 'no token'],
    [
      'behind U+2000 in UTF-8, beside its own',
      (value) => `\xe2\x80\x80${name}=x; ${name}=${value}`,
      'the cookie stands twice',
    ],
    ['before U+0085, beside its own', (value) => `${name}=${value}; ${name}\x85=x`, 'the cookie stands twice'],
    ['in quotes, beside its own', (value) => `${name}=${value}; "${name}"=x`, 'the cookie stands twice'],
    ['with another white space at its value', (value) => `${name}=${value}\xa0`, 'token'],
    ['that is empty and stands twice', () => `${name}=; ${name}=`, 'the cookie stands twice'],
    ['with empty quotes', () => `${name}=""`, 'no token'],
    ['with nonsense', () => `${name}=nonsense`, 'token'],
    ['with a token that is cut', (value) => `${name}=${value.slice(0, -4)}`, 'token'],
  ])('%s lets nothing pass', async (_how, cookie, failed) => {
    for (const path of paths) {
      const { status, headers } = await ask(path, { cookie: cookie(token) });
      expect({ path, status, failed: headers.get('x-refused') }).toEqual({ path, status: 401, failed });
      expect([...headers.keys()].filter((each) => each.startsWith('x-auth-'))).toEqual([]);
    }
  });

  test('with a refresh token lets nothing pass', async () => {
    const { refresh_token: refresh } = await service.login();
    for (const path of paths) expect((await ask(path, { cookie: `${name}=${refresh}` })).status).toBe(401);
  });

  test('counts only without the header Authorization, of whatever scheme', async () => {
    const cookie = `${name}=${token}`;
    for (const path of paths) {
      for (const authorization of [
        'Bearer nonsense',
        'Bearer',
        'Basic YTpi',
        'Digest x',
        basic(billing).authorization,
      ]) {
        expect([path, (await ask(path, { cookie, authorization })).status]).toEqual([path, 401]);
      }
      expect((await ask(path, { cookie: `${name}=nonsense`, ...bearer(token) })).status).toBe(200);
      // An empty header, as from a variable of a proxy, counts as none.
      expect((await ask(path, { cookie, authorization: '' })).status).toBe(200);
    }
  });

  test('a revoked token in it is refused', async () => {
    const { access_token: ended } = await service.login();
    const cookie = `${name}=${ended}`;
    expect((await ask('/auth', { cookie })).status).toBe(200);
    await service.send('/revoke', { token: ended });
    expect((await ask('/auth', { cookie })).status).toBe(401);
  });

  test('is not read by the routes that change something, nor by /introspect', async () => {
    const cookie = { cookie: `${name}=${token}` };
    expect((await service.send('/revoke', {}, cookie)).status).toBe(422);
    expect((await service.send('/token/refresh', {}, cookie)).status).toBe(422);
    expect((await service.send('/token', {}, cookie)).status).toBe(422);
    expect((await service.send('/introspect', { token }, cookie)).status).toBe(401);
    expect((await ask('/auth', cookie)).status).toBe(200);
  });

  test('is never set, and never sent to a page of another origin', async () => {
    const headers = { cookie: `${name}=${token}`, origin: 'https://app.example' };
    for (const answer of [await ask('/users/me', headers), await service.send('/token', aliceForm, headers)]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.has('set-cookie')).toBe(false);
      // Without it a browser shows the page no answer to a request with cookies.
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  test('is not logged', async () => {
    for (const value of [token, `${token}; ${name}=${token}`, `${token}x`])
      await ask('/users/me', { cookie: `${name}=${value}` });
    expect(service.lines.join('')).not.toContain(token.split('.')[1]);
  });
});

test('no cookie is read without the option', async () => {
  const other = await startService({}, { keys: service.keys });
  for (const path of paths) {
    expect((await other.ask(path, { headers: { cookie: `${name}=${token}; token=${token}` } })).status).toBe(401);
  }
});

test.each<[string | undefined, string[]]>([
  [undefined, []],
  ['', []],
  ['t=1', ['1']],
  [' t = 1 ;t=2', ['1', '2']],
  ['t="1', ['"1']],
  ['t="', ['"']],
  ['t=""', ['']],
  ['t=;t=1', ['', '1']],
  ['t=Bearer ; t', ['']],
  ['t=a=b', ['a=b']],
  ['t=bearer+1', ['1']],
  ['t=Bearer1', ['Bearer1']],
  ['T=1;tt=1;xt=1', []],
  ['\tt\t=\t1\t', ['1']],
  ['\xa0t=1;é t=2', ['', '']],
  [`${' '.repeat(30_000)}x=1`, []],
])('reads the cookies %j', (header, tokens) => {
  expect(cookieTokens(header, 't')).toEqual(tokens);
});
