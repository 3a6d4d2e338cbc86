/** Whatever is sent, the service says what is wrong with it (4xx), tells nothing of its insides, and goes on. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { anyCharacter } from '../any-character.js';
import { runs } from '../runs.js';
import {
  aliceForm,
  basic,
  bearer,
  billing,
  encodeForm,
  formType,
  startService,
  type TestService,
  type Tokens,
} from './test-service.js';

let service: TestService;
let tokens: Tokens;
beforeAll(async () => {
  service = await startService({ corsOrigins: ['https://app.example'], trustedProxies: 1 });
  tokens = await service.login();
});

const settings = { numRuns: runs(300) };
const paths = fc.constantFrom(
  '/token',
  '/token/refresh',
  '/introspect',
  '/revoke',
  '/users/me',
  '/auth',
  '/healthz',
  '/openapi.json',
  '/.well-known/jwks.json',
  '/docs/static/',
  '/nope',
);
const credentials = fc.oneof(
  fc.constant({}),
  fc.constant(basic(billing)),
  fc.string({ unit: 'binary-ascii' }).map((text) => ({ authorization: `Basic ${toBase64(text)}` })),
  fc.string({ unit: 'grapheme-ascii' }).map((text) => ({ authorization: `Bearer ${text}` })),
);

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** What no answer may contain. */
const insides = /node_modules|\.[jt]s:\d+|(?:\n|\\n) +at |TypeError|RangeError|FST_|ERR_/;

function expectOrdinary(status: number, text: string, most: number): void {
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(most);
  expect(text).not.toMatch(insides);
}

async function expectAlive(): Promise<void> {
  expect((await service.ask('/healthz')).status).toBe(200);
  const me = await service.ask('/users/me', { headers: bearer(tokens.access_token) });
  expect(me.body).toEqual({ user_id: 'user-123' });
  // A fault that was caught is one all the same.
  const faults = service.logs().filter(({ audit, level }) => audit === 'fail' || Number(level) >= 50);
  expect(faults).toEqual([]);
}

const forms = fc.constantFrom('/token', '/token/refresh', '/introspect', '/revoke');
const fieldNames = fc.constantFrom(
  'grant_type',
  'username',
  'password',
  'refresh_token',
  'token',
  'token_type_hint',
  'scope',
  'client_id',
  'client_secret',
  '__proto__',
  'constructor',
);
const values = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', 'password', 'refresh_token', 'client_credentials', 'alice', billing.id, 'read', '\0', '%', '{}'),
  fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.')),
);

test('survives any fields of a form', async () => {
  const fields = fc.array(fc.tuple(fieldNames, values), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(forms, fields, credentials, async (path, pairs, headers) => {
      const body = pairs.map((pair) => pair.map((text) => encodeURIComponent(text.toWellFormed())).join('=')).join('&');
      const { status, text } = await service.ask(path, { method: 'POST', headers: { ...formType, ...headers }, body });
      expectOrdinary(status, text, 500);
      // No random form logs in; a known client may learn that a token is invalid, and gets a token of its own if it asks for one.
      const isAsking = pairs.some(([name, value]) => name === 'grant_type' && value === 'client_credentials');
      const isClient = 'authorization' in headers && headers.authorization === basic(billing).authorization;
      if (path.startsWith('/token') && !(isAsking && isClient)) expect(status).toBeGreaterThanOrEqual(400);
    }),
    settings,
  );
  await expectAlive();
});

test('survives any bytes as a form', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.string({ unit: fc.constantFrom('a', '=', '&', '%', '+', '[', ']', '0', ';', '\0', 'ü') }).map(encodeUtf8),
    fc.json().map(encodeUtf8),
    fc.integer({ min: 60_000, max: 70_000 }).map((size) => new Uint8Array(size).fill(0x26)),
    fc.constant(encodeUtf8(`${encodeForm(aliceForm).replace('wonderland', '')}%`)),
  );
  await fc.assert(
    fc.asyncProperty(forms, bytes, credentials, async (path, body, headers) => {
      const { status, text } = await service.ask(path, { method: 'POST', headers: { ...formType, ...headers }, body });
      expectOrdinary(status, text, 500);
      expect(status).toBeGreaterThanOrEqual(400);
    }),
    settings,
  );
  await expectAlive();
});

function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

test('survives any token in a header', async () => {
  const parts = tokens.access_token.split('.');
  const changed = fc
    .tuple(fc.nat(2), fc.nat(60), fc.constantFrom('', 'A', '=', '.', '-', '+', '%', '\u0080'))
    .map(([part, at, text]) => {
      const changedParts = [...parts];
      changedParts[part] = `${parts[part]?.slice(0, at)}${text}${parts[part]?.slice(at + 1)}`;
      return changedParts.join('.');
    });
  const made = fc
    .tuple(fc.json(), fc.json())
    .map(([header, payload]) =>
      [header, payload, 's'].map((part) => Buffer.from(part).toString('base64url')).join('.'),
    );
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, made), fc.constantFrom('/users/me', '/auth'), async (token, path) => {
      // A change that is none leaves the token as it was.
      fc.pre(token !== tokens.access_token);
      const { status, text } = await service.ask(path, { headers: bearer(token) });
      expect(status).toBe(401);
      expect(text).not.toMatch(insides);
    }),
    settings,
  );
  await expectAlive();
});

test('survives any demand in the query of /auth', async () => {
  const names = fc.constantFrom('scope', 'role', 'scope[]', '__proto__', 'x');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 5 }), async (pairs) => {
      const query = pairs
        .map((pair) => pair.map((text) => encodeURIComponent(text.toWellFormed())).join('='))
        .join('&');
      const { status, text } = await service.ask(`/auth?${query}`, { headers: bearer(tokens.access_token) });
      expectOrdinary(status, text, 404);
      const demandsMore = pairs.some(
        ([name, value]) => name === 'role' || (name === 'scope' && value.trim() !== 'read'),
      );
      const isKnown = pairs.every(([name]) => name === 'scope' || name === 'role');
      if (!isKnown) expect(status).toBe(400);
      else if (demandsMore) expect(status).toBe(403);
    }),
    settings,
  );
  await expectAlive();
});

test('survives any path and query', async () => {
  const marks = fc.constantFrom(
    '/',
    '%',
    '%2f',
    '%00',
    '%zz',
    '..',
    '.',
    ';',
    '?',
    '#',
    '*',
    ':',
    '\\',
    'a',
    '%c3',
    '[',
  );
  await fc.assert(
    fc.asyncProperty(paths, fc.string({ unit: marks, maxLength: 20 }), async (path, more) => {
      const answer = await service.raw(`GET ${path}${more} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      const [, status = '0'] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
      expectOrdinary(Number(status), answer, 500);
    }),
    settings,
  );
  await expectAlive();
});

test('survives any method, headers and body', async () => {
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY', 'NOPE');
  const names = fc.constantFrom(
    'Authorization',
    'Content-Type',
    'Origin',
    'Access-Control-Request-Method',
    'X-Forwarded-For',
    'X-Request-Id',
    'If-None-Match',
    'Expect',
    'Accept-Encoding',
    'Range',
    'Cookie',
    'Upgrade',
    'Forwarded',
  );
  const text = fc.string({
    unit: fc.constantFrom(...'aB0 ,;="\\/.-*:()<>%\t\u0080ÿ', 'Basic ', 'Bearer ', '100-continue'),
  });
  const header = fc.tuple(names, text).map(([name, value]) => `${name}: ${value}\r\n`);
  await fc.assert(
    fc.asyncProperty(
      methods,
      paths,
      fc.array(header, { maxLength: 6 }),
      fc.string({ unit: 'binary-ascii', maxLength: 50 }),
      async (method, path, headers, body) => {
        const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
        const answer = await service.raw(
          Buffer.from(
            `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers.join('')}${length}\r\n${body}`,
            'latin1',
          ),
        );
        const [, status = '0'] = /^HTTP\/1\.1 (?:100 Continue\r\n\r\nHTTP\/1\.1 )?(\d{3}) /.exec(answer) ?? [];
        expectOrdinary(Number(status), answer, 500);
      },
    ),
    settings,
  );
  await expectAlive();
});

test('survives any bytes instead of HTTP', async () => {
  const heads = fc.constantFrom(
    '',
    'GET / HTTP/1.1\r\n',
    'POST /token HTTP/1.1\r\nHost: a\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  );
  await fc.assert(
    fc.asyncProperty(heads, fc.uint8Array({ minLength: 1, maxLength: 300 }), async (head, bytes) => {
      const answer = await service.raw(Buffer.concat([Buffer.from(head), bytes, Buffer.from('\0\r\n\r\n')]));
      if (answer === '') return;
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toMatch(insides);
    }),
    settings,
  );
  await expectAlive();
});

test('survives connections that end in the middle', async () => {
  const request = `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: ${formType['content-type']}\r\nContent-Length: 500\r\n\r\n`;
  const { connect } = await import('node:net');
  const cut = (length: number) =>
    new Promise<void>((resolve) => {
      const socket = connect(service.port, '127.0.0.1', () => {
        socket.write(`${request}${randomBytes(40).toString('hex')}`.slice(0, length), () => socket.resetAndDestroy());
      });
      socket.once('close', () => resolve());
      socket.once('error', () => resolve());
    });
  for (let length = 1; length < request.length + 80; length += 5) await cut(length);
  await expectAlive();
});
