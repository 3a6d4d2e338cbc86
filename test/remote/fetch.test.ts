/** Servers that misbehave: each ends in an error of its own, exit 3, within the time limit. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { JwtkitError } from '../../src/errors.js';
import { remoteDocument } from '../../src/remote/document.js';
import { readJwkSet, remoteKeys } from '../../src/remote/jwks.js';
import { Deadline } from '../../src/remote/options.js';
import { fileWith, makeKeyring, now, runCli, stdoutOf, textOf } from '../cli/fake-io.js';
import { within } from '../time-limit.js';
import { type Route, serve, type TestServer } from './server.js';

let token: string;
let set: string;
let server: TestServer;
/** Another origin, to which no redirect may lead. */
let other: TestServer;

beforeAll(async () => {
  // Its first load may take longer than the time limit of a test.
  await import('undici');
  const keyring = await makeKeyring();
  token = await stdoutOf(['issue', '--sub', 'user-1', '--keyring', keyring]);
  set = textOf(`${keyring}/jwks.json`);
  other = await serve({ '/jwks.json': { body: set } });
  server = await serve({});
});

/** `seconds` is the time limit, which a server must not reach unless the test is about it. */
async function verifyWith(route: Route, { seconds = 10, more = [] }: { seconds?: number; more?: string[] } = {}) {
  server.route({ '/jwks.json': route, '/moved': { body: set } });
  const location = ['--jwks', `${server.origin}/jwks.json?token=hush`];
  const command = ['verify', token, '--json', ...location, '--timeout', String(seconds), ...more];
  const result = await within(seconds * 1000 + 1500, () => runCli(command));
  expect(result.stderr).not.toContain('hush');
  return { ...result, error: result.exitCode === 0 ? undefined : JSON.parse(result.stderr).error };
}

test('verify fetches a set from a static server and reports where', async () => {
  const { exitCode, stdout } = await verifyWith({ body: set, headers: { 'content-type': 'text/plain' } });
  expect(exitCode).toBe(0);
  const where = `${server.origin}/jwks.json?…`;
  expect(JSON.parse(stdout)).toMatchObject({
    key: { kid: 'k1', source: where },
    fetched: { url: where, at: now, age: 0, stale: false },
  });
});

test('verify follows a redirect within the origin, and reads gzip', async () => {
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
    'sends 20 MB as 20 kB of gzip',
    () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(20 * 1024 * 1024, ' ')) }),
    'it is larger than 1048576 bytes',
  ],
  ['sends damaged gzip', () => ({ headers: { 'content-encoding': 'gzip' }, body: 'no' }), 'its gzip is damaged'],
  ['compresses with brotli', () => ({ headers: { 'content-encoding': 'br' } }), 'an encoding that was not asked for'],
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

test.each(unavailable)('a server that %s is JWKS_UNAVAILABLE', async (_name, route, message) => {
  const { exitCode, stdout, error } = await verifyWith(route(), { seconds: message.startsWith('no whole') ? 1 : 10 });
  expect(error).toMatchObject({ code: 'JWKS_UNAVAILABLE', message: expect.stringContaining(message) });
  expect(error.message).toContain(`cannot fetch ${server.origin}/jwks.json?…: `);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  expect(other.requests).toEqual([]);
});

const keyOf = () => JSON.parse(set).keys[0];
const secretIn = (member: unknown) => JSON.stringify({ keys: [keyOf(), member] });
const invalid: [string, () => string, string][] = [
  ['sends HTML', () => '<!doctype html>', 'the JWK Set is not JSON'],
  ['sends nothing', () => '', 'the JWK Set is empty'],
  ['sends an array', () => '[]', 'is an array, not a JSON object'],
  ['sends an object of another kind', () => '{"k1":"not PEM"}', 'it has no array of keys'],
  ['sends one member twice', () => `{"keys":[],${set.trim().slice(1)}`, 'has a duplicate member name'],
  ['sends no keys', () => '{"keys":{}}', 'it has no array of keys'],
  ['sends an empty set', () => '{"keys":[]}', 'no usable signature key: it is empty'],
  [
    'has keys for encryption alone',
    () => JSON.stringify({ keys: [{ ...keyOf(), use: 'enc' }] }),
    'no usable signature key: use is "enc"',
  ],
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
  ['publishes a broken private key', () => secretIn({ kty: 'RSA', n: '=', d: 'AA' }), 'has its private half in it'],
  ['publishes a prime of a key', () => secretIn({ kty: 'RSA', p: 'AQ' }), 'has its private half in it'],
  ['publishes a private key without a type', () => secretIn({ kty: 1, d: 'AA' }), 'has its private half in it'],
  [
    'publishes a private key for encryption',
    () => secretIn({ ...keyOf(), use: 'enc', d: 'AA' }),
    'has its private half',
  ],
  [
    'publishes a private key of an unknown type',
    () => secretIn({ kty: 'AKP', priv: 'AA' }),
    'has its private half in it',
  ],
  ['publishes a private key in a list', () => secretIn([{ ...keyOf(), d: 'AA' }]), 'has its private half in it'],
  ['publishes a secret without its k', () => secretIn({ kty: 'oct' }), 'is a shared secret'],
  ['publishes a secret that is null', () => secretIn({ kty: 'oct', k: null }), 'is a shared secret without its k'],
  ['publishes an empty private member', () => secretIn({ ...keyOf(), d: '' }), 'has an empty private member'],
  ['publishes a secret without its type', () => secretIn({ k: 'AA' }), 'is a shared secret'],
  ['sends a key that is no object', () => '{"keys":[null]}', 'a JWK is a JSON object'],
  ['sends an exp that is none', () => JSON.stringify({ keys: [{ ...keyOf(), exp: 'soon' }] }), 'is no NumericDate'],
];

test.each(invalid)('a server that %s is JWKS_INVALID', async (_name, body, message) => {
  const { exitCode, stdout, error } = await verifyWith({ body: body() });
  expect(error).toMatchObject({ code: 'JWKS_INVALID', message: expect.stringContaining(message) });
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
});

test('--jwks FILE refuses a bad set with the same message', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'package.json']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr:
      'error: package.json: this is not a JWK Set: it has no array of keys\n' +
      'hint: a JWK and a map from kid to PEM are read too\n',
  });
});

test.each([true, false])(
  'a key whose exp has passed is named with that reason (beside another: %s)',
  async (isBeside) => {
    const { keys } = JSON.parse(set) as { keys: object[] };
    const [own] = keys.map((key) => ({ ...key, exp: 1 }));
    const { exitCode, error } = await verifyWith({
      body: JSON.stringify({ keys: isBeside ? [own, { ...keyOf(), kid: 'other', exp: now + 60 }] : [own] }),
    });
    expect(exitCode).toBe(13);
    expect(error).toMatchObject({ code: 'KEY_NOT_FOUND', message: expect.stringContaining('its exp has passed') });
  },
);

test('a file that is too long gets no hint about URLs', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', fileWith(' '.repeat(1_100_000))]);
  expect(exitCode).toBe(3);
  expect(stderr).not.toContain('a URL begins');
});

test('a URL without https:// is a missing file, with a hint', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'issuer.example/jwks.json']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr: 'error: cannot read issuer.example/jwks.json: no such file or folder\nhint: a URL begins with https://\n',
  });
});

test.each(['issuer.example/jwks?key=hush', 'https:/issuer.example/jwks?key=hush'])(
  'the query of %s, a URL without its beginning, is not repeated',
  async (location) => {
    const { exitCode, stderr } = await runCli(['verify', token, '--jwks', location, '--debug']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error: cannot read the file that --jwks names\nhint: a URL begins with https://\n');
    expect(stderr).not.toContain('hush');
  },
);

test('a set passed in place of its file name is not repeated', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', '{"keys":[{"kty":"oct","k":"hush"}]}']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr:
      'error: cannot read the file that --jwks names: no such file or folder\n' +
      'hint: --jwks takes the name of a file, not what is in it\n',
  });
});

test('a port that nothing listens on is connection refused', async () => {
  const url = `http://127.0.0.1:${await freePort()}/jwks.json`;
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', url]);
  expect(exitCode).toBe(3);
  expect(stderr).toBe(`error: cannot fetch ${url}: connection refused\nhint: nothing listens at this host and port\n`);
});

test('a host that does not exist is JWKS_UNAVAILABLE', async () => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'https://nowhere.invalid/jwks.json']);
  expect(exitCode).toBe(3);
  // A resolver may be slow or lie about names that do not exist; the error is one line in any case.
  expect(stderr).toMatch(/^error: cannot fetch https:\/\/nowhere\.invalid\/jwks\.json: [^\n]+\n/);
});

test('a token whose key is not in the fetched set is exit 13', async () => {
  const { exitCode, error } = await verifyWith({ body: set.replace('"k1"', '"k2"') });
  expect(exitCode).toBe(13);
  expect(error).toMatchObject({ code: 'KEY_NOT_FOUND', hint: 'trusted kids: k2' });
});

test('a fetched key whose exp has passed does not verify', async () => {
  const withEnd = JSON.stringify({ keys: [{ ...keyOf(), exp: now + 60 }] });
  expect((await verifyWith({ body: withEnd })).exitCode).toBe(0);
  expect((await verifyWith({ body: withEnd }, { more: ['--at', '+60s'] })).exitCode).toBe(13);
});

describe('addresses to fetch keys from', () => {
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
  ])('verify refuses to fetch keys from %s', async (url, message) => {
    for (const option of ['--jwks', '--issuer-url']) {
      const { exitCode, stderr } = await runCli(['verify', token, option, url]);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('hush');
      expect(exitCode).toBe(2);
    }
  });

  test('the refusal of plain HTTP names the way for a command and for a program', () => {
    const remote = (insecureHttp?: boolean) => remoteKeys('http://issuer.example/k', { now: () => now, insecureHttp });
    const hint = expect.stringMatching(/--insecure-http, in a program insecureHttp,/);
    expect(() => remote()).toThrow(expect.objectContaining({ code: 'USAGE_INVALID', hint }));
    expect(() => remote(true)).not.toThrow();
  });

  test('keys come over plain HTTP from every spelling of loopback', async () => {
    server.route({ '/jwks.json': { body: set } });
    for (const host of ['127.0.0.1', 'localhost', '127.1', '0x7f.0.0.1']) {
      const url = `http://${host}:${server.port}/jwks.json`;
      expect(await runCli(['verify', token, '--jwks', url, '--quiet']), host).toMatchObject({ exitCode: 0 });
    }
  });
});

test.each([
  [['--offline', '--no-cache'], '--offline and --no-cache exclude each other'],
  [['--timeout', '0'], '--timeout: must be at least 1 second'],
  [['--timeout', '2h'], '--timeout: must be at most 1 hour'],
  [['--key', 'verify.pem'], '--key and --jwks exclude each other'],
  [['--issuer-url', 'https://issuer.example'], '--jwks and --issuer-url exclude each other'],
])('verify --jwks refuses %j', async (args, message) => {
  const { exitCode, stderr } = await runCli(['verify', token, '--jwks', 'https://issuer.example/jwks', ...args]);
  expect(stderr).toContain(`error: ${message}\n`);
  expect(exitCode).toBe(2);
});

describe('the time limit includes reading what was fetched', () => {
  /** Moduli of 4096 bits: what makes them is not looked for, only what they cost. */
  const slowKeys = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      const modulus = randomBytes(512);
      modulus[0] = 0xff;
      modulus[511] = 0x01;
      return { kty: 'RSA', kid: `k${at}`, n: modulus.toString('base64url'), e: 'AQAB' };
    });

  test('a set of many slow keys ends at the time limit', async () => {
    const { exitCode, error } = await verifyWith({ body: JSON.stringify({ keys: slowKeys(1000) }) });
    // Of a quick machine all keys are read, and none of them is the token's.
    expect([3, 12, 13]).toContain(exitCode);
    if (exitCode === 3) expect(error.message).toContain('fetching and reading it took longer than 1 s');
  });

  test('a set of more than 1000 keys is refused', async () => {
    const { exitCode, error } = await verifyWith({ body: JSON.stringify({ keys: slowKeys(1001) }) });
    expect(exitCode).toBe(3);
    expect(error).toMatchObject({ code: 'JWKS_INVALID' });
    expect(error.message).toContain('holds 1001 keys, at most 1000 are taken');
  });

  test('a reader that never ends is stopped when it checks the time', async () => {
    server.route({ '/jwks.json': { body: set } });
    const address = new URL('/jwks.json', server.origin);
    const read = (_body: Uint8Array, _source: string, checkTime: () => void) => {
      for (;;) checkTime();
    };
    const document = remoteDocument({ key: address.href, addresses: [address], read }, { now: () => now });
    const reason = { code: 'JWKS_UNAVAILABLE', message: expect.stringContaining('took longer than 0.2 s') };
    await expect(document.load(new Deadline(0.2))).rejects.toMatchObject(reason);
  });

  test('readJwkSet checks the time before each key', () => {
    let looks = 0;
    const checkTime = () => {
      if (++looks === 3) throw new JwtkitError('JWKS_UNAVAILABLE', 'too late');
    };
    expect(() => readJwkSet(Buffer.from(JSON.stringify({ keys: slowKeys(5) })), 'here', checkTime)).toThrow(
      /^too late$/,
    );
  });
});
