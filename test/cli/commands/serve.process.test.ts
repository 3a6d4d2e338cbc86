// @module-tag slow
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test as oneByOne } from 'vitest';
import { describeWithProgram } from '../../programs.js';
import { serve as occupy } from '../../remote/server.js';
import { claimsOf } from '../../server/test-service.js';
import { runShell } from '../../shell/bash.js';
import { fileWith, makeKeyring, runCli, secret, segmentOf, stdoutOf, temporaryFolder } from '../fake-io.js';
import {
  alice,
  aliceForm,
  asClient,
  childrenOf,
  runBinary,
  type Served,
  sendForm,
  serveBinary,
  writeAccounts,
} from '../served.js';

// Each test has services of its own, and mostly waits for them.
const test = oneByOne.concurrent;

const realNow = () => Math.floor(Date.now() / 1000);
const inFolder = () => ({ cwd: temporaryFolder() });

async function keyringWithAlice(alg = 'ES256'): Promise<string> {
  const keyring = await makeKeyring(alg);
  writeAccounts(keyring);
  return keyring;
}

const login = async ({ url }: Served, form = {}) => {
  const { body } = await sendForm(`${url}/token`, { ...aliceForm, ...form });
  return body as unknown as { access_token: string; refresh_token: string; expires_in: number };
};
const me = async ({ url }: Served, token: string) => {
  const response = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
};

describe('serve refuses a bad option before it opens anything', () => {
  const refused: [string[], RegExp][] = [
    [['--port', 'http'], /--port: "http" is not a number from 0 to 65535/],
    [['--port', '65536'], /--port/],
    [['--port=-1'], /--port/],
    [['--port', ''], /--port/],
    [['--port', '00000080'], /--port/],
    // Seven digits leave room for leading zeros: the error is about the next option.
    [['--port', '0000080', '--workers', '0000004', '--issuer-url', 'auth'], /--issuer-url is not the URL of an issuer/],
    [['--workers', '0'], /--workers: "0" is not a number from 1 to 256/],
    [['--workers', '257'], /--workers/],
    [['--login-attempts', '0'], /--login-attempts/],
    [['--issuer-url', 'auth.example'], /--issuer-url is not the URL of an issuer/],
    [['--issuer-url', 'ftp://auth.example'], /--issuer-url/],
    [['--issuer-url', 'https://auth.example/?a'], /--issuer-url/],
    [['--issuer-url', 'https://auth.example#'], /--issuer-url/],
    [['--issuer-url', 'https://me:secret@auth.example'], /--issuer-url/],
    [['--issuer-url', 'https://auth.example/\n'], /--issuer-url/],
    [['--trust-proxy', 'everybody'], /--trust-proxy: "everybody" names no proxies/],
    [['--trust-proxy', ''], /--trust-proxy/],
    [['--trust-proxy', '300.1.1.1'], /--trust-proxy/],
    [['--trust-proxy', '10.0.0.0/99'], /--trust-proxy/],
    [['--trust-proxy', '0.0.0.0/0'], /--trust-proxy: "0\.0\.0\.0\/0" names no proxies/],
    [['--trust-proxy', 'loopback,::/00'], /--trust-proxy/],
    [['--trust-proxy', 'loopback,cafe'], /--trust-proxy/],
    [['--tls-cert', 'cert.pem'], /certificate and its key/],
    [['--tls-key', 'key.pem'], /certificate and its key/],
    [['--ttl', '0'], /--ttl/],
    [['--ttl', 'soon'], /--ttl/],
    [['--refresh-ttl', '0s'], /--refresh-ttl/],
    [['--leeway', '-5s'], /leeway/],
    [['--leeway', '2h'], /--leeway/],
    [['--alg', 'none'], /there is no "none"/],
    [['--alg', 'RS257'], /--alg/],
    [['--nope'], /--nope/],
    [['8000'], /argument/],
    [['--key', 'a', '--secret-env', 'S'], /exclude each other/],
    [['--demo', '--host', '0.0.0.0'], /--demo listens on this machine alone/],
    [['--demo', '--host', '::'], /--demo listens on this machine alone/],
    [['--demo', '--host', 'auth.example'], /--demo listens on this machine alone/],
    [['--demo', '--workers', '2'], /--demo and --workers/],
    [['--demo', '--keyring', 'k'], /--demo makes its own keys/],
    [['--demo', '--users', 'u'], /--demo makes its own keys/],
    [['--demo', '--store', 'redis://a'], /--demo makes its own keys/],
    [['--demo', '--secret-env', 'S'], /--demo makes its own keys/],
  ];
  test.each(refused)('%j', async (args, message) => {
    const keyring = join(temporaryFolder(), 'none');
    const own = args.some((arg) => /^--(?:keyring|key|demo|secret)/.test(arg)) ? [] : ['--keyring', keyring];
    const { exitCode, stdout, stderr } = await runCli(['serve', ...args, ...own]);
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(existsSync(keyring)).toBe(false);
  });

  test('refuses an algorithm that the key does not have', async () => {
    const { exitCode, stderr } = await runCli(['serve', '--keyring', await makeKeyring('ES256'), '--alg', 'RS256']);
    expect(stderr).toMatch(/RS256/);
    expect(exitCode).toBe(2);
  });
});

describe('serve exits before it listens', () => {
  const unfit: [string, string, () => Promise<string[]>][] = [
    ['no keyring', 'KEYRING_NOT_FOUND', async () => ['--keyring', join(temporaryFolder(), 'none')]],
    ['a keyring that is damaged', 'KEYRING_INVALID', async () => ['--keyring', await damaged('jwks.json')]],
    ['damaged users', 'ACCOUNTS_INVALID', async () => ['--keyring', await damaged('users.json')]],
    ['damaged clients', 'ACCOUNTS_INVALID', async () => ['--keyring', await damaged('clients.json')]],
    ['no certificate', 'FILE_NOT_READABLE', async () => ['--demo', '--tls-cert', 'none.pem', '--tls-key', 'none.pem']],
    ['a certificate that is none', 'KEY_INVALID', async () => tls(fileWith('none'), (await certificate()).key)],
    ['a key that is none', 'KEY_INVALID', async () => tls((await certificate()).cert, fileWith('none'))],
    [
      'the key of another certificate',
      'KEY_INVALID',
      async () => tls((await certificate()).cert, (await certificate()).key),
    ],
    ['a store that is none', 'USAGE_INVALID', async () => ['--keyring', await makeKeyring(), '--store', 'nothing']],
    [
      'a Redis that does not answer',
      'STORE_UNAVAILABLE',
      async () => ['--keyring', await makeKeyring(), '--store', 'redis://127.0.0.1:1'],
    ],
    ['a port in use', 'ADDRESS_UNAVAILABLE', async () => ['--demo', '--port', String((await occupy({})).port)]],
    [
      'an address of another machine',
      'ADDRESS_UNAVAILABLE',
      async () => ['--keyring', await makeKeyring(), '--host', '192.0.2.1'],
    ],
    [
      'a ready file in a folder that is not there',
      'FILE_NOT_WRITABLE',
      async () => ['--demo', '--port', '0', '--ready-file', join(temporaryFolder(), 'none', 'ready.json')],
    ],
    [
      'a ready file in what is no folder',
      'FILE_NOT_WRITABLE',
      async () => ['--demo', '--port', '0', '--ready-file', join(fileWith(''), 'ready.json')],
    ],
    [
      'a ready file that something else wrote',
      'FILE_EXISTS',
      async () => ['--demo', '--port', '0', '--ready-file', fileWith('{"url":"x"}')],
    ],
  ];
  /** One of each part: the keyring, certificates, the store, the address, the ready file. */
  const quick = [
    'no keyring',
    'a key that is none',
    'a Redis that does not answer',
    'a port in use',
    'a ready file in what is no folder',
  ];
  const named = '%s: %s';
  test.each(unfit.filter(([what]) => quick.includes(what)))(named, expectExit);
  test.each(unfit.filter(([what]) => !quick.includes(what)))(named, { tags: 'slow' }, expectExit);
  async function expectExit(_what: string, code: string, make: () => Promise<string[]>) {
    const { exitCode, stderr } = await runCli(['serve', '--json', ...(await make())]);
    const line = stderr.split('\n').find((text) => text.startsWith('{"error"')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ error: { code } });
    expect(exitCode).toBe(code === 'USAGE_INVALID' ? 2 : 3);
  }

  async function damaged(name: string): Promise<string> {
    const keyring = await keyringWithAlice();
    writeFileSync(join(keyring, name), '{"keys":[');
    return keyring;
  }

  function tls(cert: string, key: string): string[] {
    return ['--demo', '--port', '0', '--tls-cert', cert, '--tls-key', key];
  }
});

/** A certificate for loopback, in files. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(temporaryFolder(), 'cert.pem'), join(temporaryFolder(), 'key.pem')];
  const made = ['--private', key, '--cert', cert, '--subject', 'CN=localhost', '--san', 'IP:127.0.0.1'];
  await stdoutOf(['keygen', '--alg', 'ES256', ...made], { now: realNow() });
  return { cert, key };
}

describe('a service', () => {
  test('prints its address, serves until a signal ends it, and exits 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const) {
      // A service that was killed leaves its file behind, and mktemp makes an empty one.
      const old = signal === 'SIGTERM' ? '{"url":"http://127.0.0.1:1","pid":1}\n' : '';
      const ready = fileWith(old, 'ready.json');
      const args = ['--keyring', await keyringWithAlice(), '--ready-file', ready, '--aud', 'api'];
      const served = await serveBinary(args, inFolder());
      expect(JSON.parse(readFileSync(ready, 'utf8'))).toEqual({ url: served.url, pid: served.pid });
      expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const { access_token: token } = await login(served);
      expect(await me(served, token)).toEqual({ status: 200, body: { user_id: 'user-123' } });
      expect(await served.stop(signal)).toEqual({ exitCode: 0, signal: null });
      expect(existsSync(ready)).toBe(false);
      expect(served.written.stderr).toBe(`listening on ${served.url}\n`);
      const paths = served.logs().filter(({ msg }) => msg === 'request');
      expect(paths.map(({ path }) => path)).toEqual(['/token', '/users/me']);
      await expect(fetch(served.url)).rejects.toThrow();
    }
  });

  test('with HTTPS ends connections that do not finish the handshake, in time', { tags: 'slow' }, async () => {
    const { cert, key } = await certificate();
    const args = ['--keyring', await keyringWithAlice(), '--tls-cert', cert, '--tls-key', key];
    const served = await serveBinary(args, inFolder());
    // The first bytes of a ClientHello, all of one but the last bytes, what is no TLS, and nothing.
    const kinds = [
      '\x16\x03\x01\x02\x00\x01\x00\x01',
      `\x16\x03\x01\x00\x60\x01${'\0'.repeat(80)}`,
      'GET / HTTP/1.1\r\n\r\n',
      '',
    ];
    const start = performance.now();
    const lives = kinds.map(async (bytes) => {
      const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
      if (bytes !== '') socket.write(Buffer.from(bytes, 'latin1'));
      await once(socket.on('error', () => {}).resume(), 'close');
      return performance.now() - start;
    });
    const longest = Math.max(...(await Promise.all(lives)));
    // The limit for headers (src/server/app.ts), and time for a busy machine.
    expect(longest).toBeGreaterThan(9000);
    expect(longest).toBeLessThan(14_000);
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
  });

  test('opens no debugger on SIGUSR1, which every local user could reach', async () => {
    for (const workers of ['1', '2']) {
      const keyring = await keyringWithAlice();
      const served = await serveBinary(['--keyring', keyring, '--workers', workers, '--aud', 'api'], inFolder());
      const pids = [served.pid, ...(process.platform === 'linux' ? childrenOf(served.pid) : [])];
      expect(pids).toHaveLength(process.platform === 'linux' && workers === '2' ? 3 : 1);
      for (const pid of pids) process.kill(pid, 'SIGUSR1');
      for (let round = 0; round < 4; round++) await login(served);
      expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
      // Node says "Debugger listening on ws://127.0.0.1:9229/…", or "Starting inspector on … failed" where the port is taken.
      expect(served.written.stderr).toBe(`listening on ${served.url}\n`);
    }
  });

  test('keeps the ready file of a successor', { tags: 'slow' }, async () => {
    const ready = join(temporaryFolder(), 'ready.json');
    const served = await serveBinary(['--keyring', await keyringWithAlice(), '--ready-file', ready], inFolder());
    writeFileSync(ready, '{"url":"http://127.0.0.1:1","pid":1}\n');
    expect(await served.stop('SIGTERM')).toEqual({ exitCode: 0, signal: null });
    expect(existsSync(ready)).toBe(true);
  });

  test('answers open requests before it ends', async () => {
    const served = await serveBinary(['--keyring', await keyringWithAlice()], inFolder());
    const body = new URLSearchParams(aliceForm).toString();
    const head = `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
    let received = '';
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
    const isClosed = new Promise((resolve) => socket.once('close', resolve));
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    const write = (text: string) => new Promise((resolve) => socket.write(text, resolve));
    await write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await served.until(/"path":"\/healthz"/);
    await write(`${head}${body.slice(0, 5)}`);
    const ended = served.stop();
    // It is stopping once it takes no more connections.
    await refusesConnections(served.url);
    await write(body.slice(5));
    await isClosed;
    expect(received).toMatch(/HTTP\/1\.1 200 OK[\s\S]*\{"status":"ok"\}HTTP\/1\.1 200 OK/);
    expect(received).toMatch(/\r\nconnection: close\r\n[\s\S]*"access_token"/i);
    expect(await ended).toEqual({ exitCode: 0, signal: null });
  });

  async function refusesConnections(url: string): Promise<void> {
    const end = Date.now() + 20_000;
    while (Date.now() < end) {
      const isRefused = await new Promise<boolean>((resolve) => {
        const probe = connect(Number(new URL(url).port), '127.0.0.1', () => {
          probe.destroy();
          resolve(false);
        });
        probe.once('error', () => resolve(true));
      });
      if (isRefused) return;
    }
    throw new Error('it still takes connections');
  }

  test('gives a used refresh token the same successor again for some seconds, unless told otherwise', {
    tags: 'slow',
  }, async () => {
    const keyring = await keyringWithAlice();
    for (const [args, statuses] of [
      [[], [200, 200]],
      [
        ['--rotate-grace', '0'],
        [200, 401],
      ],
    ] as const) {
      const served = await serveBinary(['--keyring', keyring, '--rotate', ...args], inFolder());
      const { refresh_token: token } = await login(served);
      const answers = [];
      for (let use = 0; use < 2; use++)
        answers.push(await sendForm(`${served.url}/token/refresh`, { refresh_token: token }));
      expect(answers.map(({ status }) => status)).toEqual(statuses);
    }
  });

  test('sees keys and users change, and drops nothing', { tags: 'slow' }, async () => {
    const keyring = await keyringWithAlice();
    const served = await serveBinary(['--keyring', keyring, '--rotate', '--rotate-grace', '0'], inFolder());
    const keys = (...args: string[]) => stdoutOf(['keys', ...args, '--keyring', keyring], { now: realNow() });
    const kidOf = (token: string) => segmentOf(token, 0).kid;
    const first = await login(served);
    expect(kidOf(first.access_token)).toBe('k1');
    // Requests go on while it happens.
    let isOver = false;
    const statuses = new Set<number>();
    const busy = (async () => {
      while (!isOver) statuses.add((await me(served, first.access_token)).status);
    })();
    await keys('rotate', '--kid', 'k2', '--alg', 'RS256');
    const second = await login(served);
    expect(kidOf(second.access_token)).toBe('k2');
    const jwks = async () => {
      const response = await fetch(`${served.url}/.well-known/jwks.json`);
      return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort();
    };
    expect(await jwks()).toEqual(['k1', 'k2']);
    // Our own verifier finds the keys by itself, and demands the issuer.
    const verify = (token: string, ...args: string[]) =>
      runBinary(['verify', token, '--issuer-url', served.url, '--no-cache', '--quiet', ...args], inFolder());
    expect((await verify(second.access_token)).exitCode).toBe(0);
    expect((await verify(first.access_token)).exitCode).toBe(0);
    expect((await verify(second.refresh_token)).exitCode).toBe(16);
    const { status, body } = await sendForm(`${served.url}/token/refresh`, { refresh_token: first.refresh_token });
    expect(status).toBe(200);
    expect(kidOf(String(body.access_token))).toBe('k2');
    isOver = true;
    await busy;
    expect([...statuses]).toEqual([200]);
    await keys('retire', 'k1', '--at', 'now');
    expect(await me(served, first.access_token)).toEqual({
      status: 401,
      body: { detail: 'Invalid token', path: '/users/me' },
    });
    expect(await jwks()).toEqual(['k2']);

    // Users: gone, back, damaged, mended.
    writeAccounts(keyring, []);
    expect((await sendForm(`${served.url}/token`, aliceForm)).status).toBe(401);
    writeAccounts(keyring, [{ ...alice, scopes: ['read'] }]);
    expect(segmentOf((await login(served)).access_token, 1).scope).toBe('read');
    writeFileSync(join(keyring, 'users.json'), '{"users":[');
    const damaged = await sendForm(`${served.url}/token`, aliceForm);
    expect(damaged.status).toBe(503);
    expect(damaged.headers.get('retry-after')).toBe('1');
    expect(await me(served, second.access_token)).toMatchObject({ status: 200 });
    writeAccounts(keyring);
    expect((await sendForm(`${served.url}/token`, aliceForm)).status).toBe(200);

    // Keys: damaged.
    writeFileSync(join(keyring, 'jwks.json'), '{');
    const ready = await fetch(`${served.url}/readyz`);
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 503,
      body: { status: 'unavailable', keys: 'failed', store: 'ok', accounts: 'ok' },
    });
    expect((await me(served, second.access_token)).status).toBe(503);
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  });

  test('`users set` and `clients set` change tokens as their notes say', { tags: 'slow' }, async () => {
    const keyring = await keyringWithAlice();
    const served = await serveBinary(['--keyring', keyring], inFolder());
    const set = (...args: string[]) => stdoutOf([...args, '--keyring', keyring], { now: realNow() });
    const issue = async (path: string, form: Record<string, string>, headers = {}) => {
      const { access_token: token } = (await sendForm(served.url + path, form, headers)).body;
      return { token: String(token), claims: segmentOf(String(token), 1) };
    };
    const passes = async (token: string, query: string) =>
      (await fetch(`${served.url}/auth?${query}`, { headers: { authorization: `Bearer ${token}` } })).status;
    const { access_token: early, refresh_token: session } = await login(served);
    const own = { grant_type: 'client_credentials' };
    const earlyOwn = await issue('/token', own, asClient);
    await set('users', 'set', 'alice', '--role', 'editor', '--scope', 'read admin');
    await set('clients', 'set', 'billing', '--scope', 'invoices:write');

    // Tokens keep what they say.
    expect(await passes(early, 'scope=write&role=user')).toBe(200);
    expect(await passes(earlyOwn.token, 'scope=invoices:read')).toBe(200);
    // A refresh leaves out what was taken away and adds nothing.
    const refreshed = await issue('/token/refresh', { refresh_token: session });
    expect(refreshed.claims).toMatchObject({ sub: 'user-123', scope: 'read' });
    expect(refreshed.claims).not.toHaveProperty('role');
    // A log-in, and a client's next token, have all of it.
    const { claims } = await issue('/token', aliceForm);
    expect([claims.role, claims.scope]).toEqual([['editor'], 'read admin']);
    expect((await issue('/token', own, asClient)).claims.scope).toBe('invoices:write');

    await set('users', 'set', 'alice', '--no-roles', '--no-scopes', '--end-sessions');
    expect(await passes(early, 'scope=read')).toBe(401);
    expect((await sendForm(`${served.url}/token/refresh`, { refresh_token: session })).status).toBe(401);
  });

  test('shares its denylist with the command line', async () => {
    const keyring = await keyringWithAlice();
    const served = await serveBinary(['--keyring', keyring], inFolder());
    const { access_token: one } = await login(served);
    await stdoutOf(['revoke', one, '--keyring', keyring], { now: realNow() });
    expect((await me(served, one)).status).toBe(401);
    const { access_token: other } = await login(served);
    expect((await sendForm(`${served.url}/revoke`, { token: other }, asClient)).status).toBe(200);
    expect((await runCli(['verify', other, '--keyring', keyring], { now: realNow() })).exitCode).toBe(17);
    // And takes what the command line has issued.
    const mine = await stdoutOf(['issue', '--sub', 'u', '--keyring', keyring], { now: realNow() });
    expect(await me(served, mine)).toEqual({ status: 200, body: { user_id: 'u' } });
  });

  test('checks a password slowly for known and unknown names', { tags: 'slow' }, async () => {
    const served = await serveBinary(['--keyring', await keyringWithAlice()], inFolder());
    const duration = async (username: string) => {
      const begin = performance.now();
      expect((await sendForm(`${served.url}/token`, { username, password: 'wrong' })).status).toBe(401);
      return performance.now() - begin;
    };
    const [known, unknown] = [[], []] as [number[], number[]];
    for (let round = 0; round < 5; round++) {
      known.push(await duration('alice'));
      unknown.push(await duration(`nobody-${round}`));
    }
    // The quickest of each: a look-up without the work would take a twentieth.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 3);
  });
});

describe('keys', () => {
  test('a .env of the tutorial is enough, and no JWK Set is served', async () => {
    const folder = temporaryFolder();
    const lines = [
      `SECRET_KEY=${secret}`,
      'ALGORITHM=HS256',
      'ACCESS_TOKEN_EXPIRE_MINUTES=15',
      'REFRESH_TOKEN_EXPIRE_DAYS=2',
    ];
    const envFile = fileWith(`${lines.join('\n')}\n`, '.env');
    writeAccounts(folder);
    const files = ['--users', join(folder, 'users.json'), '--clients', join(folder, 'clients.json')];
    const served = await serveBinary(['--env-file', envFile, ...files], { cwd: folder });
    const tokens = await login(served);
    expect(tokens.expires_in).toBe(900);
    expect(segmentOf(tokens.access_token, 0)).toEqual({ alg: 'HS256', typ: 'JWT' });
    const { iat = 0, exp } = claimsOf(tokens.refresh_token);
    expect(exp).toBe(iat + 2 * 86_400);
    expect(await me(served, tokens.access_token)).toEqual({ status: 200, body: { user_id: 'user-123' } });
    for (const name of ['jwks.json', 'openid-configuration']) {
      expect((await fetch(`${served.url}/.well-known/${name}`)).status).toBe(404);
    }
    const verified = await runCli(['verify', tokens.access_token, '--env-file', envFile, '--quiet'], {
      now: realNow(),
      workingFolder: folder,
    });
    expect(verified.exitCode).toBe(0);
  });

  test('a policy file is respected', { tags: 'slow' }, async () => {
    const folder = temporaryFolder();
    const keyring = await keyringWithAlice();
    const policy = {
      keys: { keyring },
      issuer: 'https://auth.example',
      audience: 'api',
      algorithms: ['RS256', 'ES256'],
      lifetimes: { access: '10m', refresh: '1d' },
    };
    writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify(policy));
    const served = await serveBinary([], { cwd: folder });
    const tokens = await login(served);
    const shared = { iss: 'https://auth.example', aud: 'api' };
    const { iat = 0, ...claims } = claimsOf(tokens.refresh_token);
    const session = { aud: 'api' };
    expect(claims).toMatchObject({ ...shared, aud: `${shared.iss}/token`, session, exp: iat + 86_400 });
    expect(claimsOf(tokens.access_token)).toMatchObject(shared);
    expect(tokens.expires_in).toBe(600);
    // What it issues passes the policy, also by the key of a rotation.
    await stdoutOf(['keys', 'rotate', '--alg', 'RS256', '--keyring', keyring], { now: realNow() });
    const { access_token: next } = await login(served);
    expect(segmentOf(next, 0).alg).toBe('RS256');
    for (const token of [tokens.access_token, next]) {
      expect((await runCli(['verify', token, '-q'], { now: realNow(), workingFolder: folder })).exitCode).toBe(0);
    }
    expect((await me(served, next)).status).toBe(200);
    // A key that the policy does not allow signs nothing, and says so to the people who run the service.
    await stdoutOf(['keys', 'rotate', '--alg', 'EdDSA', '--keyring', keyring], { now: realNow() });
    expect((await sendForm(`${served.url}/token`, aliceForm)).status).toBe(503);
    await served.until(/"reason":"SIGNING_KEY_NOT_FOUND"/);
  });

  test.each([
    [
      { issuer: ['https://a.example', 'https://b.example'] },
      /\/issuer accepts 2 issuers\nhint: name yours with --issuer-url/,
    ],
    [{ issuer: 'us' }, /\/issuer is not the URL of an issuer/],
    [{ algorithms: ['RS256'] }, /allows none of the key's algorithms/],
    [{ keys: { jwks: 'https://a.example/jwks.json' } }, /names no key that this command can use/],
    [{ keys: { issuerUrl: 'https://a.example' } }, /names no key that this command can use/],
  ])('refuses a policy that leaves open what to issue: %j', async (policy, message) => {
    const folder = temporaryFolder();
    const keys = 'keys' in policy ? {} : { keys: { keyring: await makeKeyring() } };
    writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ ...keys, ...policy }));
    const { exitCode, stderr } = await runCli(['serve'], { workingFolder: folder });
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });

  test('--issuer-url sets the iss only; the service signs with its own keys', { tags: 'slow' }, async () => {
    const keyring = await keyringWithAlice();
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'jwtkit.config.json'),
      JSON.stringify({ keys: { keyring }, issuer: 'https://a.example' }),
    );
    const issuer = ['--issuer-url', 'https://b.example'];
    for (const args of [issuer, ['--keyring', keyring, ...issuer]]) {
      const served = await serveBinary(args, { cwd: folder });
      const { access_token: token } = await login(served);
      expect(claimsOf(token).iss).toBe('https://b.example');
      await served.stop();
    }
  });

  test('opens an encrypted private half once, at the start', { tags: 'slow' }, async () => {
    const keyring = join(temporaryFolder(), 'guarded');
    const world = { env: { P: 'correct horse' } };
    const guarded = ['--keyring', keyring, '--passphrase-env', 'P'];
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'k1', ...guarded], world);
    writeAccounts(keyring);
    const wrong = await runCli(['serve', ...guarded], { env: { P: 'wrong' } });
    expect(wrong.exitCode).toBe(3);
    const without = await runCli(['serve', '--keyring', keyring]);
    expect(without.exitCode).toBe(3);
    const served = await serveBinary(guarded, { cwd: temporaryFolder(), env: world.env });
    expect(segmentOf((await login(served)).access_token, 0).kid).toBe('k1');
    await stdoutOf(['keys', 'rotate', '--kid', 'k2', ...guarded], { ...world, now: realNow() });
    expect(segmentOf((await login(served)).access_token, 0).kid).toBe('k2');
  });

  test.each([
    ['RS256', [], 'RS256'],
    ['RS256', ['--alg', 'PS256'], 'PS256'],
    ['ES256', [], 'ES256'],
  ])('a private key in a file (%s %j) signs as its set says', { tags: 'slow' }, async (made, args, alg) => {
    const key = join(temporaryFolder(), 'key.pem');
    await stdoutOf(['keygen', '--alg', made, '--private', key]);
    const folder = temporaryFolder();
    writeAccounts(folder);
    const served = await serveBinary(['--key', key, '--users', join(folder, 'users.json'), ...args], inFolder());
    const { access_token: token } = await login(served);
    expect(segmentOf(token, 0)).toMatchObject({ alg });
    const set = (await (await fetch(`${served.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    expect(set.keys).toEqual([expect.objectContaining({ alg, use: 'sig', kid: segmentOf(token, 0).kid })]);
    expect(JSON.stringify(set)).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/);
    const verified = await runBinary(['verify', token, '--issuer-url', served.url, '--no-cache', '-q'], inFolder());
    expect(verified).toMatchObject({ exitCode: 0 });
  });
});

describe('HTTPS', () => {
  test('serves HTTPS with a certificate of keygen', async () => {
    const { cert, key } = await certificate();
    const keyring = await keyringWithAlice();
    const served = await serveBinary(['--keyring', keyring, '--tls-cert', cert, '--tls-key', key], inFolder());
    expect(served.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const ca = readFileSync(cert);
    const answer = await new Promise<{ headers: Record<string, unknown>; text: string }>((resolve, reject) => {
      const body = new URLSearchParams(aliceForm).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const asked = request(`${served.url}/token`, { ca, method: 'POST', headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ headers: response.headers, text }));
      });
      asked.once('error', reject).end(body);
    });
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(claimsOf(JSON.parse(answer.text).access_token).iss).toBe(served.url);
    const plain = await fetch(served.url.replace('https', 'http')).catch((error: Error) => error);
    expect(plain instanceof Error || plain.status === 400).toBe(true);
    expect((await served.stop()).exitCode).toBe(0);
  });
});

describe('notes at the start', () => {
  test('options may come from variables', async () => {
    const keyring = await keyringWithAlice();
    const env = {
      JWTKIT_KEYRING: keyring,
      JWTKIT_ISSUER_URL: 'http://auth.example/tenant',
      JWTKIT_AUD: 'api web',
      JWTKIT_TTL: '5m',
      JWTKIT_ROTATE: '1',
      JWTKIT_CORS: 'https://a.example https://b.example',
      JWTKIT_LOGIN_ATTEMPTS: '1',
      JWTKIT_TRUST_PROXY: '1',
    };
    const served = await serveBinary([], { cwd: temporaryFolder(), env });
    const tokens = await login(served);
    expect(claimsOf(tokens.access_token)).toMatchObject({ iss: 'http://auth.example/tenant', aud: ['api', 'web'] });
    expect(tokens.expires_in).toBe(300);
    const { body } = await sendForm(`${served.url}/token/refresh`, { refresh_token: tokens.refresh_token });
    expect(body.refresh_token).toBeDefined();
    const { headers } = await fetch(served.url, { headers: { origin: 'https://b.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('https://b.example');
    const wrong = { ...aliceForm, password: 'wrong' };
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    expect((await sendForm(`${served.url}/token`, wrong, forwarded)).status).toBe(401);
    expect((await sendForm(`${served.url}/token`, wrong, forwarded)).status).toBe(429);
    await served.until(/"ip":"203\.0\.113\.7"/);
    expect(served.written.stderr).toContain('note: verifiers fetch no keys from an issuer over plain HTTP');
  });

  test('notes that its tokens name no audience, unless verifiers share its secret', { tags: 'slow' }, async () => {
    const note = 'note: without --aud access tokens name no audience';
    const served = await serveBinary(['--keyring', await keyringWithAlice()], inFolder());
    expect(served.written.stderr).toContain(note);
    const shared = await serveBinary(['--secret-env', 'S'], { ...inFolder(), env: { S: 's'.repeat(40) } });
    expect(shared.written.stderr).not.toContain(note);
  });

  test('notes once, for all its processes, that there are no users and clients', { tags: 'slow' }, async () => {
    const keyring = await makeKeyring();
    const served = await serveBinary(['--keyring', keyring, '--workers', '2', '--aud', 'api'], inFolder());
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    const [users, ...rest] = served.written.stderr.split('\n');
    expect(users).toMatch(/^note: nobody can log in: .* has no users/);
    expect(rest).toEqual([`listening on ${served.url}`, '']);
  });

  test('writes text with --log-format text, from each of its processes', { tags: 'slow' }, async () => {
    const served = await serveBinary(
      ['--keyring', await keyringWithAlice(), '--workers', '2', '--log-format', 'text'],
      inFolder(),
    );
    for (let count = 0; count < 20; count++) await fetch(`${served.url}/healthz`);
    expect(await served.stop()).toEqual({ exitCode: 0, signal: null });
    const line = expect.stringMatching(/^\S+Z {2}200 {6}GET \/healthz {2}\S+ ms {2}127\.0\.0\.1$/);
    expect(served.written.stdout.trimEnd().split('\n')).toEqual(Array(20).fill(line));
  });

  test('notes that it listens to other machines over plain HTTP', { tags: 'slow' }, async () => {
    const served = await serveBinary(['--keyring', await keyringWithAlice(), '--host', '0.0.0.0'], inFolder());
    await served.until(/note: passwords and tokens are sent in the clear/);
    await served.until(/note: other machines see the issuer http:\/\/localhost:\d+ .*--issuer-url/);
    expect(served.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect((await fetch(`${served.url.replace('localhost', '127.0.0.1')}/healthz`)).status).toBe(200);
  });
});

describeWithProgram('curl', 'a demo', () => {
  test('--demo leaves nothing behind, and the commands that it prints run, also with a later demo', async () => {
    const folder = temporaryFolder();
    const ready = join(temporaryFolder(), 'ready.json');
    let port = '0';
    // The second one has other keys at the address of the first, whose keys a verifier may have cached.
    for (const args of [[], ['--rotate', '--aud', 'api']]) {
      const served = await serveBinary(['--demo', '--port', port, '--ready-file', ready, ...args], { cwd: folder });
      ({ port } = new URL(served.url));
      const [, printed = ''] = await served.until(/try it in another shell:\n\n([\s\S]*?)\n\n/);
      const lines = printed.split('\n').map((line) => ({ text: line.trim().replace('curl ', 'curl -sSf '), exits: 0 }));
      expect(lines.length).toBe(9);
      const { failure, shown } = runShell(lines);
      expect(failure).toBeNull();
      const stdout = shown.join('\n');
      expect(stdout).toContain('{"user_id":"user-123"}');
      expect(stdout).toContain('"active":true');
      expect(stdout).toMatch(/\{\}$/m);
      expect((await served.stop()).exitCode).toBe(0);
    }
    expect(existsSync(join(folder, '.jwtkit'))).toBe(false);
    expect(existsSync(ready)).toBe(false);
  });
});
