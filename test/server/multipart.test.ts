/** Forms as multipart/form-data: what clients of the tutorials' servers send, and what nobody should. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseMultipart } from '../../src/server/multipart.js';
import { runs } from '../runs.js';
import { aliceForm, billing, claimsOf, post, startService, type TestService, type Tokens } from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService({ rotatesRefreshTokens: true });
});

const send = (path: string, form: Record<string, string | Blob>) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  return fetch(`${service.origin}${path}`, { method: 'POST', body });
};
const sendText = (text: string, type = 'multipart/form-data; boundary=b', path = '/token') =>
  service.ask(path, { method: 'POST', headers: { 'content-type': type }, body: Buffer.from(text, 'latin1') });
const part = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const logIn = `${part('username', 'alice')}${part('password', 'wonderland')}--b--\r\n`;

test('every route that reads a form reads it as multipart/form-data', async () => {
  const login = await send('/token', { ...aliceForm, ...post(billing), scope: 'read' } as Record<string, string>);
  expect(login.status).toBe(200);
  const tokens = (await login.json()) as Tokens;
  expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'user-123', scope: 'read', client_id: billing.id });

  const client = post(billing) as Record<string, string>;
  const renewed = await send('/token/refresh', { refresh_token: tokens.refresh_token, ...client });
  expect(renewed.status).toBe(200);
  const token = ((await renewed.json()) as Tokens).access_token;
  expect(await (await send('/introspect', { token, ...client })).json()).toMatchObject({ active: true });
  expect((await send('/revoke', { token, ...client })).status).toBe(200);
  expect(await (await send('/introspect', { token, ...client })).json()).toEqual({ active: false });
});

describe('the forms of other programs', () => {
  const boundaryOfRequests = '5f1d2a3b4c5d6e7f';
  test.each<[string, string, string]>([
    ['curl -F', 'multipart/form-data; boundary=b', logIn],
    ['a boundary in quotes', 'multipart/form-data; boundary="b"', logIn],
    ['other letters, and a charset', 'Multipart/Form-Data;charset=utf-8; Boundary=b', logIn],
    [
      'Python requests',
      `multipart/form-data; boundary=${boundaryOfRequests}`,
      logIn.replaceAll('--b', `--${boundaryOfRequests}`),
    ],
    [
      'a browser',
      'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
      logIn.replaceAll('--b', '------WebKitFormBoundary7MA4YWxkTrZu0gW'),
    ],
    [
      'parts with a type',
      'multipart/form-data; boundary=b',
      logIn.replaceAll('\r\n\r\n', '\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'),
    ],
    ['a name without quotes', 'multipart/form-data; boundary=b', logIn.replaceAll(/name="(\w+)"/g, 'name=$1')],
    ['text before and after', 'multipart/form-data; boundary=b', `preamble\r\n${logIn}epilogue`],
    ['no line end after the last boundary', 'multipart/form-data; boundary=b', logIn.trimEnd()],
    [
      'empty fields beside them',
      'multipart/form-data; boundary=b',
      `${part('scope', '')}${part('grant_type', '')}${part('client_id', '')}${logIn}`,
    ],
    [
      'fields that nobody knows',
      'multipart/form-data; boundary=b',
      `${part('__proto__', 'x')}${part('toString', 'x')}${logIn}`,
    ],
  ])('%s', async (_what, type, text) => {
    const { status, body } = await sendText(text, type);
    expect({ status, body }).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
  });

  test('reads fields as UTF-8, with line ends as they are', async () => {
    const password = 'žluť\r\n 🔑--b=';
    const form = await parseMultipart(
      'multipart/form-data; boundary=b',
      Buffer.from(`${part('p', password)}--b--\r\n`),
    );
    expect({ ...form }).toEqual({ p: password });
  });
});

describe('refuses', () => {
  const malformed = 'The multipart form is malformed';
  test.each<[string, string, string]>([
    ['no boundary in the header', 'multipart/form-data', logIn],
    ['an empty boundary', 'multipart/form-data; boundary=', logIn],
    ['an empty boundary in quotes', 'multipart/form-data; boundary=""', logIn],
    [
      'a boundary of 71 characters',
      `multipart/form-data; boundary=${'b'.repeat(71)}`,
      logIn.replaceAll('--b', `--${'b'.repeat(71)}`),
    ],
    ['another boundary', 'multipart/form-data; boundary=c', logIn],
    ['no body', 'multipart/form-data; boundary=b', ' '],
    ['a form that is cut off', 'multipart/form-data; boundary=b', logIn.slice(0, -6)],
    ['a form that ends in a header', 'multipart/form-data; boundary=b', `${part('a', '1')}--b\r\nContent-Dis`],
    ['urlencoded text', 'multipart/form-data; boundary=b', 'username=alice&password=wonderland'],
    [
      'a part without a name',
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n${logIn}`,
    ],
    ...[
      ['without headers', '--b\r\n\r\nx\r\n'],
      ['without anything', '--b\r\n'],
      ['without a Content-Disposition', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n'],
      ['that is no form-data', '--b\r\nContent-Disposition: attachment; name="resource"\r\n\r\nx\r\n'],
      [
        'whose file name has a line end',
        `--b\r\nContent-Disposition: form-data; name="resource"; filename*=utf-8''a%0ab\r\n\r\nx\r\n`,
      ],
      [
        'whose name comes after 4 KiB of headers',
        `--b\r\nX: ${'x'.repeat(4096)}\r\nContent-Disposition: form-data; name="resource"\r\n\r\nx\r\n`,
      ],
      [
        'whose name is the 17th header',
        `--b\r\n${'X: x\r\n'.repeat(16)}Content-Disposition: form-data; name="resource"\r\n\r\nx\r\n`,
      ],
      [
        'with a lone line end in its headers',
        '--b\r\nContent-Type: text/plain\nContent-Disposition: form-data; name="resource"\r\n\r\nx\r\n',
      ],
    ].flatMap(([what, bad]): [string, string, string][] => [
      [`a part ${what}`, 'multipart/form-data; boundary=b', `${bad}${logIn}`],
      [`a part ${what}, at the end`, 'multipart/form-data; boundary=b', logIn.replace('--b--', `${bad}--b--`)],
    ]),
    ['101 parts', 'multipart/form-data; boundary=b', `${part('a', '1').repeat(99)}${logIn}`],
  ])('%s', async (_what, type, text) => {
    const { status, body } = await sendText(text, type);
    expect({ status, body }).toEqual({
      status: 400,
      body: { detail: malformed, path: '/token', error: 'invalid_request', error_description: malformed },
    });
  });

  test('a form of more than 64 KiB', async () => {
    const { status, body } = await sendText(part('username', 'a'.repeat(65_536)));
    expect({ status, body }).toMatchObject({ status: 413, body: { error: 'invalid_request' } });
  });

  test.each<[string, string, string, string]>([
    ['a missing field', `${part('username', 'alice')}--b--`, 'missing', 'Field required'],
    ['an empty form', '--b--\r\n', 'missing', 'Field required'],
    [
      'a field that stands twice',
      `${part('password', 'wonderland')}${logIn}`,
      'string_type',
      'Field given more than once',
    ],
    ['a file', logIn.replace('name="password"', 'name="password"; filename="p.txt"'), 'string_type', 'Field is a file'],
    [
      'a file without a name',
      logIn.replace('name="password"', 'name="password"; filename=""'),
      'string_type',
      'Field is a file',
    ],
  ])('%s as FastAPI does, with 422', async (_what, text, type, msg) => {
    const { status, body } = await sendText(text);
    expect(status).toBe(422);
    expect((body as { detail: object[] }).detail).toContainEqual({ type, loc: ['body', 'password'], msg, input: null });
  });

  test.each<[string, string[]]>([
    ['alone', ['@f']],
    ['before an audience', ['@f', 'api']],
    ['after an audience', ['api', '@f']],
    ['between audiences', ['api', '@f', 'web']],
    ['twice', ['@f', '@f']],
  ])('a file in the place of a `resource` on each route, %s', async (_where, resources) => {
    const several = await startService({ audience: ['api', 'web'], rotatesRefreshTokens: true });
    const { refresh_token: token } = await several.login();
    const file = (value: string) => part('resource', 'x').replace('"resource"', `"resource"; filename="${value}"`);
    const sent = resources.map((each) => (each === '@f' ? file('f') : part('resource', each))).join('');
    const client = Object.entries(post(billing)).map(([name, value]) => part(name, value as string));
    const renewal = `${part('grant_type', 'refresh_token')}${part('refresh_token', token)}`;
    for (const [path, form] of [
      ['/token', logIn],
      ['/token', `${part('grant_type', 'client_credentials')}${client.join('')}--b--`],
      ['/token', `${renewal}--b--`],
      ['/token/refresh', `${renewal}--b--`],
    ] as const) {
      const { status, body } = await several.ask(path, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: `${sent}${form}`,
      });
      const detail = [{ type: 'string_type', loc: ['body', 'resource'], msg: 'Field is a file', input: null }];
      expect({ path, status, body }).toMatchObject({ status: 422, body: { detail, error: 'invalid_request' } });
    }
    // Neither a password nor the token was tried.
    expect(several.passwordChecks).toHaveLength(1);
    expect((await several.send('/token/refresh', { refresh_token: token })).status).toBe(200);
  });

  test('a file in the place of a refresh token, from a browser', async () => {
    const answer = await send('/token/refresh', { refresh_token: new Blob(['x']) });
    expect(answer.status).toBe(422);
  });
});

test('answers whatever bytes a form has, and never waits for more', async () => {
  const pieces = fc.constantFrom(
    ...['--b', '\r\n', '--', '-', '\r', '\n', 'b', ':', ';', '"', '\\', 'x', '\0', 'é', '%', '*', "'"],
    ...[
      'Content-Disposition: form-data; name="username"',
      'Content-Disposition: form-data; name=',
      'filename="f"',
      "name*=utf-8''a",
    ],
    ...[
      'Content-Type: text/plain; charset=utf-16le',
      'Content-Transfer-Encoding: base64',
      '\r\n\r\n',
      part('a', '1'),
      logIn,
    ],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), async (texts) => {
      const outcome = await Promise.race([
        parseMultipart('multipart/form-data; boundary=b', Buffer.from(texts.join(''))).then(
          () => 'fields',
          ({ status }) => status,
        ),
        new Promise((resolve) => setTimeout(() => resolve('no answer'), 2000).unref()),
      ]);
      expect(['fields', 400]).toContain(outcome);
    }),
    { numRuns: runs(5000) },
  );
});
