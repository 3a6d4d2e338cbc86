/** Servers that do everything but their job: each ends in its own clear error, exit 3, within the time limit. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeKeyring, now, runCli, stdoutOf, textOf } from '../cli/fake-io.js';
import { within } from '../time-limit.js';
import { freePort, type Route, serve, type TestServer } from './server.js';

let token: string;
let set: string;
let server: TestServer;
/** Another origin, to which nobody is to be led. */
let other: TestServer;

beforeAll(async () => {
  const keyring = await makeKeyring();
  token = await stdoutOf(['issue', '--sub', 'user-1', '--keyring', keyring]);
  set = textOf(`${keyring}/jwks.json`);
  other = await serve({ '/jwks.json': { body: set } });
  server = await serve({});
});

const seconds = 1;

async function verifyWith(route: Route, ...args: string[]) {
  server.route({ '/jwks.json': route, '/moved': { body: set } });
  const location = ['--jwks', `${server.origin}/jwks.json?token=hush`];
  const command = ['verify', token, '--json', ...location, '--timeout', String(seconds), ...args];
  const result = await within(seconds * 1000 + 1500, () => runCli(command));
  expect(result.stderr).not.toContain('hush');
  return { ...result, error: result.exitCode === 0 ? undefined : JSON.parse(result.stderr).error };
}

test('a static server is good', async () => {
  const { exitCode, stdout } = await verifyWith({ body: set, headers: { 'content-type': 'text/plain' } });
  expect(exitCode).toBe(0);
  const where = `${server.origin}/jwks.json?…`;
  expect(JSON.parse(stdout)).toMatchObject({
    key: { kid: 'k1', source: where },
    fetched: { url: where, at: now, age: 0, stale: false },
  });
});

test('so is one that redirects within its origin, or compresses', async () => {
  expect((await verifyWith({ status: 302, headers: { location: '/moved' } })).exitCode).toBe(0);
  expect((await verifyWith({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(set) })).exitCode).toBe(0);
});

const unavailable: [string, () => Route, string][] = [
  ['never answers', () => () => {}, 'no whole answer within 1 s'],
  [
    'stalls after the headers',
    () => (_request, response) => {
      response.writeHead(200).write('{');
    },
    'no whole answer within 1 s',
  ],
  [
    'trickles',
    () => (_request, response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    'no whole answer within 1 s',
  ],
  [
    'sends 100 MB',
    () => (_request, response) => {
      const piece = Buffer.alloc(65_536, ' ');
      let left = 1600;
      const send = () => {
        while (left-- > 0) if (!response.write(piece)) return response.once('drain', send);
        return response.end();
      };
      send();
    },
    'it is larger than 1048576 bytes',
  ],
  ['announces 100 MB', () => ({ headers: { 'content-length': '104857600' } }), 'it is larger than 1048576 bytes'],
  [
    'sends 100 MB as 100 kB of gzip',
    () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(100 * 1024 * 1024, ' ')) }),
    'it is larger than 1048576 bytes',
  ],
  ['sends damaged gzip', () => ({ headers: { 'content-encoding': 'gzip' }, body: 'no' }), 'its gzip is damaged'],
  ['compresses as it likes', () => ({ headers: { 'content-encoding': 'br' } }), 'an encoding that was not asked for'],
  [
    'breaks off',
    () => (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{', () => response.destroy());
    },
    'the connection was cut',
  ],
  ['answers with 404', () => ({ status: 404 }), 'it answered with status 404'],
  ['answers with 500', () => ({ status: 500 }), 'it answered with status 500'],
  ['answers with 204', () => ({ status: 204 }), 'it answered with status 204'],
  ['answers with 304 unasked', () => ({ status: 304 }), 'it answered with status 304'],
  [
    'redirects to another host',
    () => ({ status: 302, headers: { location: `${other.origin}/jwks.json` } }),
    'it redirects to another origin',
  ],
  [
    'redirects to another host without a scheme',
    () => ({ status: 307, headers: { location: `//localhost:${server.port}/moved` } }),
    'it redirects to another origin',
  ],
  ['redirects for ever', () => ({ status: 301, headers: { location: '/jwks.json' } }), 'more than 5 times'],
  ['redirects to nowhere', () => ({ status: 302, headers: { location: 'https://' } }), 'it redirects to nowhere'],
  [
    'speaks no HTTP',
    () => (request) => {
      request.socket.end('SSH-2.0-OpenSSH_9.6\r\n');
    },
    'its answer is not HTTP',
  ],
];

test.each(unavailable)('one that %s', async (_name, route, message) => {
  const { exitCode, stdout, error } = await verifyWith(route());
  expect(error).toMatchObject({ code: 'JWKS_UNAVAILABLE', message: expect.stringContaining(message) });
  expect(error.message).toContain(`cannot fetch ${server.origin}/jwks.json?…: `);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  expect(other.requests).toEqual([]);
});

const keyOf = () => JSON.parse(set).keys[0];
const invalid: [string, () => string, string][] = [
  ['sends HTML', () => '<!doctype html>', 'the JWK Set is not JSON'],
  ['sends nothing', () => '', 'the JWK Set is empty'],
  ['sends an array', () => '[]', 'is an array, not a JSON object'],
  ['sends one member twice', () => `{"keys":[],${set.trim().slice(1)}`, 'has a duplicate member name'],
  ['sends no keys', () => '{"keys":{}}', 'it has no array of keys'],
  ['sends an empty set', () => '{"keys":[]}', 'no usable signature key: it is empty'],
  [
    'has keys for encryption alone',
    () => JSON.stringify({ keys: [{ ...keyOf(), use: 'enc' }] }),
    `no usable signature key: the JWK's use is "enc"`,
  ],
  ['has a kid twice', () => JSON.stringify({ keys: [keyOf(), keyOf()] }), 'two keys have the kid "k1"'],
  [
    'publishes a secret',
    () => JSON.stringify({ keys: [keyOf(), { kty: 'oct', k: 'c2VjcmV0', kid: 's' }] }),
    'the key "s" is a shared secret',
  ],
  [
    'publishes a private key',
    () => JSON.stringify({ keys: [{ ...keyOf(), d: keyOf().x }] }),
    'the key "k1" has its private half in it',
  ],
  ['sends a key that is no object', () => '{"keys":[null]}', 'a JWK is a JSON object'],
  ['sends an exp that is none', () => JSON.stringify({ keys: [{ ...keyOf(), exp: 'soon' }] }), 'is no NumericDate'],
];

test.each(invalid)('one that %s', async (_name, body, message) => {
  const { exitCode, stdout, error } = await verifyWith({ body: body() });
  expect(error).toMatchObject({ code: 'JWKS_INVALID', message: expect.stringContaining(message) });
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
});

test('the same is said of a file', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'package.json']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr:
      'error: package.json: this is not a JWK Set: it has no array of keys\n' +
      'hint: a single key in a file is named with --key\n',
  });
});

test('a URL without its scheme is a file that is not there', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'issuer.example/jwks.json']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr: 'error: cannot read issuer.example/jwks.json: no such file or folder\nhint: a URL begins with https://\n',
  });
});

test('a set in the place of its name is not repeated', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', '{"keys":[{"kty":"oct","k":"hush"}]}']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr: 'error: cannot read the file that --jwks names\nhint: --jwks takes the name of a file, not what is in it\n',
  });
});

test('nothing that listens', async () => {
  const url = `http://127.0.0.1:${await freePort()}/jwks.json`;
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', url]);
  expect(exitCode).toBe(3);
  expect(stderr).toBe(`error: cannot fetch ${url}: connection refused\nhint: nothing listens at this host and port\n`);
});

test('a host that does not exist', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'https://nowhere.invalid/jwks.json']);
  expect(exitCode).toBe(3);
  // A resolver may be slow or lie about names that do not exist; the error is one line in any case.
  expect(stderr).toMatch(/^error: cannot fetch https:\/\/nowhere\.invalid\/jwks\.json: [^\n]+\n/);
});

test('a key that is not there is exit 13', async () => {
  const { exitCode, error } = await verifyWith({ body: set.replace('"k1"', '"k2"') });
  expect(exitCode).toBe(13);
  expect(error).toMatchObject({ code: 'KEY_NOT_FOUND', hint: 'trusted kids: k2' });
});

test('a key whose exp has passed is not there', async () => {
  const withEnd = JSON.stringify({ keys: [{ ...keyOf(), exp: now + 60 }] });
  expect((await verifyWith({ body: withEnd })).exitCode).toBe(0);
  expect((await verifyWith({ body: withEnd }, '--at', '+60s')).exitCode).toBe(13);
});

describe('addresses', () => {
  test.each([
    ['http://example.com/jwks.json', 'is plain HTTP'],
    ['http://127.0.0.1.example.com/', 'is plain HTTP'],
    ['http://localhost.example.com/', 'is plain HTTP'],
    ['http://[::2]/', 'is plain HTTP'],
    ['https://user:hush@example.com/', 'holds a user name or a password'],
    ['https://hush@example.com/', 'holds a user name or a password'],
    ['ftp://example.com/', 'is not an https URL'],
    ['file:///etc/passwd', 'is not an https URL'],
    ['https://', 'is not a URL'],
    ['https://exa mple.com/', 'holds white space'],
    [`https://example.com/${'x'.repeat(2048)}`, 'is longer than 2048 characters'],
  ])('%s is refused', async (url, message) => {
    for (const option of ['--jwks', '--issuer-url']) {
      const { exitCode, stderr } = await runCli(['verify', token, option, url]);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('hush');
      expect(exitCode).toBe(2);
    }
  });

  test('every spelling of loopback may be plain HTTP', async () => {
    server.route({ '/jwks.json': { body: set } });
    for (const host of ['127.0.0.1', 'localhost', '127.1', '0x7f.0.0.1']) {
      const url = `http://${host}:${server.port}/jwks.json`;
      expect(await runCli(['verify', token, '--jwks', url, '--quiet']), host).toMatchObject({ exitCode: 0 });
    }
  });
});

test.each([
  [['--offline', '--no-cache'], '--offline and --no-cache exclude each other'],
  [['--timeout', '0'], '--timeout: a limit is at least 1 second'],
  [['--timeout', '2h'], '--timeout: a limit is at most 1 hour'],
  [['--key', 'verify.pem'], '--key and --jwks exclude each other'],
  [['--issuer-url', 'https://issuer.example'], '--jwks and --issuer-url exclude each other'],
])('%j', async (args, message) => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'https://issuer.example/jwks', ...args]);
  expect(stderr).toContain(`error: ${message}\n`);
  expect(exitCode).toBe(2);
});
