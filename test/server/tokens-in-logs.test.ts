/** A token in the place of something else: neither log lines nor answers nor metrics repeat it; and lines disturb no terminal. */
import { fastify } from 'fastify';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { encodeBase64url } from '../../src/jose/base64url.js';
import { logRequests, makeLogger, serializeError, writeLine } from '../../src/server/log.js';
import { disguisedTokens, leakedParts } from '../disguised-tokens.js';
import { bearer, startService, type TestService } from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterEach(() => {
  service.fail.keys = undefined;
  for (const line of service.lines) expect(() => JSON.parse(line), line).not.toThrow();
});

/** What the service wrote and answered since it began. */
async function written(answer: { text: string; headers: Headers }): Promise<string> {
  const metrics = await service.ask('/metrics');
  return [...service.lines, answer.text, JSON.stringify([...answer.headers]), metrics.text].join('\n');
}

/** A token of which each claim and header member that logs hold is another token. */
const carrying = (token: string) =>
  [
    { alg: 'HS256', kid: token },
    { sub: token, jti: token, client_id: token },
  ]
    .map((part) => encodeBase64url(JSON.stringify(part)))
    .join('.')
    .concat('.', encodeBase64url('signature'));

const places: Readonly<Record<string, (token: string) => ReturnType<TestService['ask']>>> = {
  'a path': (token) => service.ask(`/${token}`),
  'the path of /auth': (token) => service.ask(`/auth/x/${token}`),
  'a path that is too deep': (token) => service.ask(`/${'a/'.repeat(130)}${token}`),
  'a path that cuts it': (token) => service.ask(`/auth/${'a'.repeat(200)}/${token}`),
  'a path that cannot be decoded': (token) => service.ask(`/%zz/${token}`),
  'the id of the request': (token) => service.ask('/healthz', { headers: { 'x-request-id': token.slice(0, 2000) } }),
  'the claims of a token': (token) => service.ask('/auth', { headers: bearer(carrying(token)) }),
  'an error inside': (token) => {
    service.fail.keys = new Error(`cannot ask /store/${token}`);
    return service.ask('/auth', { headers: bearer(carrying(token)) });
  },
  'an error of ours': (token) => {
    service.fail.keys = new JwtkitError('KEYRING_NOT_FOUND', `there is no keyring at ${token}`);
    return service.ask('/readyz');
  },
};

test.each(Object.entries(places))('repeats no token that stands in %s', async (_, ask) => {
  for (const [disguise, token] of Object.entries(disguisedTokens)) {
    service.lines.length = 0;
    const answer = await ask(token);
    expect(leakedParts(await written(answer), token), disguise).toEqual([]);
  }
});

test.each([
  'http://alice:wonderland@host/auth',
  'HTTP://alice:wonderland@host/nope',
  '/users/me#wonderland',
  '/%zz#wonderland',
])('repeats nothing of a bad path: %s', async (target) => {
  service.lines.length = 0;
  const answer = await service.raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 4/);
  expect(answer).not.toContain('wonderland');
  expect(service.lines.join('')).toContain('"request"');
  expect(service.lines.join('')).not.toContain('wonderland');
});

test('the log shows an ordinary path unchanged', async () => {
  await service.ask('/static/my.config.json');
  await service.ask('/auth/api/v1.2/www.example.com');
  const paths = service.logs().map(({ path }) => path);
  expect(paths).toContain('/static/my.config.json');
  expect(paths).toContain('/auth/api/v1.2/www.example.com');
});

/** Who writes lines, with the members of one and an error. */
const writers: Readonly<Record<string, (write: (line: string) => void, members: object, err: Error) => unknown>> = {
  'of Fastify': (write, members, err) => makeLogger({ write }).info({ ...members, err }, 'said'),
  'about a request': async (write, members, err) => {
    const app = fastify();
    logRequests(app, { write: (line) => line.includes('"said"') && write(line) });
    app.get('/', async (request) => writeLine(request, 'said', { ...members, err: serializeError(err) }));
    await app.inject('/');
  },
};

describe.each(Object.entries(writers))('a line %s', (who, write) => {
  const lineOf = async (members: object, error = new Error('none')) => {
    const lines: string[] = [];
    await write((line) => void lines.push(line), members, error);
    expect(lines).toHaveLength(1);
    return lines[0] as string;
  };
  const disturbing = '\u001b[2J\u007f\u0080\u0085\u009b31m\u009f\u061c\u200e\u200f\u202a\u202e\u2028\u2029\u2066\u2069';

  test('escapes characters that move a cursor or reverse text, and stays the same JSON', async () => {
    const error = Object.assign(new Error(disturbing), { stack: `Error: ${disturbing}` });
    const line = await lineOf({ sub: disturbing, [disturbing]: 1, unverified: { kid: disturbing } }, error);
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).toMatchObject({
      sub: disturbing,
      [disturbing]: 1,
      err: { message: disturbing, stack: `Error: ${disturbing}` },
      unverified: { kid: disturbing },
    });
  });

  test('keeps other characters', async () => {
    expect(await lineOf({ sub: 'Grüße, 東京 🙂' })).toContain('"sub":"Grüße, 東京 🙂"');
  });

  test('a value adds no members and no lines', async () => {
    const forged = 'u","audit":"issue","sub":"admin"}\n{"audit":"issue","sub":"admin';
    expect(JSON.parse(await lineOf({ sub: forged, gone: undefined }))).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      ...(who === 'of Fastify' ? {} : { reqId: expect.any(String) }),
      sub: forged,
      err: expect.objectContaining({ type: 'Error', message: 'none' }),
      msg: 'said',
    });
  });

  test('hides a token in any member', async () => {
    for (const [disguise, token] of Object.entries(disguisedTokens)) {
      const error = Object.assign(new Error(`lost ${token}`), { stack: `Error: lost\n${token}` });
      const line = await lineOf({ sub: `\u001b${token}`, unverified: { jti: `\n${token}` }, list: [token] }, error);
      expect(leakedParts(line, token), disguise).toEqual([]);
      expect(JSON.parse(line)).toMatchObject({ msg: 'said', err: { type: 'Error' } });
    }
  });
});

test.each(['eyJhbGciOiJIUzI1NiJ9', 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'])(
  'the id of a request is not the part of a token %s',
  async (part) => {
    const { headers } = await service.ask('/healthz', { headers: { 'x-request-id': part } });
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  },
);
