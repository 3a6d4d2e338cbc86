// @module-tag slow
/** Certificates and proxies, with the real binary: Node reads NODE_EXTRA_CA_CERTS when it starts. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { makeKeyring, stdoutOf, temporaryFolder, textOf } from '../cli/fake-io.js';
import { makeCertificates } from './certificates.js';
import { serve, type TestServer } from './server.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl && process.env.JWTKIT_REQUIRE_PEERS === '1') {
  throw new Error('openssl is not installed, and JWTKIT_REQUIRE_PEERS asks for it');
}
const reason = hasOpenssl ? '' : ' (skipped: openssl is not installed)';

let token: string;
let set: string;
let cache: string;
beforeAll(async () => {
  const keyring = await makeKeyring();
  token = await stdoutOf(['issue', '--sub', 'u', '--keyring', keyring, '--ttl', '90d', '--at', '2026-01-01T00:00:00Z']);
  set = textOf(join(keyring, 'jwks.json'));
  cache = temporaryFolder();
});

/** Runs the binary beside this process, whose servers go on answering. */
function verify(url: string, env: Record<string, string> = {}, ...args: string[]) {
  const options = ['--jwks', url, '--at', '2026-01-02T00:00:00Z', '--timeout', '5', '--no-cache', ...args];
  const started = performance.now();
  return new Promise<{ exitCode: number | null; stderr: string; took: number }>((done) => {
    const child = spawn(process.execPath, [resolve('bin/jwtkit.js'), 'verify', token, ...options], {
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, JWTKIT_CACHE_DIR: cache, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('close', (exitCode) => done({ exitCode, stderr, took: performance.now() - started }));
  });
}

describe.skipIf(!hasOpenssl)(`TLS${reason}`, () => {
  let folder: string;
  let ca: Record<string, string>;
  let good: TestServer;
  const certificate = (name: string) => ({
    cert: readFileSync(join(folder, `${name}.pem`), 'utf8'),
    key: readFileSync(join(folder, `${name}.key`), 'utf8'),
  });
  beforeAll(async () => {
    folder = temporaryFolder();
    makeCertificates(folder);
    ca = { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
    good = await serve({ '/jwks': { body: set } }, { tls: certificate('good') });
  });

  test('a CA of your own is trusted with NODE_EXTRA_CA_CERTS', async () => {
    expect(await verify(`${good.origin}/jwks`, ca)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a CA of your own is not trusted without NODE_EXTRA_CA_CERTS, even with NODE_TLS_REJECT_UNAUTHORIZED=0', {
    tags: 'slow',
  }, async () => {
    const { exitCode, stderr } = await verify(`${good.origin}/jwks`);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      `error: cannot fetch ${good.origin}/jwks: its certificate is not trusted\n` +
        'hint: a CA of your own is trusted with NODE_EXTRA_CA_CERTS=FILE in the environment\n',
    );
    const careless = await verify(`${good.origin}/jwks`, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(careless.exitCode).toBe(3);
    expect(careless.stderr).toContain('its certificate is not trusted');
  });

  test.each([
    ['other', 'its certificate is for another host'],
    ['expired', 'its certificate has expired'],
  ])('a certificate of another host or time is refused: %s', async (name, message) => {
    const server = await serve({ '/jwks': { body: set } }, { tls: certificate(name) });
    const { exitCode, stderr } = await verify(`${server.origin}/jwks`, ca);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(3);
  });

  test('a server without TLS is refused at an https address', { tags: 'slow' }, async () => {
    const plain = await serve({ '/jwks': { body: set } });
    const { exitCode, stderr } = await verify(`https://127.0.0.1:${plain.port}/jwks`, ca);
    expect(stderr).toContain('it does not speak TLS there');
    expect(exitCode).toBe(3);
  });

  test('a redirect from https to plain HTTP is refused', { tags: 'slow' }, async () => {
    const plain = await serve({ '/jwks': { body: set } });
    good.route({ '/jwks': { body: set }, '/down': { status: 302, headers: { location: `${plain.origin}/jwks` } } });
    const { exitCode, stderr } = await verify(`${good.origin}/down`, ca);
    expect(stderr).toContain('it redirects to plain HTTP');
    expect({ exitCode, requests: plain.requests }).toEqual({ exitCode: 3, requests: [] });
  });

  describe('through a proxy', () => {
    let proxy: Server;
    let proxyUrl: string;
    const tunnels: string[] = [];
    let logins: (string | undefined)[] = [];
    let status = 200;
    beforeAll(async () => {
      proxy = createServer((request, response) => {
        tunnels.push(`GET ${request.url}`);
        response.writeHead(502).end();
      });
      // Whatever the name, it leads to the one server: nothing is looked up.
      proxy.on('connect', (request: IncomingMessage, client: Duplex) => {
        tunnels.push(request.url ?? '');
        logins.push(request.headers['proxy-authorization']);
        if (status !== 200) {
          client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
          return;
        }
        const upstream = connect(good.port, '127.0.0.1', () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(client).pipe(upstream);
        });
        upstream.on('error', () => client.destroy());
        client.on('error', () => upstream.destroy());
      });
      await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
      proxyUrl = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      proxy.close();
      proxy.closeAllConnections();
    });

    test.each(['HTTPS_PROXY', 'https_proxy'])(
      '%s names the proxy; its login is sent and never shown',
      { tags: 'slow' },
      async (name) => {
        tunnels.length = 0;
        logins = [];
        const url = 'https://issuer.example/jwks';
        const { exitCode, stderr } = await verify(url, { ...ca, [name]: `http://user:hush@${proxyUrl}` });
        // The one certificate there is does not fit the name, which shows whose it was asked for.
        expect(stderr).toContain(`cannot fetch ${url}: its certificate is for another host`);
        expect({ exitCode, tunnels: [...new Set(tunnels)] }).toEqual({ exitCode: 3, tunnels: ['issuer.example:443'] });
        expect(logins[0]).toBe(`Basic ${Buffer.from('user:hush').toString('base64')}`);
        expect(stderr).not.toContain('hush');
      },
    );

    test('NO_PROXY exempts a host from the proxy', { tags: 'slow' }, async () => {
      tunnels.length = 0;
      const env = { ...ca, HTTPS_PROXY: `http://${proxyUrl}`, NO_PROXY: '.invalid' };
      const { exitCode, stderr } = await verify('https://issuer.invalid/jwks', env);
      expect(stderr).toContain('cannot fetch https://issuer.invalid/jwks: ');
      expect({ exitCode, tunnels }).toEqual({ exitCode: 3, tunnels: [] });
    });

    test('HTTP_PROXY does not apply to https', { tags: 'slow' }, async () => {
      tunnels.length = 0;
      const env = { ...ca, HTTP_PROXY: `http://${proxyUrl}` };
      await verify('https://issuer.invalid/jwks', env);
      expect(tunnels).toEqual([]);
      await verify('http://issuer.invalid/jwks', env, '--insecure-http');
      expect(tunnels).toHaveLength(1);
    });

    test('an address on this machine is fetched without the proxy', { tags: 'slow' }, async () => {
      tunnels.length = 0;
      const proxies = { HTTPS_PROXY: `http://${proxyUrl}`, HTTP_PROXY: `http://${proxyUrl}` };
      expect((await verify(`${good.origin}/jwks`, { ...ca, ...proxies })).exitCode).toBe(0);
      expect(tunnels).toEqual([]);
    });

    test('a proxy that refuses, is down or is no URL is JWKS_UNAVAILABLE', { tags: 'slow' }, async () => {
      const url = 'https://issuer.example/jwks';
      status = 407;
      expect((await verify(url, { HTTPS_PROXY: `http://${proxyUrl}` })).stderr).toContain(
        'the proxy answered with 407',
      );
      status = 200;
      const nowhere = await verify(url, { HTTPS_PROXY: `http://user:hush@127.0.0.1:${await freePort()}` });
      expect(nowhere.stderr).toContain('connection refused');
      expect(nowhere.stderr).not.toContain('hush');
      const bad = await verify(url, { HTTPS_PROXY: 'user:hush@proxy' });
      expect(bad.stderr).toBe('error: HTTPS_PROXY is not an http or https URL\n');
      expect(bad.exitCode).toBe(3);
    });
  });
});

/** Expects the end within two seconds of the limit, beside a refusal at the same time: other work makes both longer. */
async function expectEndAtLimit(url: string, env: Record<string, string> = {}): Promise<void> {
  const [refused, { exitCode, stderr, took }] = await Promise.all([
    verify(`https://127.0.0.1:${await freePort()}/`),
    verify(url, env, '--timeout', '1'),
  ]);
  expect(stderr).toContain('no whole answer within 1 s');
  expect(exitCode).toBe(3);
  expect(took - refused.took).toBeLessThan(3000);
}

test('a server that accepts and never answers ends at the time limit, also over TLS', { tags: 'slow' }, async () => {
  const silent = createTcpServer(() => {});
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const { port } = silent.address() as AddressInfo;
  await expectEndAtLimit(`https://127.0.0.1:${port}/`);
  silent.close();
});

test('a host name look-up that hangs ends at the time limit', { tags: 'slow' }, async () => {
  const hang = `import dns from 'node:dns';
    dns.lookup = () => { setInterval(() => {}, 1000); };`;
  await expectEndAtLimit('https://issuer.example/', {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hang)}`,
  });
});
