import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createKey } from '../../../src/jose/key.js';
import { loadSecret } from '../../../src/jose/secret.js';
import { reportToken } from '../../../src/token/verify.js';
import { fileWith, now, runCli, secret, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const world = { env: { S: secret, PATH: process.env.PATH ?? '' } };
const own = ['--secret-env', 'S', '--aud', 'api'];
const keys = [createKey(loadSecret(secret).keyObject, { alg: 'HS256' })];

async function isGood(token: string): Promise<boolean> {
  return (await reportToken(token, { audience: 'api' }, { keys, now })).valid;
}

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

const servers: { close(): void; closeAllConnections(): void }[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A service that answers each request with the status that `decide` returns for its token. */
async function serveTokens(
  tokenIn: (request: IncomingMessage, body: string) => string,
  decide: (token: string) => Promise<number>,
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer({ maxHeaderSize: 1_000_000 }, async (request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    let body = '';
    for await (const part of request) body += part;
    response.writeHead(await decide(tokenIn(request, body))).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`, seen };
}

const bearer = (request: IncomingMessage) => (request.headers.authorization ?? '').replace(/^Bearer /, '');
const strict = async (token: string) => ((await isGood(token)) ? 200 : 401);

describe('probe of an HTTP service', () => {
  test('exits 0 for a service that refuses every hostile token and accepts the good ones', {
    tags: 'slow',
  }, async () => {
    const { url, seen } = await serveTokens(bearer, strict);
    const { exitCode, stdout, stderr } = await runCli(['probe', url, ...own, '--alg', 'HS256'], world);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^0 of \d+ hostile tokens accepted, (\d+) of \1 good tokens accepted, \d+ not sent\n$/);
    expect(seen.length).toBeLessThanOrEqual(500);
    expect(seen[0]?.headers['user-agent']).toMatch(/^jwtkit-probe\/\d/);
    expect(seen[0]?.method).toBe('GET');
  });

  test.each([401, 403, 429, 503])('exits 3 for a service that answers %d after ten failures', async (status) => {
    let failures = 0;
    const careless = async (token: string) => {
      if (failures >= 10) return status;
      const answer = await strict(token);
      if (answer !== 200) failures++;
      return answer;
    };
    const { url } = await serveTokens(bearer, careless);
    const { exitCode, stdout, stderr } = await runCli(['probe', url, ...own], world);
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      new RegExp(
        `^error: between \\S+ and \\S+, \\S+ stopped taking the good token: status ${status}\nhint: it may lock out .*--rate\n$`,
      ),
    );
  });

  test('exits 3 for a service that locks the client out at the last token', { tags: 'slow' }, async () => {
    let asked = 0;
    const counted = await serveTokens(bearer, (token) => {
      asked++;
      return strict(token);
    });
    await runCli(['probe', counted.url, ...own], world);
    const all = asked;
    asked = 0;
    const { url } = await serveTokens(bearer, async (token) => (++asked >= all ? 429 : strict(token)));
    expect((await runCli(['probe', url, ...own], world)).exitCode).toBe(3);
  });

  test('goes on with a service that closes a connection at every fifth request, also that with the good token', {
    tags: 'slow',
  }, async () => {
    const sockets = new Map<object, number>();
    const server = createServer({ maxHeaderSize: 1_000_000 }, async (request, response) => {
      const { socket } = request;
      sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
      // As after a request that was too large: what comes next is lost.
      if (sockets.get(socket) === 5) return void socket.destroy();
      response.writeHead(await strict(bearer(request))).end('{}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`;
    const { stdout } = await runCli(['probe', url, ...own, '--json'], world);
    expect(JSON.parse(stdout).cases.length).toBeGreaterThan(200);
  });

  test('exits 0 for a strict service that takes each token only once', async () => {
    const taken = new Set<string>();
    const once = async (token: string) => {
      if (taken.has(token)) return 401;
      taken.add(token);
      return strict(token);
    };
    const { url } = await serveTokens(bearer, once);
    expect((await runCli(['probe', url, ...own], world)).exitCode).toBe(0);
  });

  test.each([
    ['a service that answers 200 to everything', [], async () => 200],
    [
      'a page to log in at, taken for an answer',
      ['--accepted', '200-399'],
      async (token: string) => ((await isGood(token)) ? 200 : 302),
    ],
  ])('says once that nothing is checked by %s', async (_, options, decide) => {
    const { url } = await serveTokens(bearer, decide);
    const { exitCode, stdout, stderr } = await runCli(['probe', url, ...own, ...options], world);
    expect(exitCode).toBe(19);
    expect(stdout).toContain('hostile tokens accepted');
    expect(stderr.match(/^note: \S+ accepted a text that is not a token\. Either it checks none here/gm)).toHaveLength(
      1,
    );
  });

  test.each([
    [302, [], '401,403,302'],
    [400, ['--refused', '401'], '401,400'],
  ])('says once how to count status %d as a refusal', async (status, options, codes) => {
    const { url } = await serveTokens(bearer, async (token) => ((await isGood(token)) ? 200 : status));
    const { exitCode, stderr } = await runCli(['probe', url, ...own, ...options], world);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      `note: ${url} answers ${status} to a text that is no token: if that refuses, say --refused ${codes}\n`,
    );
    const told = await runCli(['probe', url, ...own, '--refused', codes], world);
    expect([told.exitCode, told.stderr]).toEqual([0, '']);
  });

  test('names --accepted where the good token gets another status', async () => {
    const { url } = await serveTokens(bearer, async (token) => ((await isGood(token)) ? 302 : 401));
    const { exitCode, stderr } = await runCli(['probe', url, ...own], world);
    expect(exitCode).toBe(19);
    expect(stderr).toContain('hint: if that accepts a token, say so with --accepted');
  });

  test.each([
    ['each tenth', 10, 0],
    ['each second', 2, 3],
  ])('judges no token by status 429, which a service answers to %s request', async (_, nth, expected) => {
    let asked = 0;
    const { url, seen } = await serveTokens(bearer, async (token) => (++asked % nth === 0 ? 429 : strict(token)));
    const { exitCode, stdout, stderr } = await runCli(['probe', url, ...own], world);
    expect(exitCode).toBe(expected);
    expect(stdout).not.toContain('429');
    expect(stderr).toContain(expected === 0 ? '' : '--rate');
    expect(seen.length).toBeLessThanOrEqual(500);
  });

  test('exits 19 and names what a service accepted that believes alg none', async () => {
    const careless = async (token: string) => (token.endsWith('.') && token.startsWith('ey') ? 200 : strict(token));
    const { url } = await serveTokens(bearer, careless);
    const { exitCode, stdout, stderr } = await runCli(['probe', url, ...own, '--json'], world);
    expect(exitCode).toBe(19);
    expect(JSON.parse(stderr).error.code).toBe('PROBE_FAILED');
    const ids = JSON.parse(stdout).findings.map(({ id }: { id: string }) => id);
    expect(ids).toContain('none/no-signature');
    expect(ids).toContain('signature/missing');
    expect(ids).not.toContain('time/expired-an-hour');
  });

  test('says at which level a service would fail that takes tokens for any audience', async () => {
    const careless = async (token: string) =>
      (await reportToken(token, { anyAudience: true }, { keys, now })).valid ? 200 : 401;
    const { url } = await serveTokens(bearer, careless);
    const { exitCode, stdout } = await runCli(['probe', url, ...own], world);
    expect(exitCode).toBe(0);
    const more = / (\d+) more wrong with --level should(?:, \d+ more wrong with --level all)?\n$/.exec(stdout)?.[1];
    const should = await runCli(['probe', url, ...own, '--level', 'should'], world);
    expect(should.exitCode).toBe(19);
    expect(should.stdout).toContain(`\n${more} of `);
    expect(should.stdout).toContain('audience/other');
    expect(should.stdout).not.toContain('--level should');
  });

  test('exits 19 if a good token is refused, and says so', async () => {
    const narrow = async (token: string) => (token.length > 500 ? 401 : strict(token));
    const { url } = await serveTokens(bearer, narrow);
    const { exitCode, stdout } = await runCli(['probe', url, ...own, '--level', 'should'], world);
    expect(exitCode).toBe(19);
    expect(stdout).toContain('not accepted (status 401): a claim has 4,000 characters');
  });

  test.each([
    [
      'cookie:session',
      'GET',
      ({ headers }: IncomingMessage) => decodeURIComponent(`${headers.cookie}`.replace('session=', '')),
    ],
    [
      'query:access_token',
      'GET',
      ({ url = '' }: IncomingMessage) => new URL(url, 'http://x').searchParams.get('access_token') ?? '',
    ],
    ['form:token', 'POST', (_: IncomingMessage, body: string) => new URLSearchParams(body).get('token') ?? ''],
    ['X-Token: {token}', 'GET', ({ headers }: IncomingMessage) => `${headers['x-token']}`],
  ])('sends tokens by %s', async (send, method, tokenIn) => {
    const { url, seen } = await serveTokens(tokenIn, strict);
    const { exitCode, stdout } = await runCli(['probe', url, ...own, '--send', send], world);
    expect(stdout).toMatch(/^0 of \d+ hostile tokens accepted/);
    expect(exitCode).toBe(0);
    expect(seen[0]?.method).toBe(method);
  });

  test('calls an answer unclear that neither accepts nor refuses, and --refused makes it clear', async () => {
    const { url } = await serveTokens(bearer, async (token) => ((await isGood(token)) ? 204 : 400));
    const unclear = await runCli(['probe', url, ...own], world);
    expect(unclear.exitCode).toBe(0);
    expect(unclear.stdout).toMatch(/\d+ answers unclear/);
    expect(unclear.stdout).toContain('unclear, status 400');
    const clear = await runCli(['probe', url, ...own, '--refused', '400,401', '--accepted', '204'], world);
    expect(clear.stdout).not.toContain('unclear');
  });

  test('stops with the reason if the good token does not pass', async () => {
    const { url, seen } = await serveTokens(bearer, async () => 403);
    const { exitCode, stderr } = await runCli(['probe', url, ...own], world);
    expect(exitCode).toBe(19);
    expect(stderr).toContain('refused the good token: status 403');
    expect(stderr).toContain('hint: check that the target trusts this key and expects these claims (--iss, ');
    expect(seen).toHaveLength(1);
  });

  test('sends no token to another machine without --remote', async () => {
    const { exitCode, stderr } = await runCli(['probe', 'https://api.example/me', ...own], world);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--remote says that the target is yours to test');
  });

  test('exits 3 if nobody listens, and shows no query of the URL', async () => {
    const { url } = await serveTokens(bearer, strict);
    servers.at(-1)?.close();
    const { exitCode, stderr } = await runCli(['probe', `${url}?code=hidden`, ...own], world);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('connection refused\nhint: nothing listens at this host and port');
    expect(stderr).not.toContain('hidden');
  });

  test('says that the file of a module is not there, and how to name one', async () => {
    const missing = await runCli(['probe', 'module:./missing.mjs', ...own], world);
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toMatch(/^error: cannot load module:.*missing\.mjs: no such file or folder\n$/);
    const bare = await runCli(['probe', fileWith('export default () => true', 'verify.mjs'), ...own], world);
    expect(bare.exitCode).toBe(2);
    expect(bare.stderr).toContain('did you mean module:FILE?');
  });

  test('follows no redirect, and reads no body', async () => {
    const elsewhere = await serveTokens(bearer, strict);
    let atOnce = 0;
    let most = 0;
    const server = createServer({ maxHeaderSize: 1_000_000 }, async (request, response) => {
      most = Math.max(most, ++atOnce);
      const isKnown = await isGood(bearer(request));
      response.writeHead(isKnown ? 200 : 302, { location: elsewhere.url }).end('token accepted');
      atOnce--;
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`;
    const { stdout } = await runCli(['probe', url, ...own, '--json'], world);
    expect(elsewhere.seen).toEqual([]);
    expect(most).toBe(1);
    expect(stdout).toContain('status 302');
    expect(stdout).not.toContain('token accepted');
  });

  test.each(['text', 'json', 'junit', 'sarif', 'github', 'markdown'])(
    'no report repeats a token, or the query of the URL: %s',
    async (format) => {
      const { url, seen } = await serveTokens(bearer, async () => 200);
      const { stdout, stderr } = await runCli(['probe', `${url}?code=hidden`, ...own, '--format', format], world);
      expect(seen[0]?.url).toContain('hidden');
      expect(stdout.length).toBeGreaterThan(1000);
      expect(stdout + stderr).not.toMatch(/hidden|eyJ[\w-]{10,}\.[\w-]{10,}/);
    },
  );

  test('forges tokens from one good token, without the key', async () => {
    const token = await stdoutOf(['issue', '--secret-env', 'S', '--aud', 'api', '--sub', 'user-123'], world);
    const { url, seen } = await serveTokens(bearer, strict);
    const given = { env: { ...world.env, TOKEN: token } };
    const { exitCode, stdout } = await runCli(['probe', url, '--token-env', 'TOKEN'], given);
    expect([exitCode, bearer({ headers: seen[0]?.headers } as IncomingMessage)]).toEqual([0, token]);
    expect(stdout).toMatch(/0 of \d\d+ hostile tokens accepted, 1 of 1 good tokens accepted/);
  });

  test('shows its progress on a terminal, and nothing in a pipe', async () => {
    const { url } = await serveTokens(bearer, strict);
    const shown = await runCli(['probe', url, ...own], { ...world, terminals: ['stderr'] });
    expect(shown.stderr).toContain(' tokens');
    expect(shown.stderr.endsWith('\r\x1b[K')).toBe(true);
    expect((await runCli(['probe', url, ...own], world)).stderr).toBe('');
  });

  test('keeps to --rate', { tags: 'slow' }, async () => {
    const { url, seen } = await serveTokens(bearer, async () => 200);
    const started = performance.now();
    await runCli(['probe', url, ...own, '--rate', '1000'], world);
    expect(performance.now() - started).toBeGreaterThan(seen.length - 1);
  });
});

describe('probe of code', () => {
  const verifier = (body: string) => `module:${fileWith(body, 'verify.mjs')}`;

  test('takes a module whose default export throws, or returns false, as its refusal', async () => {
    const careless = verifier(
      'export default (token) => { console.log(token); if (token.length > 1000) throw new Error("long"); return token.includes("ey"); };',
    );
    const { exitCode, stdout } = await runCli(['probe', careless, ...own, '--json'], world);
    expect(exitCode).toBe(19);
    const { cases } = JSON.parse(stdout);
    const messageOf = (id: string) => cases.find(({ name }: { name: string }) => name === id)?.message;
    expect(messageOf('none/no-signature')).toBe('accepted: it returned');
    expect(messageOf('segments/dots')).toBe('refused: it returned false');
    expect(messageOf('size/payload')).toBe('refused: long');
  });

  test('finds the hole of a verifier that demands the exact text of a number', async () => {
    const careless = verifier(
      `export default (token) => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString().includes('"n":100002348117421473');`,
    );
    const claim = ['--claim', 'n:=100002348117421473'];
    const token = await stdoutOf(['issue', '--secret-env', 'S', '--sub', 'x', ...claim], world);
    for (const source of [
      ['--token-file', fileWith(token)],
      [...own, ...claim],
    ]) {
      const { exitCode, stdout } = await runCli(['probe', careless, ...source], world);
      expect(exitCode).toBe(19);
      expect(stdout).toContain('none/other-sub');
    }
  });

  test.each([
    ['is not there', `module:${join(temporaryFolder(), 'none.mjs')}`],
    ['exports no function', verifier('export default 1;')],
    ['ends the process', verifier('process.exit(0);')],
  ])('refuses a module that %s', async (_what, target) => {
    const { exitCode, stderr } = await runCli(['probe', target, ...own], world);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('cannot load module:');
  });

  test.skipIf(process.platform === 'win32')(
    'reads the exit code of a command as its verdict',
    { tags: 'slow' },
    async () => {
      const token = await stdoutOf(['issue', '--secret-env', 'S', '--sub', 'x'], world);
      const given = { env: { ...world.env, TOKEN: token } };
      const accepting = await runCli(['probe', 'exec:cat >/dev/null', '--token-env', 'TOKEN'], given);
      expect(accepting.exitCode).toBe(19);
      const exact = `exec:test "$(cat)" = "$TOKEN"`;
      expect((await runCli(['probe', exact, '--token-env', 'TOKEN'], given)).exitCode).toBe(0);
      const missing = await runCli(['probe', 'exec:no-such-command-here', '--token-env', 'TOKEN'], given);
      expect(missing).toMatchObject({ exitCode: 3, stdout: '' });
      expect(missing.stderr).toMatch(
        /^error: cannot run exec:no-such-command-here: exit code 127, .*\nhint: name a program/,
      );
      const notExecutable = await runCli(['probe', `exec:${fileWith('')}`, '--token-env', 'TOKEN'], given);
      expect(notExecutable.stderr).toContain(': exit code 126, ');
      expect(notExecutable.exitCode).toBe(3);
    },
  );
});

describe('probe of a library', () => {
  test.each(['jsonwebtoken', 'jose'])(
    '%s: finds acceptances, and the options that close them',
    { tags: 'slow' },
    async (library) => {
      const args = ['probe', library, ...own, '--level', 'all', '--json'];
      const { exitCode, stdout } = await runCli(args, world);
      expect(exitCode).toBe(19);
      const findings = JSON.parse(stdout).findings as { id: string; help: string }[];
      const helpFor = (id: string) => findings.find((one) => one.id === id)?.help;
      expect(helpFor('audience/other')).toBe('the option {"audience":"api"} refuses it');
      expect(helpFor('type/refresh')).toBe('no option of the library refuses it');
      expect(findings.length).toBeGreaterThan(3);
      const closed = await runCli([...args, '--options', '{"audience":"api"}'], world);
      expect(closed.stdout).not.toContain('"audience/other","level":"error"');
      expect(JSON.parse(closed.stdout).findings.some(({ id }: { id: string }) => id === 'audience/other')).toBe(false);
    },
  );

  test('says its verdict once: numbers on stdout, what counts on stderr, and nothing with --quiet', {
    tags: 'slow',
  }, async () => {
    const args = ['probe', 'jsonwebtoken', ...own];
    const { exitCode, stdout, stderr } = await runCli(args, world);
    const [numbers = ''] = stdout.trimEnd().split('\n').slice(-1);
    expect(numbers).toMatch(/^\d+ of \d+ hostile tokens accepted/);
    expect(stderr).toMatch(/^error: \d+ wrong answers at level must\nhint: /);
    expect((await runCli(args, { ...world, terminals: ['stdout'] })).stderr).toBe('');
    const junit = join(temporaryFolder(), 'junit.xml');
    const quiet = await runCli([...args, '-q', '--report', junit], world);
    expect(quiet).toEqual({ exitCode, stdout: '', stderr: '' });
    expect(textOf(junit)).toContain('<testsuites name="jwtkit probe"');
  });

  test('writes reports in other forms beside the output', { tags: 'slow' }, async () => {
    const [junit, sarif] = ['junit.xml', 'probe.sarif'].map((name) => join(temporaryFolder(), name)) as [
      string,
      string,
    ];
    const reports = ['--report', junit, '--report', sarif];
    await runCli(['probe', 'jsonwebtoken', ...own, ...reports], world);
    expect(textOf(junit)).toContain('<testsuite name="probe crit"');
    const { runs } = JSON.parse(textOf(sarif));
    expect(runs[0].results.length).toBeGreaterThan(3);
  });
});

test.each([
  ['an unknown target', ['nonsense'], '"nonsense" is no target'],
  ['an address that is no URL', ['localhost:8000'], 'did you mean http://localhost:8000? A target is'],
  ['options for a URL', ['http://127.0.0.1:1/', '--options', '{}'], '--options is for jsonwebtoken and jose'],
  ['options that are no JSON', ['jose', '--options', 'x'], '--options is no JSON object'],
  [
    'a place that is none',
    ['http://127.0.0.1:1/', '--send', 'nowhere'],
    '--send: "nowhere" does not say where the token goes',
  ],
  ['codes that are none', ['http://127.0.0.1:1/', '--accepted', '2xx'], 'is no status code'],
  ['HTTP options for a library', ['jose', '--remote'], '--remote is for a URL'],
  ['a rate of none', ['jose', '--rate', '0'], 'is not a number from 1 to 1000'],
  ['a form with --quiet', ['jose', '-q', '--format', 'junit'], '--quiet and --format exclude each other'],
  ['an empty command', ['exec: '], 'exec: names no command'],
])('probe refuses %s', async (_what, args, problem) => {
  const { exitCode, stderr } = await runCli(['probe', ...args, ...own], world);
  expect(stderr).toContain(problem);
  expect(exitCode).toBe(2);
});

test.each([
  ...['--key', '--key-env', '--secret-file', '--secret-env', '--keyring', '--kid', '--alg', '--iss', '--aud'],
  ...['--sub', '--typ', '--claim', '--ttl', '--at'],
])('probe refuses %s beside a token, which it would not use', async (flag) => {
  const args = ['probe', 'http://127.0.0.1:1/', '--token-env', 'T', flag, 'x=y'];
  const { exitCode, stderr } = await runCli(args, { env: { T: 'a.b.c' } });
  expect([exitCode, stderr]).toEqual([2, `error: --token-env and ${flag} exclude each other\n`]);
});
