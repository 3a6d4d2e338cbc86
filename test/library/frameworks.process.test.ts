/** The code of docs/library.md for servers, as it is there: in Express, Fastify, Hono and node:http, with an issuer on loopback. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { createKey, exportPublicJwk, generateKey, issueToken, type Key } from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { codeBlocks } from '../pages.js';
import { serve } from '../remote/server.js';

/** A function that asks the server for `/` with a header. */
type Ask = (authorization?: string) => Promise<Response>;

const open: Server[] = [];
afterAll(() => {
  for (const server of open) server.close();
  vi.restoreAllMocks();
});

let issuer: string;
let key: Key;
beforeAll(async () => {
  const { privateKey, publicKey } = await generateKey('ES256');
  key = createKey(privateKey, { kid: 'k1' });
  const keys = await serve({});
  issuer = keys.origin;
  keys.route({
    '/.well-known/openid-configuration': { body: JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks.json` }) },
    '/jwks.json': { body: JSON.stringify({ keys: [{ ...exportPublicJwk(publicKey), kid: 'k1' }] }) },
  });
  // The page writes why a token is refused to the log.
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

/** Writes the page's files into a project of their own, and imports one of them with the issuer set. */
async function load(file: string, issuer: string): Promise<Record<string, unknown>> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['express', 'fastify', 'hono']) {
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  symlinkSync(resolve('.'), join(folder, 'node_modules', 'jwtkit'), 'junction');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const code of codeBlocks('docs/library.md', 'js')) {
    const [, name] = /^\/\/ (\S+\.js)\n/.exec(code) ?? [];
    if (name !== undefined) writeFileSync(join(folder, name), code);
  }
  vi.stubEnv('ISSUER', issuer);
  try {
    return await import(pathToFileURL(join(folder, file)).href);
  } finally {
    vi.unstubAllEnvs();
  }
}

async function listen(server: Server): Promise<Ask> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return (authorization) =>
    fetch(`http://127.0.0.1:${port}/`, authorization === undefined ? {} : { headers: { authorization } });
}

/** Starts the server of a page's file. */
const servers: [string, (issuer: string) => Promise<Ask>][] = [
  ['Express', async (issuer) => listen(createServer((await load('with-express.js', issuer)).app as RequestListener))],
  [
    'Fastify',
    async (issuer) => {
      const { app } = (await load('with-fastify.js', issuer)) as {
        app: { ready(): Promise<void>; routing: RequestListener };
      };
      await app.ready();
      return listen(createServer(app.routing));
    },
  ],
  [
    'Hono',
    async (issuer) => {
      const { app } = (await load('with-hono.js', issuer)) as {
        app: { request(path: string, init: RequestInit): Promise<Response> };
      };
      return async (authorization) =>
        app.request('/', authorization === undefined ? {} : { headers: { authorization } });
    },
  ],
  ['node:http', async (issuer) => listen((await load('with-node.js', issuer)).server as Server)],
];

describe.each(servers)('the server of docs/library.md with %s', (_name, start) => {
  const now = Math.floor(Date.now() / 1000);
  const issue = async (claims: object, ttl = 60) =>
    (await issueToken({ iss: issuer, aud: 'api', sub: 'user-123', ...claims }, { ttl }, { key, now })).token;

  test('answers a good token with what its claims say', async () => {
    const ask = await start(issuer);
    const answer = await ask(`Bearer ${await issue({})}`);
    expect([answer.status, await answer.text()]).toEqual([200, 'hello user-123']);
  });

  test('answers 401 with a challenge to anything else', async () => {
    const ask = await start(issuer);
    const other = createKey((await generateKey('ES256')).privateKey, { kid: 'k1' });
    const forged = await issueToken({ iss: issuer, aud: 'api' }, {}, { key: other, now });
    const refused = [
      'Bearer x.y.z',
      `Bearer ${forged.token}`,
      `Bearer ${await issue({ aud: 'web' })}`,
      `Bearer ${await issue({ iss: 'https://other.example' })}`,
      `Bearer ${await issue({ iat: now - 120, exp: now - 60 })}`,
      `Bearer ${await issue({ type: 'refresh' })}`,
    ];
    for (const header of refused) {
      const answer = await ask(header);
      expect([answer.status, await answer.text()], header).toEqual([401, '']);
      expect(answer.headers.get('www-authenticate'), header).toBe('Bearer error="invalid_token"');
    }
    for (const header of [undefined, 'Basic YTpi', `Bearer ${await issue({})} x`, await issue({})]) {
      const answer = await ask(header);
      expect([answer.status, answer.headers.get('www-authenticate')], header).toEqual([401, 'Bearer']);
    }
  });

  test('answers 503 while the keys cannot be had', async () => {
    const ask = await start(`http://127.0.0.1:${await freePort()}`);
    const answer = await ask(`Bearer ${await issue({})}`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });
});
