/** What `serve` shows a person: notes at its start, the demo, and log lines on a terminal. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logAsText } from '../../../src/cli/commands/service/log-text.js';
import { painterFor } from '../../../src/cli/terminal/colour.js';
import { type FakeWorld, makeKeyring, runCli } from '../fake-io.js';
import { writeAccounts } from '../served.js';

/** Runs a service in process, and ends it after `use`. */
function serve(
  args: readonly string[],
  world: FakeWorld = {},
  use: (url: string) => Promise<unknown> = async () => {},
) {
  let stop = () => {};
  return runCli(['serve', '--port', '0', ...args], {
    ...world,
    onStop: (action) => {
      stop = action;
    },
    onWrite: (name, bytes) => {
      const [, url] = /listening on (http[^\s"]+)/.exec(Buffer.from(bytes).toString()) ?? [];
      if (name === 'stderr' && url !== undefined) void use(url).finally(() => stop());
    },
  });
}

const askAll = async (url: string) => {
  await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'alice', password: 'wonderland' }),
  });
  await fetch(`${url}/users/me`, { headers: { authorization: 'Bearer no-token' } });
};

describe('the notes at the start of serve', () => {
  const noAudience =
    'note: without --aud access tokens name no audience, so other verifiers cannot tell whom a token is for';

  test('say that nobody can log in without users, and with an empty list of users', { tags: 'slow' }, async () => {
    const keyring = await makeKeyring();
    const nobody = `note: nobody can log in: ${keyring} has no users; add one with: jwtkit users add NAME --sub ID\n`;
    expect((await serve(['--keyring', keyring])).stderr).toContain(nobody);
    writeAccounts(keyring, [], []);
    expect((await serve(['--keyring', keyring])).stderr).toContain(nobody);
    writeFileSync(join(keyring, 'users.json'), '{"users":[]}');
    writeAccounts(keyring, []);
    expect((await serve(['--keyring', keyring])).stderr).not.toContain('log in');
  });

  test.each(['localhost', '127.0.0.1', '[::1]'])('say nothing of plain HTTP to %s, this machine', async (host) => {
    const { stderr } = await serve(['--keyring', await makeKeyring(), '--issuer-url', `http://${host}:8000`]);
    expect(stderr).toContain('listening on');
    expect(stderr).not.toContain('plain HTTP');
  });

  test('say what follows from no --aud, unless --any-aud or the policy settles it', async () => {
    const keyring = await makeKeyring();
    writeAccounts(keyring);
    const named = ['--keyring', keyring];
    const [first, last] = (await serve(named)).stderr.split('\n');
    expect([first, last]).toEqual([noAudience, expect.stringMatching(/^listening on http/)]);
    expect((await serve([...named, '--aud', 'api'])).stderr).toMatch(/^listening on \S+\n$/);
    expect((await serve([...named, '--any-aud'])).stderr).toMatch(/^listening on \S+\n$/);
  });
});

describe('serve --demo', () => {
  test('prints a URL to open and credentials, and no line over 80 columns', async () => {
    const { stderr } = await serve(['--demo']);
    expect(stderr).toMatch(/^ {2}open +http:\/\/127\.0\.0\.1:\d+\/docs$/m);
    expect(stderr).toMatch(/^ {2}user +alice, password wonderland$/m);
    expect(stderr).toMatch(/^ {2}client +client-demo, secret down-the-rabbit-hole$/m);
    expect(stderr.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stderr).not.toContain('note:');
  });

  test('prints a command to verify that fits its audience and its issuer', async () => {
    expect((await serve(['--demo'])).stderr).toContain('jwtkit verify "$TOKEN" --issuer-url $URL --no-cache\n');
    const { stderr } = await serve(['--demo', '--aud', 'my api', '--issuer-url', 'https://auth.example']);
    expect(stderr).toContain(`jwtkit verify "$TOKEN" --jwks $URL/.well-known/jwks.json --aud 'my api' --no-cache\n`);
  });

  test('says what to do in a container instead of --host', async () => {
    const { exitCode, stderr } = await runCli(['serve', '--demo', '--host', '0.0.0.0']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^hint: in a container, pass --demo without --host .*--network host.*serve --host 0\.0\.0\.0$/m,
    );
  });
});

describe('the log of serve', () => {
  const isJson = (text: string) => {
    const lines = text.trimEnd().split('\n');
    return lines.length > 1 && lines.every((line) => line.startsWith('{"level"'));
  };

  test('is text on a terminal and JSON elsewhere; --log-format forces either', { tags: 'slow' }, async () => {
    const onTerminal = { terminals: ['stdout'] } as const;
    const logOf = async (args: readonly string[], world: FakeWorld) =>
      (await serve(['--demo', ...args], world, askAll)).stdout;
    const text = await logOf([], onTerminal);
    expect(text).toMatch(/^\S+Z\S* {2}\S*issued \S* {2}password {2}sub=user-123 scope="read write"$/m);
    expect(isJson(await logOf([], {}))).toBe(true);
    expect(isJson(await logOf(['--log-format', 'json'], onTerminal))).toBe(true);
    expect(isJson(await logOf(['--json'], onTerminal))).toBe(true);
    expect(isJson(await logOf(['--log-format', 'text'], {}))).toBe(false);
    expect(isJson(await logOf([], { env: { JWTKIT_LOG_FORMAT: 'text' } }))).toBe(false);
  });

  test('has colours on a terminal, unless NO_COLOR or --no-color says otherwise', { tags: 'slow' }, async () => {
    const hasColours = async (args: readonly string[], env = {}) =>
      (await serve(['--demo', ...args], { terminals: ['stdout'], env }, askAll)).stdout.includes('\x1b[');
    expect(await hasColours([])).toBe(true);
    expect(await hasColours([], { NO_COLOR: '1' })).toBe(false);
    expect(await hasColours(['--no-color'])).toBe(false);
  });
});

describe('a log line as text', async () => {
  const show = logAsText(await painterFor({ isTerminal: false, write() {}, writeLines: async () => {} }, 'never', {}));
  const time = '2026-11-23T12:00:01.234Z';
  const shownAs = (members: object) => show(`${JSON.stringify({ level: 30, time, reqId: 'r-1', ...members })}\n`);

  test.each<[string, object, string]>([
    [
      'of a request',
      { method: 'GET', path: '/users/me', status: 401, ms: 1.26, ip: '192.0.2.1', msg: 'request' },
      '12:00:01Z  401      GET /users/me  1.3 ms  192.0.2.1\n',
    ],
    [
      'of tokens that were issued',
      {
        audit: 'issue',
        grant: 'password',
        sub: 'user 1',
        jti: 'j',
        family: 'f',
        kid: 'k',
        scope: 'a b',
        msg: 'issued',
      },
      '12:00:01Z  issued   password  sub="user 1" scope="a b"\n',
    ],
    [
      'of a refusal',
      {
        reason: 'TOKEN_EXPIRED',
        status: 401,
        path: '/auth',
        ip: '::1',
        unverified: { jti: 'j', sub: 'eve' },
        msg: 'refused',
      },
      '12:00:01Z  refused  TOKEN_EXPIRED  path=/auth unverified_sub=eve\n',
    ],
    [
      'of a revocation',
      { audit: 'revoke', client_id: 'c', sub: 'u', msg: 'revoked' },
      '12:00:01Z  revoked  client_id=c sub=u\n',
    ],
    [
      'of a failure, with its stack',
      {
        level: 50,
        reason: 'INTERNAL',
        path: '/auth',
        err: { type: 'Error', message: 'no', stack: 'Error: no\n  at a' },
        msg: 'failed',
      },
      '12:00:01Z  failed   INTERNAL  path=/auth\n    Error: no\n      at a\n',
    ],
    ['of lost lines', { level: 40, lines: 3, msg: 'log lines lost' }, '12:00:01Z  log lines lost  lines=3\n'],
    ['that repeats where the service listens', { msg: 'Server listening at http://127.0.0.1:1' }, ''],
  ])('%s', (_what, members, text) => {
    expect(shownAs(members)).toBe(text);
  });

  test('neither moves the cursor nor forges another line', () => {
    const hostile = '/\u001b[2J\r\n12:00:01Z  issued';
    const lines = [
      shownAs({ method: 'GET', path: hostile, status: 404, ms: 1, ip: '::1', msg: 'request' }),
      shownAs({ reason: 'x', path: '/', unverified: { sub: hostile }, [hostile]: 1, msg: 'refused' }),
      shownAs({ err: { message: hostile, stack: undefined }, msg: hostile }),
    ];
    for (const line of lines) {
      for (const control of ['\x1b', '\r']) expect(line).not.toContain(control);
      expect(line).toContain('\\u001b');
      expect(line).not.toMatch(/^12:00:01Z {2}issued/m);
    }
  });
});
