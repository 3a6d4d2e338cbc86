/** What hides tokens in the log of GitHub Actions. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { privateKeys, publicPem } from '../../attacks/trusted-keys.js';
import { type FakeWorld, fileWith, makeKeyring, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const inActions = { GITHUB_ACTIONS: 'true' };
let keyring = '';
let refresh = '';
let recipient = '';
beforeAll(async () => {
  keyring = await makeKeyring();
  refresh = await stdoutOf(['issue', '--sub', 'a', '--type', 'refresh', '--keyring', keyring]);
  recipient = fileWith(publicPem('rsa'));
});

/** The runner's reading of stderr: a command begins a line, and its value is unescaped. Returns the values, and other lines. */
function readMasks(stderr: string) {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const masks = lines.flatMap((line) => /^::add-mask::(.*)$/.exec(line)?.[1] ?? []);
  return { masks: masks.map((mask) => mask.replaceAll('%25', '%')), others: lines.filter((line) => !/^::/.test(line)) };
}

const own = () => ['--keyring', keyring];

describe('in a job of GitHub Actions', () => {
  test('issue masks the token on stderr, and stdout holds the token alone', async () => {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--sub', 'a', ...own()], { env: inActions });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).toBe(`::add-mask::${stdout}`);
  });

  test('the mask comes before the token', async () => {
    const order: string[] = [];
    const onWrite = (name: string) => order.push(name);
    await runCli(['issue', '--sub', 'a', ...own()], { env: inActions, onWrite });
    expect(order).toEqual(['stderr', 'stdout']);
  });

  test('issue --pair and refresh --rotate mask both tokens, --json the token', async () => {
    const pair = await runCli(['issue', '--sub', 'a', '--pair', ...own()], { env: inActions });
    const made = JSON.parse(pair.stdout);
    expect(readMasks(pair.stderr).masks).toEqual([made.access_token, made.refresh_token]);
    const rotated = await runCli(['refresh', made.refresh_token, '--rotate', ...own()], { env: inActions });
    const next = JSON.parse(rotated.stdout);
    expect(readMasks(rotated.stderr)).toEqual({ masks: [next.access_token, next.refresh_token], others: [] });
    const json = await runCli(['issue', '--sub', 'a', '--json', ...own()], { env: inActions });
    expect(readMasks(json.stderr)).toEqual({ masks: [JSON.parse(json.stdout).token], others: [] });
  });

  test('refresh and encrypt mask what they print, issue also what goes to a file', async () => {
    const fresh = await runCli(['refresh', refresh, ...own()], { env: inActions });
    expect(readMasks(fresh.stderr).masks).toEqual([fresh.stdout.trim()]);
    const encrypted = await runCli(['encrypt', fileWith('text'), '--key', recipient], { env: inActions });
    expect(readMasks(encrypted.stderr).masks).toEqual([encrypted.stdout.trim()]);
    const out = join(temporaryFolder(), 'token.jwt');
    const written = await runCli(['issue', '--sub', 'a', '--out', out, ...own()], { env: inActions });
    expect(readMasks(written.stderr)).toEqual({ masks: [textOf(out).trim()], others: [`wrote ${out}`] });
  });

  test('decrypt masks the lines of content that is no UTF-8', async () => {
    const content = Buffer.from('first secret\np\xe4ss\0word\nthird %41 secret\n', 'latin1');
    const encrypted = await stdoutOf(['encrypt', fileWith(content), '--key', recipient]);
    const key = fileWith(privateKeys.rsa.export({ format: 'pem', type: 'pkcs8' }));
    const { exitCode, stderr } = await runCli(['decrypt', encrypted.trim(), '--key', key], { env: inActions });
    expect(exitCode).toBe(0);
    const lines = content.toString().trim().split('\n');
    // The fake stderr holds each byte as one character.
    const masks = readMasks(Buffer.from(stderr, 'latin1').toString()).masks;
    expect(masks).toEqual(expect.arrayContaining(lines));
  });

  test('--no-mask masks nothing, --mask does the same as neither', async () => {
    expect((await runCli(['issue', '--no-mask', ...own()], { env: inActions })).stderr).toBe('');
    const { stdout, stderr } = await runCli(['issue', '--mask', ...own()], { env: inActions });
    expect(stderr).toBe(`::add-mask::${stdout}`);
  });

  describe('a batch', () => {
    const lines = (count: number) => '{"sub":"a"}\n'.repeat(count);

    test.each<[string, string[]]>([
      ['tokens', []],
      ['tokens as JSON', ['--json']],
      ['pairs', ['--pair']],
      ['pairs as JSON', ['--pair', '--json']],
    ])('masks each of its %s once, before its line', async (_, args) => {
      const order: string[] = [];
      const world = { env: inActions, stdin: lines(3), onWrite: (name: string) => order.push(name) };
      const { stdout, stderr } = await runCli(['issue', '--batch', ...args, ...own()], world);
      const tokens = stdout.match(/[\w-]+\.[\w-]+\.[\w-]+/g);
      expect(tokens).toHaveLength(args.includes('--pair') ? 6 : 3);
      expect(readMasks(stderr).masks).toEqual(tokens);
      expect(order.slice(0, 2)).toEqual(['stderr', 'stdout']);
    });

    test('masks what encrypt prints, and decrypt, but no error', async () => {
      const ring = await makeKeyring();
      await stdoutOf(['keygen', '--use', 'enc', '--keyring', ring]);
      const world = { env: inActions, stdin: 'first secret\n\nsecond secret\n' };
      const encrypted = await runCli(['encrypt', '--batch', '--keyring', ring], world);
      expect(readMasks(encrypted.stderr).masks).toEqual(encrypted.stdout.split('\n').filter((line) => line !== ''));
      for (const args of [[], ['--json']]) {
        const stdin = `${encrypted.stdout}no token\n`;
        const { exitCode, stderr } = await runCli(['decrypt', '--batch', '--keyring', ring, ...args], {
          env: inActions,
          stdin,
        });
        expect([exitCode, readMasks(stderr).masks]).toEqual([10, ['first secret', 'second secret']]);
      }
      const json = ['encrypt', '--batch', '--serialization', 'flattened', '--keyring', ring];
      const flattened = await runCli(json, world);
      expect(readMasks(flattened.stderr).masks).toEqual(flattened.stdout.split('\n').filter((line) => line !== ''));
    });

    test('masks a thousand tokens at most, and says so once', async () => {
      const { exitCode, stdout, stderr } = await runCli(['issue', '--batch', ...own()], {
        env: inActions,
        stdin: lines(1200),
      });
      const { masks, others } = readMasks(stderr);
      expect([exitCode, stdout.split('\n').length]).toEqual([0, 1201]);
      expect(masks).toEqual(stdout.split('\n').slice(0, 1000));
      expect(others).toEqual([
        'note: only the first 1000 secrets of at most 65536 characters are masked: write the output to a file',
        '1200 issued',
      ]);
    });

    test('masks nothing with --no-mask, for verify, or elsewhere', async () => {
      const args = ['issue', '--batch', ...own()];
      const stdin = lines(2);
      const off = await runCli([...args, '--no-mask'], { env: inActions, stdin });
      expect(off.stderr).toBe('2 issued\n');
      expect((await runCli(args, { stdin })).stderr).toBe('2 issued\n');
      const verified = await runCli(['verify', '--batch', ...own()], { env: inActions, stdin: off.stdout });
      expect(verified.stderr).toBe('2 valid\n');
    });
  });
});

describe('what other commands print as a secret', () => {
  const secretsIn = async (args: readonly string[], world: FakeWorld = {}) => {
    const { exitCode, stdout, stderr } = await runCli(args, { env: inActions, ...world });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).not.toContain('::');
    return { stdout, masks: readMasks(stderr).masks };
  };
  let ring = '';
  let content = (_: string): Promise<string> => Promise.reject(new Error('not begun'));
  beforeAll(async () => {
    ring = await makeKeyring();
    await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', '--keyring', ring]);
    content = (text) => stdoutOf(['encrypt', '-', '--keyring', ring], { stdin: text });
  });

  test('the secret of a client, once made, but not one that was given', async () => {
    const folder = ['--keyring', join(temporaryFolder(), 'ring')];
    const added = await secretsIn(['clients', 'add', 'one', ...folder]);
    expect(added.masks).toEqual([/^client_secret=(.+)$/m.exec(added.stdout)?.[1]]);
    const json = await secretsIn(['clients', 'add', 'two', '--json', ...folder]);
    expect(json.masks).toEqual([JSON.parse(json.stdout).client_secret]);
    const rotated = await secretsIn(['clients', 'rotate', 'one', ...folder]);
    expect(rotated.masks).toEqual([/^client_secret=(.+)$/m.exec(rotated.stdout)?.[1]]);
    const env = { ...inActions, S: 'given-secret-of-thirty-two-characters' };
    expect((await secretsIn(['clients', 'add', 'three', '--secret-env', 'S', ...folder], { env })).masks).toEqual([]);
    expect((await secretsIn(['clients', 'add', 'four', '--no-mask', ...folder])).masks).toEqual([]);
  });

  test.each([
    ['keygen', () => ['keygen', '--alg', 'ES256', '--private', '-']],
    ['keygen --use enc', () => ['keygen', '--use', 'enc', '--private', '-']],
    ['keys export', () => ['keys', 'export', 'k1', '--private-half', '--keyring', ring]],
    ['keys export of a key for encryption', () => ['keys', 'export', 'e1', '--private-half', '--keyring', ring]],
    ['keys convert', () => ['keys', 'convert', join(ring, 'k1.pem')]],
  ])('%s: each line of the private key, without its labels', async (_, args) => {
    const { stdout, masks } = await secretsIn(args());
    const [, body = ''] = /-----BEGIN PRIVATE KEY-----\n([^-]+)\n-----END/.exec(stdout) ?? [];
    expect(masks).toEqual(body.split('\n'));
    expect(masks.length).toBeGreaterThan(1);
  });

  test.each([
    ['keygen', () => ['keygen', '--alg', 'ES256', '--private', '-', '--format', 'jwk']],
    ['keys export', () => ['keys', 'export', 'k1', '--private-half', '--format', 'jwk', '--keyring', ring]],
    ['keys convert to a set', () => ['keys', 'convert', join(ring, 'k1.pem'), '--format', 'jwks']],
  ])('%s: of a JWK the private members', async (_, args) => {
    const { stdout, masks } = await secretsIn(args());
    expect(masks).toEqual([/"d": "(.+)"/.exec(stdout)?.[1]]);
  });

  test('keygen: a shared secret; public keys and what goes to a file are not masked', async () => {
    const { stdout, masks } = await secretsIn(['keygen', '--alg', 'HS256', '--private', '-']);
    expect(masks).toEqual([stdout.trim()]);
    const file = join(temporaryFolder(), 'a.pem');
    for (const args of [
      ['keygen', '--alg', 'ES256', '--private', file],
      ['keys', 'export', 'k1', '--keyring', ring],
      ['keys', 'export', 'k1', '--private-half', '--out', `${file}.copy`, '--keyring', ring],
      ['keys', 'jwks', '--keyring', ring],
    ])
      expect((await secretsIn(args)).masks, args.join(' ')).toEqual([]);
    const der = ['keys', 'export', 'k1', '--private-half', '--format', 'der', '--json', '--keyring', ring];
    const printed = await secretsIn(der);
    expect(printed.masks).toEqual([JSON.parse(printed.stdout).key]);
  });

  test.each<[string, string, string[], string[]]>([
    ['a line', 'the password is 100%\n', [], ['the password is 100%']],
    ['lines, without those that are too short to hide', 'first\r\n{\n  second\n}\n', [], ['first', 'second']],
    ['JSON', 'first\nsecond', ['--json'], ['first', 'second']],
    ['a claim', '{"sub":"user-123","pin":1234}', ['--claim', 'pin'], ['1234']],
    ['a JWK', '{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}', [], ['c2VjcmV0LXNlY3JldA']],
    ...[
      '{"kty":"oct","k":"c2VjcmV0LXNlY3JldA","password":"hunter2"}',
      '{"kty":"oct","k":"a"}',
      '{"kty":"oct","d":["hunter2"]}',
      '{"keys":[{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}],"password":"hunter2"}',
      '{"keys":[null,{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}]}',
      // Anybody can encrypt to a public key: a member with a line end made a command of its own.
      String.raw`{"kty":"oct","k":"aaaa\nbbbb-a-command"}`,
      String.raw`{"kty":"oct","k":"c2VjcmV0LXNlY3J\u006cdA"}`,
      '{"kty":"oct","k":"c2VjcmV0LXNlY3JldA","k":"decoy-decoy"}',
    ].map((text): [string, string, string[], string[]] => ['claims that look like a JWK', text, [], [text]]),
    [
      'text that JSON shows with escapes of its own',
      '{"name":"##[x]","pin":1234}',
      ['--json'],
      ['{"name":"##[x]","pin":1234}', String.raw`{\"name\":\"\u0023#[x]\",\"pin\":1234}`],
    ],
  ])('decrypt: %s', async (_, text, args, expected) => {
    const { masks } = await secretsIn(['decrypt', await content(text), '--keyring', ring, ...args]);
    expect(masks).toEqual(expected);
  });

  test('fixtures: the good tokens, which a service takes that trusts the key', async () => {
    const { stdout, masks } = await secretsIn(['fixtures', '--format', 'ndjson', '--keyring', ring]);
    const fixtures = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const good = fixtures.filter(({ expect: wanted }) => wanted === 'accept').map(({ token }) => token);
    expect(masks).toEqual(good);
    expect(good.length).toBeGreaterThan(10);
  });
});

describe('elsewhere', () => {
  test.each([{}, { GITHUB_ACTIONS: 'false' }, { GITLAB_CI: 'true', CI: 'true' }])(
    'nothing is masked: %j',
    async (env) => {
      expect((await runCli(['issue', ...own()], { env: env as Record<string, string> })).stderr).toBe('');
    },
  );

  test.each([
    ['issue', () => ['issue', ...own()]],
    ['refresh', () => ['refresh', refresh, '--rotate', ...own()]],
    ['encrypt', () => ['encrypt', fileWith('text'), '--key', recipient]],
    ['decrypt', () => ['decrypt', 'a.b.c.d.e', '--key', recipient]],
    ['clients add', () => ['clients', 'add', 'one', ...own()]],
    ['clients rotate', () => ['clients', 'rotate', 'one', ...own()]],
    ['keygen', () => ['keygen', '--private', '-']],
    ['keygen --use enc', () => ['keygen', '--use', 'enc', '--private', '-']],
    ['keys export', () => ['keys', 'export', 'k1', '--private-half', ...own()]],
    ['keys convert', () => ['keys', 'convert', join(keyring, 'k1.pem')]],
    ['fixtures', () => ['fixtures', '--format', 'ndjson', ...own()]],
  ])('%s refuses --mask, which would show the token in the log, before it makes one', async (_command, args) => {
    const { exitCode, stdout, stderr } = await runCli([...args(), '--mask'], { env: { GITLAB_CI: 'true' } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      'error: --mask works only in GitHub Actions; elsewhere the log would show the secret\n' +
        'hint: keep the secret out of the log: in a variable, or in a file\n',
    );
  });

  test('a refused --mask uses up no refresh token', async () => {
    await runCli(['refresh', refresh, '--rotate', '--mask', ...own()]);
    expect((await runCli(['refresh', refresh, '--rotate', ...own()])).exitCode).toBe(0);
  });
});
