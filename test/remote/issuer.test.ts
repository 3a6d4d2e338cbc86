/** Discovery by an issuer's metadata: where it is, whose it is, and what it may lead to. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeKeyring, runCli, stdoutOf, textOf } from '../cli/fake-io.js';
import { within } from '../time-limit.js';
import { type Route, serve, type TestServer } from './server.js';

const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';

let keyring: string;
let set: string;
let server: TestServer;
let token: string;

beforeAll(async () => {
  // Its first load may take longer than the time limit of a test.
  await import('undici');
  keyring = await makeKeyring();
  set = textOf(`${keyring}/jwks.json`);
});
beforeEach(async () => {
  server = await serve({});
  token = await stdoutOf(['issue', '--sub', 'user-1', '--iss', server.origin, '--keyring', keyring]);
});

const metadata = (issuer: string, more: object = {}): Route => ({
  body: JSON.stringify({ issuer, jwks_uri: `${server.origin}/keys`, ...more }),
});

async function verify(...args: string[]) {
  const result = await runCli(['verify', token, '--json', '--issuer-url', server.origin, ...args]);
  return { ...result, error: result.exitCode === 0 ? undefined : JSON.parse(result.stderr).error };
}

test('--issuer-url finds the keys and demands the issuer as iss', async () => {
  server.route({ [openid]: metadata(server.origin), '/keys': { body: set } });
  const { exitCode, stdout } = await verify();
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ valid: true, key: { source: `${server.origin}/keys` } });
  const other = await stdoutOf(['issue', '--iss', 'https://other.example', '--keyring', keyring]);
  const refused = await runCli(['verify', other, '--issuer-url', server.origin]);
  expect(refused.exitCode).toBe(16);
  const without = await stdoutOf(['issue', '--keyring', keyring]);
  expect((await runCli(['verify', without, '--issuer-url', server.origin])).exitCode).toBe(16);
});

test('JWTKIT_ISSUER_URL does what --issuer-url does', async () => {
  server.route({ [openid]: metadata(server.origin), '/keys': { body: set } });
  const env = { JWTKIT_ISSUER_URL: server.origin };
  expect((await runCli(['verify', token, '--quiet'], { env })).exitCode).toBe(0);
});

test('--iss may repeat the issuer of --issuer-url, but not replace it', async () => {
  server.route({ [openid]: metadata(server.origin), '/keys': { body: set } });
  expect((await verify('--iss', server.origin, '--iss', 'https://other.example')).exitCode).toBe(0);
  const { exitCode, error } = await verify('--iss', 'https://other.example');
  expect({ exitCode, message: error.message }).toEqual({
    exitCode: 2,
    message: '--iss and --issuer-url contradict each other',
  });
});

test('metadata come from oauth-authorization-server if openid-configuration is missing (RFC 8414)', async () => {
  server.route({ [oauth]: metadata(server.origin), '/keys': { body: set } });
  expect((await verify()).exitCode).toBe(0);
  expect(server.requests.map(({ path }) => path)).toEqual([openid, oauth, '/keys']);
});

test('the path of an issuer stands before openid-configuration and after oauth-authorization-server (RFC 8414 §3.1)', async () => {
  const issuer = `${server.origin}/tenant/a`;
  token = await stdoutOf(['issue', '--iss', issuer, '--keyring', keyring]);
  server.route({ [`${oauth}/tenant/a`]: metadata(issuer), '/keys': { body: set } });
  expect((await runCli(['verify', token, '--issuer-url', issuer])).exitCode).toBe(0);
  expect(server.requests.map(({ path }) => path)).toEqual([`/tenant/a${openid}`, `${oauth}/tenant/a`, '/keys']);
});

test('the slash at the end of an issuer is left out of the metadata address (RFC 8414 §3.1)', async () => {
  const issuer = `${server.origin}/tenant/`;
  token = await stdoutOf(['issue', '--iss', issuer, '--keyring', keyring]);
  server.route({ [`/tenant${openid}`]: metadata(issuer), '/keys': { body: set } });
  expect((await runCli(['verify', token, '--issuer-url', issuer])).exitCode).toBe(0);
});

test.each([
  '//other.example',
  '//user@127.0.0.1:1/x',
  '/\\other.example/x',
  '///other.example',
  '//',
  '/a//other.example',
])('asks no other host than that of the issuer, whatever its path: %s', async (path) => {
  const issuer = `${server.origin}${path}`;
  const named = path.replaceAll('\\', '/').replace(/\/$/, '');
  server.route({ [`${oauth}${named}`]: metadata(issuer), '/keys': { body: set } });
  const own = await stdoutOf(['issue', '--iss', issuer, '--keyring', keyring]);
  expect((await runCli(['verify', own, '--quiet', '--no-cache', '--issuer-url', issuer])).exitCode).toBe(0);
  expect(server.requests.map((request) => request.path)).toEqual([`${named}${openid}`, `${oauth}${named}`, '/keys']);
});

test('an issuer without metadata at either address is JWKS_UNAVAILABLE', async () => {
  const { exitCode, error } = await verify();
  expect(exitCode).toBe(3);
  expect(error).toMatchObject({
    code: 'JWKS_UNAVAILABLE',
    message: `cannot fetch ${server.origin}${openid}: it answered with status 404, and ${server.origin}${oauth} with 404`,
  });
});

test.each([
  ['', 'the issuer is what its tokens have as iss; a JWK Set is fetched from its own URL with --jwks'],
  [openid, 'name the issuer alone, without /.well-known/ and what follows it'],
  [oauth, 'name the issuer alone, without /.well-known/ and what follows it'],
  ['/.well-known/jwks.json', 'name the issuer alone, without /.well-known/ and what follows it'],
])('the hint for an issuer without metadata says what to name instead of %s', async (path, hint) => {
  const { stderr } = await runCli(['verify', token, '--json', '--issuer-url', `${server.origin}${path}`]);
  const { error } = JSON.parse(stderr);
  expect(error).toMatchObject({ code: 'JWKS_UNAVAILABLE', hint });
});

test('an issuer that wants authorization at both addresses says so', async () => {
  server.route({ [openid]: { status: 401 }, [oauth]: { status: 401 } });
  expect((await verify()).error.hint).toContain('a bearer token of --jwks-token-file');
});

test('an issuer that is down is not asked for the second address', async () => {
  server.route({ [openid]: { status: 503 }, [oauth]: metadata(server.origin) });
  expect((await verify()).error).toMatchObject({ code: 'JWKS_UNAVAILABLE' });
  expect(server.requests).toHaveLength(1);
});

test('the algorithms in the metadata allow no algorithm that the key does not', async () => {
  const more = { id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256'] };
  server.route({ [openid]: metadata(server.origin, more), '/keys': { body: set } });
  const forged = await stdoutOf(
    ['issue', '--iss', server.origin, '--secret-env', 'S', '--alg', 'HS256', '--kid', 'k1'],
    { env: { S: 'x'.repeat(64) } },
  );
  expect((await runCli(['verify', forged, '--issuer-url', server.origin])).exitCode).toBe(12);
});

describe('metadata that is refused', () => {
  const cases: [string, () => Route, string][] = [
    ['of an issuer with one slash more', () => metadata(`${server.origin}/`), 'only a slash at the end differs'],
    ['of another issuer', () => metadata('https://evil.example'), 'the issuer calls itself "https://evil.example"'],
    ['in other letters', () => metadata(server.origin.replace('http', 'HTTP')), 'the issuer calls itself'],
    ['without issuer', () => ({ body: '{}' }), 'has no issuer'],
    ['without jwks_uri', () => ({ body: JSON.stringify({ issuer: server.origin }) }), 'has no jwks_uri'],
    ['that is not JSON', () => ({ body: '<html>' }), "the issuer's metadata is not JSON"],
    ['with a member twice', () => ({ body: '{"issuer":"a","issuer":"b"}' }), 'has a duplicate member name'],
    [
      'with a plain jwks_uri',
      () => metadata(server.origin, { jwks_uri: 'http://example.com/' }),
      'jwks_uri is plain HTTP',
    ],
    [
      'with a file as jwks_uri',
      () => metadata(server.origin, { jwks_uri: 'file:///etc/passwd' }),
      'is not an https URL',
    ],
    [
      'with a login in jwks_uri',
      () => metadata(server.origin, { jwks_uri: 'https://u:p@x.example' }),
      'a user name or',
    ],
    ['with a number as jwks_uri', () => metadata(server.origin, { jwks_uri: 5 }), 'has no jwks_uri'],
  ];
  test.each(cases)('ISSUER_INVALID for metadata %s', async (_name, route, message) => {
    server.route({ [openid]: route() });
    const { exitCode, stdout, error } = await verify();
    expect(error).toMatchObject({ code: 'ISSUER_INVALID', message: expect.stringContaining(message) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  });

  test('a hint shows how to name an issuer that differs by a slash', async () => {
    server.route({ [openid]: metadata(`${server.origin}/`) });
    const { error } = await verify();
    expect(error.message).toContain(`calls itself "${server.origin}/", not "${server.origin}":`);
    expect(error.hint).toBe(`if this is the issuer you trust, write "${server.origin}/"`);
  });

  test('control characters in metadata do not reach the terminal', async () => {
    server.route({ [openid]: metadata(`https://evil.example/\u001b[2J${'x'.repeat(5000)}`) });
    const { stderr } = await runCli(['verify', token, '--issuer-url', server.origin]);
    expect(stderr).not.toContain('\u001b');
    expect(stderr.length).toBeLessThan(500);
  });
});

test('an issuer with a query or a fragment is refused', async () => {
  for (const end of ['?', '?a=b', '#', '#a']) {
    const { exitCode, stderr } = await runCli(['verify', token, '--issuer-url', `https://issuer.example/${end}`]);
    expect(stderr).toContain('has a query or a fragment');
    expect(exitCode).toBe(2);
  }
});

test('the requests for metadata and keys share one time limit', async () => {
  const slowly = (body: string): Route => {
    return (_request, response) => {
      const timer = setTimeout(() => response.end(body), 700);
      response.on('close', () => clearTimeout(timer));
    };
  };
  const { body } = metadata(server.origin) as { body: string };
  server.route({ [openid]: slowly(body), '/keys': slowly(set) });
  const { error } = await within(2000, () => verify('--timeout', '1'));
  expect(error.message).toContain('no whole answer within 1 s');
});

test('revoke --issuer-url takes the keys of the issuer', async () => {
  server.route({ [openid]: metadata(server.origin), '/keys': { body: set } });
  const store = `lmdb:${keyring}/third-party`;
  const named = ['--issuer-url', server.origin, '--store', store];
  expect(await runCli(['revoke', token, ...named])).toMatchObject({ exitCode: 0 });
  expect((await runCli(['verify', token, '--quiet', ...named])).exitCode).toBe(17);
});
