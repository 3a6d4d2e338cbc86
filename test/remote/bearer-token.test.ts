/** A bearer token for the document of keys goes to the server that the caller named, and nowhere else. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { authorizationOf, carriesToken } from '../../src/remote/bearer-token.js';
import { issuerKeys } from '../../src/remote/issuer.js';
import { remoteKeys } from '../../src/remote/jwks.js';
import { fileWith, makeKeyring, now, runCli, stdoutOf, textOf } from '../cli/fake-io.js';
import { folderWith } from '../policy/policy-folder.js';
import { type Route, serve, type TestServer } from './server.js';

const bearer = 'eyJhbGciOiJSUzI1NiJ9.hush-hush';
let keyring: string;
let set: string;
let server: TestServer;
/** Another origin. */
let other: TestServer;

/** Answers only with the right token, as an API server of Kubernetes does. */
const guarded =
  (body: () => string): Route =>
  (request, response) => {
    const isAllowed = request.headers.authorization === `Bearer ${bearer}`;
    response.writeHead(isAllowed ? 200 : 401, { 'cache-control': 'max-age=0' }).end(isAllowed ? body() : '{}');
  };

beforeAll(async () => {
  keyring = await makeKeyring();
  set = textOf(`${keyring}/jwks.json`);
  server = await serve({});
  other = await serve({ '/keys': { body: set } });
});

function routes(jwksUri: string) {
  server.requests.length = 0;
  other.requests.length = 0;
  server.route({
    '/.well-known/openid-configuration': guarded(() => JSON.stringify({ issuer: server.origin, jwks_uri: jwksUri })),
    '/openid/v1/jwks': guarded(() => set),
    '/moved': { status: 302, headers: { location: '/openid/v1/jwks' } },
    '/away': { status: 302, headers: { location: `${other.origin}/keys` } },
    '/open': { body: set },
  });
}

const sent = ({ requests }: TestServer) => requests.map(({ headers }) => headers.authorization);
const tokenFile = () => fileWith(`${bearer}\n`, 'token');
const jwt = () => stdoutOf(['issue', '--sub', 'x', '--iss', server.origin, '--keyring', keyring]);

async function verify(args: string[], world = {}) {
  const run = await runCli(['verify', await jwt(), '--no-cache', '--insecure-http', ...args], world);
  expect(run.stdout + run.stderr).not.toContain('hush');
  return run;
}

describe('the token of --jwks-token-file', () => {
  test('opens the metadata and the keys of one origin', async () => {
    routes(`${server.origin}/openid/v1/jwks`);
    const run = await verify(['--issuer-url', server.origin, '--jwks-token-file', tokenFile()]);
    expect(run).toMatchObject({ exitCode: 0 });
    expect(sent(server)).toEqual([`Bearer ${bearer}`, `Bearer ${bearer}`]);
  });

  test('opens the set that --jwks names, and follows a redirect within the origin', async () => {
    for (const path of ['/openid/v1/jwks', '/moved']) {
      routes('');
      const args = ['--jwks', `${server.origin}${path}`, '--jwks-token-file', tokenFile()];
      expect(await verify(args)).toMatchObject({ exitCode: 0 });
      expect(sent(server).at(-1)).toBe(`Bearer ${bearer}`);
    }
  });

  test('may come from a variable', async () => {
    routes('');
    const env = { JWTKIT_JWKS_TOKEN_FILE: tokenFile(), JWTKIT_JWKS: `${server.origin}/openid/v1/jwks` };
    expect(await verify([], { env })).toMatchObject({ exitCode: 0 });
  });

  test('is not sent to the origin that the metadata name', async () => {
    routes(`${other.origin}/keys`);
    const run = await verify(['--issuer-url', server.origin, '--jwks-token-file', tokenFile()]);
    expect(run).toMatchObject({ exitCode: 0 });
    expect([sent(server), sent(other)]).toEqual([[`Bearer ${bearer}`], [undefined]]);
  });

  test('is not sent where a redirect leads', async () => {
    routes('');
    const run = await verify(['--jwks', `${server.origin}/away`, '--jwks-token-file', tokenFile()]);
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('redirects to another origin') });
    expect(sent(other)).toEqual([]);
  });

  test('is not sent to an address that a policy of the working folder chose', async () => {
    routes(`${server.origin}/openid/v1/jwks`);
    for (const keys of [{ issuerUrl: server.origin }, { jwks: `${server.origin}/openid/v1/jwks` }]) {
      const run = await verify(['--jwks-token-file', tokenFile()], folderWith({ keys }).world);
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('which nobody named') });
    }
    expect(sent(server)).toEqual([]);
  });

  test.each<[string, string]>([
    ['empty', ''],
    ['two lines', `${bearer}\n${bearer}`],
    ['the word Bearer', `Bearer ${bearer}`],
    ['a header more', `${bearer}\r\nX-Evil: 1`],
    ['a letter that is not ASCII', 'hush\u00e9'],
    ['a longer token than servers read', 'hush'.repeat(8000)],
  ])('is refused with a file of %s, and nothing is sent', async (_, content) => {
    routes('');
    const run = await verify(['--jwks', `${server.origin}/openid/v1/jwks`, '--jwks-token-file', fileWith(content)]);
    expect(run).toMatchObject({ exitCode: 3, stdout: '' });
    expect(sent(server)).toEqual([]);
  });

  test('is named by the hint where a server wants one', async () => {
    routes('');
    const without = await verify(['--jwks', `${server.origin}/openid/v1/jwks`]);
    expect(without).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('--jwks-token-file') });
    const wrong = await verify(['--jwks', `${server.origin}/openid/v1/jwks`, '--jwks-token-file', fileWith('other')]);
    expect(wrong).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('may be expired') });
  });

  test.each<[string, string[]]>([
    ['a file of keys', ['--jwks', 'jwks.json']],
    ['a key', ['--key', 'verify.pem']],
    ['the keyring', []],
  ])('is refused beside %s', async (_, args) => {
    const run = await runCli(['verify', await jwt(), '--jwks-token-file', tokenFile(), ...args]);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('keys that are fetched') });
  });

  test('is not sent over plain HTTP without --insecure-http, nor to another machine with it', async () => {
    routes('');
    const named = ['--jwks-token-file', tokenFile()];
    const here = await runCli(['verify', await jwt(), '--jwks', `${server.origin}/openid/v1/jwks`, ...named]);
    const there = await verify(['--jwks', 'http://issuer.example/jwks', ...named]);
    for (const run of [here, there]) {
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('not sent over plain HTTP') });
    }
    expect(sent(server)).toEqual([]);
  });
});

describe('the token of the library', () => {
  test('is asked for before each request', async () => {
    routes('');
    const path = tokenFile();
    let asked = 0;
    let time = now;
    const token = () => {
      asked += 1;
      return textOf(path);
    };
    const source = remoteKeys(`${server.origin}/openid/v1/jwks`, { now: () => time, insecureHttp: true, token });
    writeFileSync(path, 'stale');
    await expect(source.keys(time)).rejects.toMatchObject({ code: 'JWKS_UNAVAILABLE' });
    writeFileSync(path, bearer);
    expect(await source.keys(time)).toHaveLength(1);
    time += 3600;
    expect(await source.keys(time)).toHaveLength(1);
    expect(asked).toBe(3);
  });

  test('is a function', () => {
    const options = { now: () => now, token: bearer as unknown as () => string };
    for (const open of [remoteKeys, issuerKeys]) {
      expect(() => open('https://issuer.example', options)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
    }
  });

  test.each<[string, string, boolean]>([
    ['https://a.example/keys', 'https://a.example', true],
    ['https://a.example:8443/keys', 'https://a.example', false],
    ['https://b.example/keys', 'https://a.example', false],
    ['https://a.example.evil/keys', 'https://a.example', false],
    ['http://a.example/keys', 'https://a.example', false],
  ])('at %s, for %s: %s', (address, origin, isSent) => {
    expect(carriesToken(new URL(address), origin, { now: () => now, token: () => bearer })).toBe(isSent);
  });

  test('that is no text is refused', () => {
    expect(() => authorizationOf(() => undefined as unknown as string)).toThrow('not a token of RFC 6750');
  });
});
