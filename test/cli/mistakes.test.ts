/** Words of other tools, and options of other places, get a hint that names the right one. */
import { describe, expect, test } from 'vitest';
import { hintForCommand, hintForOption } from '../../src/cli/grammar/other-tools.js';
import { makeKeyring, runCli, secret, unsigned } from './fake-io.js';

test.each([
  ['issue --sub x --exp 1h', '--ttl'],
  ['issue --sub x --expires 1h', '--ttl'],
  ['issue --sub x --expiresAt 1h', '--ttl'],
  ['issue --sub x --expires_at=1h', '--ttl'],
  ['verify a.b.c --secret x', '--secret-file'],
  ['issue --sub x --secret=x', '--secret-env'],
  ['issue --sub x --hmac-secret x', '--secret-file'],
  ['decode a.b.c --secret x', '--secret-file'],
  ['verify a.b.c --pub k.pem', '--key'],
  ['verify a.b.c --public-key k.pem', '--key'],
  ['verify a.b.c --cert k.pem', '--key'],
  ['verify a.b.c --publicKey k.pem', '--key'],
  ['issue --sub x --private-key k.pem', '--key'],
  ['issue --sub x --privkey k.pem', '--key'],
  ['verify a.b.c --ignore-exp', '--at'],
  ['verify a.b.c --ignore-exp', 'inspect'],
  ['verify a.b.c --ignore-expiration', '--at'],
  ['verify a.b.c --ignoreExpiration', 'inspect'],
  ['verify a.b.c --no-verify', 'decode'],
  ['verify a.b.c --insecure', 'decode'],
  ['verify a.b.c --clock-tolerance 5', '--leeway'],
  ['verify a.b.c --clock-skew 5', '--leeway'],
  ['verify a.b.c --jwks-uri https://x.example', '--jwks'],
  ['verify a.b.c --well-known https://x.example', '--issuer-url'],
  ['verify a.b.c --now 5', '--at'],
  ['verify a.b.c --algo HS256', '--alg'],
  ['issue --payload x', '--claim'],
  ['issue --sub x --not-before 5m', '--nbf'],
  ['issue --sub x --key-id k', '--kid'],
  ['issue --sub x --output o', '--out'],
  ['inspect a.b.c --silent', '--quiet'],
  ['keys export k --pass x', '--passphrase-file'],
  ['users add bob --sub b --password x', '--password-file'],
  ['keygen --size 4096', '--bits'],
  ['keygen --curve P-256', '--crv'],
  ['serve --listen 0.0.0.0', '--host'],
  ['keygen --out key.pem', '--private'],
  ['keygen --public-key key.pem', '--public'],
  ['keygen --type rsa', '--alg'],
  ['verify a.b.c --ignore-aud', '--any-aud'],
  ['verify a.b.c --no-exp', '--allow-no-exp'],
  ['decode a.b.c --format json', '--json'],
  ['decode a.b.c --verify', 'jwtkit verify'],
  ['keys import k --name x', '--kid'],
  ['keys export k --public-key', '--key'],
])('jwtkit %s: the hint names %s', async (line, hint) => {
  const args = line.split(' ');
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  const path = args.slice(0, args[0] === 'keys' || args[0] === 'users' ? 2 : 1).join(' ');
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
  expect(stderr).toContain(`run: jwtkit ${path} --help`);
});

test.each([
  ['sign', 'issue'],
  ['encode', 'issue'],
  ['create', 'issue'],
  ['generate', 'issue'],
  ['check', 'verify'],
  ['validate', 'verify'],
  ['parse', 'decode'],
  ['print', 'decode'],
  ['show', 'decode'],
  ['show', 'list'],
  ['genkey', 'keygen'],
  ['generate-key', 'keygen'],
  ['keypair', 'keygen'],
  ['login', 'serve'],
  ['rm', 'remove'],
  ['delete', 'remove'],
  ['ls', 'list'],
  ['rotate', 'keys rotate'],
  ['SIGN', 'issue'],
  ['keys rm', 'remove'],
  ['keys del', 'remove'],
  ['keys show', 'list'],
  ['keys ls', 'list'],
  ['keys generate', 'keygen'],
  ['users delete', 'remove'],
  ['users create', 'add'],
  ['clients ls', 'list'],
  ['clients delete', 'remove'],
  ['help sign', 'issue'],
  ['help keys rm', 'remove'],
])('jwtkit %s: the hint names %s', async (line, hint) => {
  const { exitCode, stdout, stderr } = await runCli(line.split(' '));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^error: unknown command /);
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
});

test.each([
  [['verify', 'a.b.c', '--secret', 'hush']],
  [['verify', 'a.b.c', '--secret=hush']],
  [['verify', '--password=hush', 'a.b.c']],
  [['verify', '--frobnicate', 'hush', 'a.b.c']],
  [['verify', '-Shush', 'a.b.c']],
  [['--secret', 'hush', 'verify', 'a.b.c']],
  [['--secret=hush', 'verify', 'a.b.c']],
  [['--json', '--secret=hush', 'verify', 'a.b.c']],
  [['keys', '--secret=hush', 'list']],
  [['keys', 'list', '--secret', 'hush']],
])('%j: the error does not repeat the value', async (args) => {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).not.toContain('hush');
});

test('the word constructor gets no hint', () => {
  expect(hintForCommand('constructor', [])).toBeUndefined();
  expect(hintForCommand('sign', ['constructor'])).toBeUndefined();
  expect(hintForOption('--constructor', { options: [], name: () => '' } as never)).toBeUndefined();
});

test.each(['TOKEN_EXPIRED', 'token_expired', 'LINT_FINDINGS', '16', '2', '0'])(
  '%s names the page of its code',
  async (code) => {
    for (const args of [['help', code], [code], ['--json', code]]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('error codes and exit codes: jwtkit help exit-codes');
    }
  },
);

test.each(['99', 'TOKEN_', 'constructor'])('the word %s is no code', async (word) => {
  expect((await runCli(['help', word])).stderr).not.toContain('exit-codes');
});

test.each([
  ['issue alice', '--sub ID'],
  ['keygen ES256', '--alg ES256'],
  ['keygen es256 --kid k1', '--alg ES256'],
  ['decode a.b.c sub', '--claim NAME'],
])('jwtkit %s: an argument too many gets the hint %s', async (line, hint) => {
  const args = line.split(' ');
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(`hint: did you mean ${hint}? or run: jwtkit ${args[0]} --help\n`);
});

test.each([
  ['keygen', 'hush'],
  ['issue', unsigned({ sub: 'a' })],
  ['decode', 'a.b.c', unsigned({ sub: 'a' })],
])('%s %s: an argument that no option takes gets no such hint, and is not repeated', async (...args) => {
  const { exitCode, stderr } = await runCli(args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`\nhint: run: jwtkit ${args[0]} --help\n`);
  expect(stderr).not.toContain(args.at(-1));
});

describe('a token that an option took as its value', () => {
  const token = unsigned({ sub: 'a' });
  const env = { S: secret };
  const hint = (flag: string) =>
    `hint: the value of ${flag} looks like a token: give ${flag} its own value, and pass the token after it\n`;

  test.each([
    [['verify', '--secret-env', 'S', '--aud', token], '--aud'],
    [['verify', '--secret-env', 'S', `--aud=${token}`], '--aud'],
    [['verify', '--secret-env', 'S', '--require', token, '--json'], '--require'],
    [['decode', '--claim', token], '--claim'],
  ])('%j: the hint names %s', async (args, flag) => {
    for (const terminals of [['stdin'], []] as const) {
      const { exitCode, stdout, stderr } = await runCli(args, { env, terminals });
      expect(exitCode).toBe(terminals.length > 0 ? 2 : 11);
      expect(stdout + stderr).not.toContain(token);
      expect(args.includes('--json') ? `hint: ${JSON.parse(stderr).error.hint}\n` : stderr).toContain(hint(flag));
    }
  });

  test('the report of verify names the option, too', async () => {
    const args = ['verify', '--secret-env', 'S', '--aud', token];
    const { stdout } = await runCli(args, { env, terminals: ['stdout', 'stderr'], columns: 200 });
    expect(stdout).toContain('the value of --aud looks like a token');
  });

  test('a quiet run says nothing but the mistake in the command line', async () => {
    const args = ['verify', '--secret-env', 'S', '-q', '--aud', token];
    expect(await runCli(args, { env })).toEqual({ exitCode: 11, stdout: '', stderr: '' });
    expect((await runCli(args, { env, terminals: ['stdin'] })).stderr).toContain(hint('--aud'));
  });
});

test.each([
  ['decode help', 11, 'decode'],
  ['inspect help --json', 11, 'inspect'],
  ['--no-color verify help', 3, 'verify'],
  ['issue help', 2, 'issue'],
  ['keys export help', 3, 'keys export'],
])('jwtkit %s: the hint is to ask for help by --help', async (line, exitCode, command) => {
  const result = await runCli(line.split(' '));
  expect(result).toMatchObject({ exitCode, stdout: '' });
  expect(result.stderr).toContain(`for help, run: jwtkit ${command} --help`);
});

test('the report of verify says how to ask for help', async () => {
  const world = { env: { S: secret }, terminals: ['stdout', 'stderr'] } as const;
  expect((await runCli(['verify', 'help', '--secret-env', 'S'], world)).stdout).toContain('for help, write --help');
});

test('a value that is the word help gets no such hint', async () => {
  const keyring = await makeKeyring();
  const { exitCode, stderr } = await runCli(['verify', 'a.b.c', '--aud', 'help', '--keyring', keyring]);
  expect({ exitCode, isHelp: stderr.includes('--help') }).toEqual({ exitCode: 11, isHelp: false });
});
